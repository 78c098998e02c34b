"""What tells one state of a file from another."""

from __future__ import annotations

import os
import shutil

import pytest

from hitclr.errors import InputError
from hitclr.io import Reason
from hitclr.io.files import fingerprint, open_root


@pytest.fixture
def path(tmp_path, toy_files):
    (tmp_path / "served").mkdir(exist_ok=True)
    return shutil.copy(toy_files["track"], tmp_path / "served" / "a.root")


def test_a_local_file(path):
    before = fingerprint(path)
    state = path.stat()
    with open_root(path) as directory:
        uuid = directory.file.hex_uuid.replace("-", "")
    assert before == {"size": state.st_size, "mtime_ns": state.st_mtime_ns, "uuid": uuid}
    os.utime(path, ns=(0, state.st_mtime_ns + 1))
    assert fingerprint(path) == {**before, "mtime_ns": state.st_mtime_ns + 1}


def test_the_same_events_in_another_file(path, write, make_columns):
    before = fingerprint(path)
    write(path, make_columns(60, 0, "track"))
    assert fingerprint(path)["uuid"] != before["uuid"]


def test_files_that_are_not_root(tmp_path):
    path = tmp_path / "a.root"
    path.write_bytes(b"text")
    assert set(fingerprint(path)) == {"size", "mtime_ns"}
    for name in ("b.root", "."):
        with pytest.raises(InputError, match="expected a readable file") as caught:
            fingerprint(tmp_path / name)
        assert caught.value.file == str(tmp_path / name)
    assert caught.value.reason == Reason.DAMAGED_FILE


def test_a_file_on_a_server(server, path):
    url = f"{server.url}/a.root"
    before = fingerprint(url)
    local = fingerprint(path)
    assert before == {"size": local["size"], "uuid": local["uuid"], "ETag": "first"}
    server.state = "second"
    assert fingerprint(url) == {**before, "ETag": "second"}
    server.status = 404
    with pytest.raises(InputError, match="no such file"):
        fingerprint(url)


def test_a_file_of_xrootd(fake_root, path):
    fake_root.pipe("/host/a.root", path.read_bytes())
    local = fingerprint(path)
    del local["mtime_ns"]
    assert fingerprint("root://host//a.root") == local
