"""Damage that leaves a file which uproot reads without a word, or never ends to read."""

from __future__ import annotations

import signal
import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot
import xxhash

from hitclr.errors import InputError
from hitclr.io import Reason
from hitclr.io.files import find_tree, open_root, read_branch, require_branches
from hitclr.io.files.consistency import ContradictionError, check_lists, check_pages

STEP = 12


def columns(start: int, stop: int) -> dict[str, Any]:
    return {"a": np.arange(start, stop), "b": np.arange(start, stop) + 0.5}


@pytest.fixture(autouse=True)
def _no_hang():
    def stop(*_: Any) -> None:
        pytest.fail("reading does not end")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 30)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def tree_file(tmp_path: Path) -> Path:
    """An uncompressed TTree of 36 entries in 3 baskets, after an older version of one."""
    path = tmp_path / "tree.root"
    with uproot.recreate(path, compression=None) as file:
        types = {"a": np.dtype("i8"), "b": np.dtype("f8")}
        for number in (1, 3):
            tree = file.mktree("events", types)
            for start in range(0, number * STEP, STEP):
                tree.extend(columns(start, start + STEP))
    return path


@pytest.fixture
def ntuple_file(tmp_path: Path) -> Path:
    """An uncompressed RNTuple of 36 entries in 3 clusters."""
    path = tmp_path / "ntuple.root"
    with uproot.recreate(path, compression=None) as file:
        ntuple = file.mkrntuple("events", columns(0, STEP))
        for start in range(STEP, 3 * STEP, STEP):
            ntuple.extend(columns(start, start + STEP))
    return path


def replace(path: Path, old: bytes, new: bytes, which: int = -1) -> None:
    """Replace one occurrence of some bytes in a file, the last unless told otherwise."""
    raw = path.read_bytes()
    assert old != new
    place = raw.rfind(old) if which == -1 else raw.find(old)
    assert place >= 0
    path.write_bytes(raw[:place] + new + raw[place + len(old) :])


def load(path: Path) -> list[Any]:
    with open_root(path) as file:
        tree = find_tree(file, "events", path)
        require_branches(tree, ["a", "b"], path)
        return [read_branch(tree, name, path).to_list() for name in "ab"]


def refused(path: Path, match: str) -> InputError:
    with pytest.raises(InputError, match=match) as caught:
        load(path)
    assert caught.value.reason == Reason.DAMAGED_FILE
    assert caught.value.file == str(path)
    assert caught.value.tree == "events"
    return caught.value


def member(path: Path, branch: str, name: str) -> np.ndarray:
    with uproot.open(path) as file:
        return file["events"][branch].member(name)[: 4 if name == "fBasketEntry" else 3]


@pytest.mark.parametrize("kind", ["tree_file", "ntuple_file"])
def test_whole_files_are_read(kind, request):
    first, second = load(request.getfixturevalue(kind))
    assert first == list(range(36))
    assert second == [value + 0.5 for value in range(36)]


def test_fewer_entries_in_the_tree(tree_file):
    with uproot.open(tree_file) as file:
        size = [file["events"].member(name) for name in ("fTotBytes", "fZipBytes")]
    replace(tree_file, struct.pack(">qqq", 36, *size), struct.pack(">qqq", 12, *size))
    with uproot.open(tree_file) as file:
        assert len(file["events"]["a"].array(entry_stop=file["events"].num_entries)) == 12
    error = refused(tree_file, "the branch has 36 entries, the tree 12")
    assert error.branch == "a"


def test_a_branch_under_the_name_of_another(tree_file):
    """The branch's own name comes first, then those of its leaf and of its baskets."""
    raw = tree_file.read_bytes()
    with uproot.open(tree_file) as file:
        start = file["events"].branches[1].cursor.index
        start += file.key("events").data_cursor.index if start < 1000 else 0
    at = raw.find(b"\x01b", start)
    tree_file.write_bytes(raw[:at] + b"\x01a" + raw[at + 2 :])
    with uproot.open(tree_file) as file:
        assert file["events"].keys() == ["a", "a"]
    with open_root(tree_file) as file:
        tree = find_tree(file, "events", tree_file)
        with pytest.raises(InputError, match="'a' as another one, its baskets 'b'"):
            require_branches(tree, ["a"], tree_file)


@pytest.mark.parametrize(
    ("table", "match"),
    [
        ([0, 8, 24, 36], "basket 0 has 12 entries, the branch says 8"),
        ([0, 30, 24, 36], "do not rise from 0"),
        ([4, 12, 24, 36], "do not rise from 0"),
    ],
)
def test_baskets_that_start_elsewhere(tree_file, table, match):
    good = member(tree_file, "a", "fBasketEntry").tolist()
    replace(tree_file, struct.pack(">4q", *good), struct.pack(">4q", *table))
    refused(tree_file, match)


def test_baskets_with_fewer_entries_than_their_branch(tree_file):
    """Named before anything is read, for those who ask where the baskets begin."""
    replace(tree_file, struct.pack(">4q", 0, 12, 24, 36), struct.pack(">4q", 0, 12, 24, 28))
    with open_root(tree_file) as file:
        tree = find_tree(file, "events", tree_file)
        with pytest.raises(InputError, match="add up") as caught:
            require_branches(tree, ["a", "b"], tree_file)
    assert caught.value.reason == Reason.DAMAGED_FILE


def test_a_part_of_a_branch_whose_baskets_start_elsewhere(tree_file):
    replace(tree_file, struct.pack(">4q", 0, 12, 24, 36), struct.pack(">4q", 0, 8, 24, 36))
    with uproot.open(tree_file) as file:
        tree = file["events"]
        (name,) = (name for name in "ab" if tree[name].member("fBasketEntry")[1] == 8)
        assert tree[name].array(entry_start=8, entry_stop=10).to_list() in ([12, 13], [12.5, 13.5])
    with open_root(tree_file) as file:
        tree = find_tree(file, "events", tree_file)
        with pytest.raises(InputError, match="has 12 entries, the branch says 16"):
            read_branch(tree, name, tree_file, 8, 10)


@pytest.mark.parametrize("other", ["a", "b"])
def test_a_basket_of_another_place(tree_file, other):
    """With two places alike in one branch, uproot waits for ever."""
    good = member(tree_file, "a", "fBasketSeek").tolist()
    wrong = [good[0], int(member(tree_file, other, "fBasketSeek")[0]), good[2]]
    replace(tree_file, struct.pack(">3q", *good), struct.pack(">3q", *wrong))
    refused(tree_file, "overlap or lie outside")


def test_a_basket_beyond_the_end(tree_file):
    good = member(tree_file, "a", "fBasketSeek").tolist()
    wrong = [*good[:2], good[2] + 2**24]
    replace(tree_file, struct.pack(">3q", *good), struct.pack(">3q", *wrong))
    refused(tree_file, "overlap or lie outside")


def test_a_basket_with_another_length(tree_file):
    """The last basket in the file, so that one byte more overlaps nothing."""
    with uproot.open(tree_file) as file:
        tree = file["events"]
        last = max("ab", key=lambda name: tree[name].member("fBasketSeek")[2])
        good = tree[last].member("fBasketBytes")[:3].tolist()
    longer = struct.pack(">3i", *good[:2], good[2] + 1)
    replace(tree_file, struct.pack(">3i", *good), longer, 0 if last == "a" else -1)
    assert member(tree_file, last, "fBasketBytes")[2] == good[2] + 1
    error = refused(tree_file, f"basket 2 has {good[2]} bytes, the branch says {good[2] + 1}")
    assert error.branch == last


def write_lists(path: Path, kind: str, compression: Any) -> Path:
    """12 entries with two equal numbers each."""
    lists = ak.unflatten(np.zeros(24, dtype="i8"), [2] * STEP)
    with uproot.recreate(path, compression=compression) as file:
        if kind == "ttree":
            tree = file.mktree("events", {"a": "var * int64"}, counter_name=lambda name: "n")
            tree.extend({"a": lists})
        else:
            file.mkrntuple("events", {"a": lists})
    return path


@pytest.mark.parametrize("kind", ["ttree", "rntuple"])
def test_lists_that_run_backwards(kind, tmp_path):
    """Values that are equal show no difference, only the lists' ends do."""
    path = write_lists(tmp_path / "lists.root", kind, None)
    head = 0
    if kind == "ttree":
        with uproot.open(path) as file:
            head = file["events"]["a"].basket(0).member("fKeylen")
    form, width = (">3i", 16) if kind == "ttree" else ("<3q", 2)
    good, wrong = (struct.pack(form, *(head + width * n for n in (1, k, 3))) for k in (2, 7))
    replace(path, good, wrong, 0)
    with open_root(path) as file:
        tree = find_tree(file, "events", path)
        with pytest.raises(InputError, match=r"not follow one another|run backwards") as caught:
            read_branch(tree, "a", path)
    assert caught.value.branch == "a"


def list_of_objects(path: Path) -> tuple[int, int]:
    """Where the list of a file's objects starts and stops."""
    with uproot.open(path) as file:
        return file.fSeekKeys, file.fSeekKeys + file.fNbytesKeys


def test_an_older_version_under_a_newer_number(tree_file):
    start, stop = list_of_objects(tree_file)
    raw = bytearray(tree_file.read_bytes())
    with uproot.open(tree_file) as file:
        place = struct.pack(">hq", 1, file.key("events;1").fSeekKey)
    at = raw.find(place, start, stop)
    raw[at + 1] = 9  # the cycle comes before the place
    tree_file.write_bytes(raw)
    with uproot.open(tree_file) as file:
        assert file["events"].num_entries == 12
    refused(tree_file, "fCycle = 9 of 'events', the object itself 1")


def test_a_newer_version_under_another_name(tree_file):
    start, stop = list_of_objects(tree_file)
    raw = bytearray(tree_file.read_bytes())
    with uproot.open(tree_file) as file:
        key = file.key("events;2")
        other = struct.pack(">hq", 2, key.fSeekKey)
    at = raw.find(b"events", raw.find(other, start, stop), stop)
    raw[at] ^= 1
    tree_file.write_bytes(raw)
    with uproot.open(tree_file) as file:
        assert file["events"].num_entries == 12
    refused(tree_file, "fName = 'dvents'")


def test_a_list_that_leaves_out_the_newer_version(tree_file):
    start, stop = list_of_objects(tree_file)
    raw = bytearray(tree_file.read_bytes())
    at = raw.find(struct.pack(">I", 2), start + 20, stop)
    raw[at : at + 4] = struct.pack(">I", 1)
    tree_file.write_bytes(raw)
    with uproot.open(tree_file) as file:
        assert file.keys() == ["events;1"]
    refused(tree_file, "goes on after the 1 that it says it has")


def test_a_list_of_pages_without_its_checksum(ntuple_file):
    with uproot.open(ntuple_file) as file:
        link = file["events"].footer.cluster_group_records[0].page_list_link
        clusters = file["events"].page_list_envelopes[0].cluster_summaries
        first = clusters[0]
    raw = bytearray(ntuple_file.read_bytes())
    old = struct.pack("<QQ", first.num_first_entry, first.num_entries)
    at = raw.find(old, link.locator.offset)
    raw[at + 8] = first.num_entries - 4
    ntuple_file.write_bytes(raw)
    with uproot.open(ntuple_file) as file:
        assert file["events"].num_entries == 32
    refused(ntuple_file, "checksum")


def test_pages_with_a_checksum():
    """As ROOT writes them: 8 bytes after the page, and a negative number of values."""
    body = bytes(range(64))
    content = body + struct.pack("<Q", xxhash.xxh3_64_intdigest(body))
    damaged = bytes([body[0] ^ 4]) + content[1:]

    def field(raw: bytes, has_checksum: bool) -> Any:
        def chunk(start: int, stop: int) -> Any:
            return SimpleNamespace(raw_data=np.frombuffer(raw[start:stop], dtype=np.uint8))

        page = SimpleNamespace(
            has_checksum=has_checksum, locator=SimpleNamespace(offset=0, num_bytes=64)
        )
        records = [SimpleNamespace(parent_field_id=0), SimpleNamespace(parent_field_id=0)]
        ntuple = SimpleNamespace(
            field_records=records,
            column_records=[SimpleNamespace(idx=0, field_id=1)],
            cluster_summaries=[SimpleNamespace(num_first_entry=0, num_entries=16)],
            page_link_list=[[SimpleNamespace(pages=[page])]],
            file=SimpleNamespace(source=SimpleNamespace(chunk=chunk)),
        )
        return SimpleNamespace(ntuple=ntuple, field_id=0)

    check_pages(field(content, True), 0, 16)
    check_pages(field(damaged, False), 0, 16)
    check_pages(field(damaged, True), 16, 20)
    with pytest.raises(ContradictionError, match="the page at byte 0"):
        check_pages(field(damaged, True), 15, 16)


def test_fewer_entries_than_asked_for():
    check_lists(ak.Array([[1], [2, 3]]), 2)
    with pytest.raises(ContradictionError, match="2 entries are there of 3"):
        check_lists(ak.Array([[1], [2, 3]]), 3)
