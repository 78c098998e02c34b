"""The cache, with real processes beside each other, killed ones, and folders that are read-only."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import torch

from hitclr.errors import InputError, OutputError
from hitclr.events import EventStore
from hitclr.io.feeding import Cache, cache_folder, clear, fingerprint, list_entries
from hitclr.io.feeding.entries import entry_lock
from hitclr.io.feeding.npy import NpyWriter
from hitclr.testing import make_events

KEY = fingerprint({"events": "some"})
OTHER = fingerprint({"events": "other"})
FEATURES = ("charge", "time")


def make_store(counts=(3, 0, 2)):
    batch = make_events(0, counts, FEATURES)
    hits = {name: batch[name] for name in ("pos", "x")}
    return EventStore(hits, {"y": batch.y}, batch.ptr, FEATURES)


def build(writer, title="some events", counts=(3, 0, 2)):
    writer.append(make_store(counts))
    writer.finish(feature_names=FEATURES, metadata={"title": title})


def never(writer):
    pytest.fail("it is built again")


def check(found):
    store, metadata = found
    assert torch.equal(store.hits["pos"], make_store().hits["pos"])
    assert metadata == {"title": "some events"}


def names(root):
    """What is in a cache, without the locks."""
    return sorted(path.name for path in root.iterdir() if not path.name.endswith(".lock"))


@pytest.fixture
def heard():
    return []


@pytest.fixture
def cache(tmp_path, heard):
    return Cache(tmp_path / "deep" / "cache", heard.append)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "deep" / "cache"


def test_it_is_built_once(cache, root, heard):
    check(cache.fetch(KEY, build))
    check(cache.fetch(KEY, never))
    check(Cache(root).fetch(KEY, never))
    assert names(root) == [KEY]
    assert heard == []


@pytest.mark.parametrize("key", ["", "../x", KEY[1:], KEY.upper(), KEY + "\n"])
def test_a_key_is_a_digest(cache, root, key):
    with pytest.raises(ValueError, match="expected 64 hexadecimal digits"):
        cache.fetch(key, build)
    assert not root.exists()


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt])
def test_a_failed_build_leaves_no_entry(cache, root, error):
    def fail(writer):
        writer.append(make_store())
        raise error(5, "broken basket")

    with pytest.raises(error, match="broken basket"):
        cache.fetch(KEY, fail)
    assert names(root) == []
    check(cache.fetch(KEY, build))


def test_a_build_that_does_not_finish_leaves_no_entry(cache, root):
    with pytest.raises(OutputError, match="expected a call of finish"):
        cache.fetch(KEY, lambda writer: writer.append(make_store()))
    assert names(root) == []


def test_an_entry_appears_when_it_is_whole_and_on_the_disk(monkeypatch, cache, root):
    steps = []
    sync, rename = os.fsync, Path.rename

    def see_sync(descriptor):
        steps.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        sync(descriptor)

    def see_rename(path, target):
        steps.append("rename")
        assert not target.exists()
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", see_sync)
    monkeypatch.setattr(Path, "rename", see_rename)
    cache.fetch(KEY, build)
    assert steps[-2:] == ["rename", "cache"]
    files = {"pos.npy", "x.npy", "y.npy", "ptr.npy", "clusters.npy", "meta.json"}
    assert set(steps[:-2]) == {*files, "hits", "events", f".{KEY}.part"}


@pytest.mark.parametrize("name", ["meta.json", "ptr.npy", "hits/pos.npy", "events/y.npy"])
@pytest.mark.parametrize("left", [None, 0.0, 0.5, 0.999])
def test_a_damaged_entry_is_made_anew(cache, root, heard, name, left):
    cache.fetch(KEY, build)
    path = root / KEY / name
    if left is None:
        path.unlink()
    else:
        os.truncate(path, int(left * path.stat().st_size))
    check(cache.fetch(KEY, build))
    (said,) = heard
    assert said.startswith("an entry of the cache is damaged and is made anew")
    assert str(path) in said
    assert names(root) == [KEY]
    check(cache.fetch(KEY, never))


def test_an_entry_of_another_version_is_made_anew(cache, root, heard):
    cache.fetch(KEY, build)
    meta = root / KEY / "meta.json"
    meta.write_text(meta.read_text().replace('"version": 1', '"version": 0'))
    check(cache.fetch(KEY, build))
    assert "expected version 1 of the format, got 0" in heard[0]


def test_an_entry_in_use_stays_readable_when_it_is_made_anew(cache, root):
    store, _ = cache.fetch(KEY, build)
    clear(root)
    cache.fetch(KEY, lambda writer: build(writer, counts=(1,)))
    assert torch.equal(store.hits["pos"], make_store().hits["pos"])


@pytest.mark.parametrize("name", [KEY, f".{KEY}.part"])
@pytest.mark.parametrize("place", ["thesis.tex", "hits/thesis.tex", "hits/more/pos.npy"])
def test_a_folder_with_other_things_stays(cache, root, name, place):
    other = root / name / place
    other.parent.mkdir(parents=True)
    other.write_text("years of work")
    with pytest.raises(OutputError, match=rf"{name} is in the way.*\n  what to do: move it"):
        cache.fetch(KEY, never)
    assert clear(root) == []
    assert other.read_text() == "years of work"


def test_a_link_to_a_folder_stays(cache, root, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "meta.json").touch()
    root.mkdir(parents=True)
    (root / KEY).symlink_to(elsewhere)
    with pytest.raises(OutputError, match="is in the way"):
        cache.fetch(KEY, never)
    assert clear(root) == []
    assert (elsewhere / "meta.json").exists()


def test_a_full_disk_leaves_nothing(monkeypatch, cache, root):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(NpyWriter, "finish", full)
        with pytest.raises(OutputError, match=r"No space left on device\n  what to do: .*HITCLR_"):
            cache.fetch(KEY, build)
    assert names(root) == []
    check(cache.fetch(KEY, build))


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot write .*/file/cache: .*\n  what to do"):
        Cache(tmp_path / "file" / "cache").fetch(KEY, never)


@pytest.fixture
def shared():
    """A folder that everybody may read."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def only_reading(folder):
    """Take the right to write into a folder, from root too."""
    modes = {path: path.stat().st_mode for path in [folder, *folder.rglob("*")]}
    for path, mode in modes.items():
        path.chmod(mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        for path, mode in modes.items():
            path.chmod(mode)


def test_a_read_only_cache_is_read(shared):
    cache = Cache(shared / "cache")
    cache.fetch(KEY, build)
    with only_reading(shared):
        check(cache.fetch(KEY, never))
        assert [entry.key for entry in list_entries(shared / "cache")] == [KEY]
        with pytest.raises(OutputError, match=r"cannot write .*/cache: Permission denied"):
            cache.fetch(OTHER, never)
        with pytest.raises(OutputError, match=r"cannot write .*/cache: Permission denied"):
            clear(shared / "cache")
    check(cache.fetch(KEY, never))


def test_an_entry_that_may_not_be_read_is_not_damaged(shared, heard):
    cache = Cache(shared / "cache", heard.append)
    cache.fetch(KEY, build)
    column = shared / "cache" / KEY / "hits" / "pos.npy"
    column.chmod(0)
    with only_reading(shared), pytest.raises(InputError, match=r"pos\.npy") as caught:
        cache.fetch(KEY, never)
    assert "Permission denied" in str(caught.value)
    assert heard == []


SCRIPT = """
import os, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_cache import KEY, Cache, build, check
root, signs, pause, names = Path(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4]), sys.argv[5:]

def run(name):
    def slow(writer):
        (signs / f"{name} builds").touch()
        build(writer)
        while len(list(signs.glob("* starts"))) < len(names):
            time.sleep(0.01)
        time.sleep(pause)

    def say(text):  # in one piece, since all write to one pipe
        sys.stdout.write(f"{name} {text}\\n")
        sys.stdout.flush()

    (signs / f"{name} starts").touch()
    check(Cache(root, say).fetch(KEY, slow))
    (signs / f"{name} is done").touch()
    os._exit(0)

for name in names[1:]:
    if os.fork() == 0:
        run(name)
run(names[0])
"""


def start(root, signs, pause, *names):
    """Processes that build one entry, and take their time."""
    signs.mkdir()
    arguments = [Path(__file__).parent, root, signs, pause, *names]
    command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def wait_for(path, process):
    end = time.monotonic() + 120
    while not path.exists():
        assert process.poll() is None, "the process has ended"
        assert time.monotonic() < end
        time.sleep(0.01)


def test_of_three_processes_one_builds_and_the_others_wait(tmp_path, root):
    signs = tmp_path / "signs"
    process = start(root, signs, 3.0, "first", "second", "third")
    said = process.communicate(timeout=120)[0].splitlines()  # when all have ended
    assert process.returncode == 0
    assert len(list(signs.glob("* is done"))) == 3
    (builder,) = (path.name.split()[0] for path in signs.glob("* builds"))
    text = f"another process makes this entry of the cache in {root}; waiting"
    others = {"first", "second", "third"} - {builder}
    assert sorted(said) == sorted(f"{name} {text}" for name in others)
    assert names(root) == [KEY]


def test_what_a_killed_builder_left_is_removed_by_the_next(tmp_path, cache, root):
    cache.fetch(OTHER, build)
    process = start(root, tmp_path / "signs", 600, "first")
    part = root / f".{KEY}.part"
    wait_for(part / "meta.json", process)
    assert [entry.key for entry in clear(root)] == [OTHER]  # what is being built stays
    assert (part / "meta.json").exists()
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=120)
    assert names(root) == [part.name]
    check(cache.fetch(KEY, build))
    assert names(root) == [KEY]


def test_entries_are_listed_the_last_used_first(cache, root):
    before = datetime.now(timezone.utc) - timedelta(seconds=5)
    cache.fetch(KEY, build)
    cache.fetch(OTHER, lambda writer: build(writer, title="others"))
    os.utime(root / KEY, (0, 0))
    (root / "notes").mkdir()
    (root / ("a" * 64)).write_text("a file")
    others, some = list_entries(root)
    assert (others.key, others.title) == (OTHER, "others")
    assert (some.key, some.title, some.folder) == (KEY, "some events", root / KEY)
    assert some.size == sum(p.stat().st_size for p in some.folder.rglob("*") if p.is_file())
    assert some.used == datetime.fromtimestamp(0, timezone.utc)
    assert before < some.made
    assert before < others.used
    cache.fetch(KEY, never)
    assert [entry.key for entry in list_entries(root)] == [KEY, OTHER]


@pytest.mark.parametrize("content", [None, "", "[]", '{"format": "hitclr events", "version": 1}'])
def test_a_damaged_entry_is_listed_and_cleared(cache, root, content):
    cache.fetch(KEY, build)
    meta = root / KEY / "meta.json"
    meta.unlink() if content is None else meta.write_text(content)
    (entry,) = list_entries(root)
    assert (entry.key, entry.title) == (KEY, "")
    assert clear(root) == [entry]
    assert names(root) == []


def test_where_there_is_no_cache_there_are_no_entries(tmp_path):
    assert list_entries(tmp_path / "none") == []
    assert clear(tmp_path / "none") == []
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="the cache's folder cannot be read"):
        list_entries(tmp_path / "file")


def test_clear_takes_the_old_and_what_is_left_over(cache, root):
    cache.fetch(KEY, build)
    cache.fetch(OTHER, build)
    now = time.time()
    os.utime(root / KEY, (now, now - 3 * 86400))
    os.utime(root / OTHER, (now, now - 1.9 * 86400))
    (root / f".{OTHER}.part" / "hits").mkdir(parents=True)
    (root / "thesis.tex").touch()
    assert [entry.key for entry in clear(root, older_than_days=2)] == [KEY]
    assert names(root) == sorted([OTHER, "thesis.tex"])
    assert [entry.key for entry in clear(root)] == [OTHER]
    assert names(root) == ["thesis.tex"]


def test_clear_leaves_what_is_locked(cache, root):
    cache.fetch(KEY, build)
    with entry_lock(root, KEY):
        assert clear(root) == []
    check(cache.fetch(KEY, never))


def test_the_folder_is_the_setting_the_variable_or_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("HITCLR_CACHE", str(tmp_path / "variable"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert cache_folder(tmp_path / "setting") == tmp_path / "setting"
    assert cache_folder("here") == tmp_path / "here"
    assert cache_folder("~/c") == tmp_path / "home" / "c"
    assert cache_folder(None) == tmp_path / "variable"
    monkeypatch.setenv("HITCLR_CACHE", "~/v")
    assert cache_folder(None) == tmp_path / "home" / "v"
    monkeypatch.setenv("HITCLR_CACHE", "")
    assert cache_folder(None) == tmp_path / "xdg" / "hitclr"
