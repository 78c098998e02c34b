"""Files on a server: the same events, and every misbehaviour told in words."""

from __future__ import annotations

import builtins
import shutil
import socket
import sys

import aiohttp
import fsspec
import pytest
import torch
from fsspec.config import conf

from hitclr.errors import InputError, MissingExtraError, SettingsError
from hitclr.io import BadInput, Reason, Sample, load_schema, read_samples
from hitclr.io.files import find_tree, open_root, read_branch
from hitclr.io.files.header import parse_header


@pytest.fixture
def url(server, toy_files):
    shutil.copy(toy_files["track"], server.folder / "track.root")
    return f"{server.url}/track.root"


def read(toy_schema, file, bad_input=None):
    samples = [Sample("t", (file,))]
    return read_samples(load_schema(toy_schema), samples, bad_input or BadInput())


def refused(file, words, reason):
    with pytest.raises(InputError, match=words) as caught, open_root(file):
        pass
    assert caught.value.reason == reason
    assert f"file: {file}" in str(caught.value)
    assert "what to do: " in str(caught.value)
    return str(caught.value)


def same(first, second):
    assert len(first) == len(second) > 0
    for name, values in {**first.hits, **first.events}.items():
        assert torch.equal(values, {**second.hits, **second.events}[name]), name


def test_the_same_events_as_from_the_disk(url, toy_schema, toy_files):
    store = read(toy_schema, url)
    assert store.files == (url,)
    same(store, read(toy_schema, toy_files["track"]))


def test_the_same_events_under_the_name_of_xrootd(fake_root, toy_schema, toy_files):
    fake_root.pipe("/host/store/a.root", toy_files["track"].read_bytes())
    same(read(toy_schema, "root://host//store/a.root"), read(toy_schema, toy_files["track"]))
    refused("root://host//store/b.root", "no such file", Reason.MISSING_FILE)
    refused("root://host//store", "this is a folder", Reason.MISSING_FILE)


@pytest.mark.parametrize(
    ("status", "words", "reason"),
    [
        (404, "the server has no such file", Reason.MISSING_FILE),
        (410, "the server has no such file", Reason.MISSING_FILE),
        (401, "refuses it: 401 Unauthorized", Reason.DAMAGED_FILE),
        (403, "refuses it: 403 Forbidden", Reason.DAMAGED_FILE),
        (500, "does not give it: 500 Internal", Reason.MISSING_FILE),
    ],
)
def test_what_a_server_answers(server, url, status, words, reason):
    server.status = status
    refused(url, words, reason)


@pytest.mark.parametrize(
    ("told", "words", "reason"),
    [
        ("[ERROR] error: [3011] No such file", "no such file", Reason.MISSING_FILE),
        ("[ERROR] error: [3010] denied", "refuses it: .*denied", Reason.DAMAGED_FILE),
        ("[FATAL] Connection error", "not give it: .*Connection error", Reason.MISSING_FILE),
    ],
)
def test_what_a_server_of_xrootd_answers(fake_root, monkeypatch, told, words, reason):
    def refuse(*_, **__):
        raise OSError(told)

    monkeypatch.setattr(type(fake_root), "info", refuse)
    refused("root://host//a.root", words, reason)


def test_what_a_glob_listed_is_asked_for_again(fake_root, monkeypatch):
    asked = []
    monkeypatch.setattr(type(fake_root), "invalidate_cache", lambda *_: asked.append(1))
    refused("root://host//a.root", "no such file", Reason.MISSING_FILE)
    assert asked


def test_servers_that_are_not_there(toy_schema):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        refused(f"http://127.0.0.1:{port}/a.root", "not give it: .*Connect", Reason.MISSING_FILE)
    gone = "http://nobody.invalid/a.root"
    refused(gone, "does not give it: .*nobody.invalid", Reason.MISSING_FILE)
    bad = BadInput("skip")
    with pytest.raises(InputError, match="no event left"):
        read(toy_schema, gone, bad)
    assert bad.table()[0]["reason"] == "missing file"


def test_a_server_that_does_not_answer_in_time(server, url, monkeypatch):
    options = {"client_kwargs": {"timeout": aiohttp.ClientTimeout(total=0.1)}}
    for protocol in ("http", "https"):  # old releases of fsspec take that which was asked for first
        monkeypatch.setitem(conf, protocol, options)
    server.delay = 1.0
    refused(url, "no answer in time", Reason.MISSING_FILE)


def test_a_server_without_ranges(server, url, toy_schema, toy_files):
    server.ranges = False
    told = refused(url, "whole files only", Reason.DAMAGED_FILE)
    assert f"simplecache::{url}" in told
    same(read(toy_schema, f"simplecache::{url}"), read(toy_schema, toy_files["track"]))


def test_ranges_that_are_ignored_later(server, url):
    """The whole file in place of a part is never taken for the part."""
    with open_root(url) as directory:
        tree = find_tree(directory, "events", url)
        server.ranges = False
        with pytest.raises(InputError, match=r"the server sent \d+ instead of \d+ bytes") as caught:
            read_branch(tree, "hit_x", url)
    assert caught.value.reason == Reason.DAMAGED_FILE
    assert (caught.value.tree, caught.value.branch) == ("events", "hit_x")
    assert "try again" in str(caught.value)


def test_a_connection_that_breaks_once_is_tried_again(server, url, toy_schema, toy_files):
    whole = read(toy_schema, toy_files["track"])
    read(toy_schema, url)
    asked = len(server.requests)
    server.requests.clear()
    server.cut, server.spare = 1, asked - 1
    same(read(toy_schema, url), whole)
    assert server.cut == 0
    assert len(server.requests) == asked + 1


def test_a_connection_that_breaks_for_good(server, url):
    with open_root(url) as directory:
        tree = find_tree(directory, "events", url)
        server.cut = 1000
        with pytest.raises(InputError, match="the server does not give it: bytes") as caught:
            read_branch(tree, "hit_x", url)
    assert caught.value.reason == Reason.DAMAGED_FILE
    refused(url, "the server does not give it", Reason.MISSING_FILE)


def test_a_server_that_goes_away(server, url):
    with open_root(url) as directory:
        tree = find_tree(directory, "events", url)
        server.status = 503
        with pytest.raises(InputError, match="did not come: 503 Service Unavailable"):
            read_branch(tree, "hit_x", url)


def test_a_wrong_length(server, url):
    server.extra = 10
    refused(url, r"says that the file has \d+ bytes, and gives fewer", Reason.DAMAGED_FILE)
    server.extra, server.silent = 0, True
    refused(url, "does not say how long the file is", Reason.DAMAGED_FILE)


@pytest.mark.parametrize(
    ("content", "words", "reason"),
    [
        (b"", "empty", Reason.DAMAGED_FILE),
        (b"<", "starts with b'<'", Reason.NOT_ROOT),
        (b"<html>" * 100, "starts with b'<htm'", Reason.NOT_ROOT),
        (b"root", "not even its header", Reason.DAMAGED_FILE),
    ],
)
def test_files_that_are_not_root(server, content, words, reason):
    (server.folder / "a.root").write_bytes(content)
    refused(f"{server.url}/a.root", words, reason)


def test_a_file_that_is_cut_short(server, url):
    path = server.folder / "track.root"
    path.write_bytes(path.read_bytes()[:-1])
    size = path.stat().st_size
    refused(url, f"its header says {size + 1} bytes .* it has {size}", Reason.DAMAGED_FILE)


def test_only_what_is_needed_is_fetched(server, url):
    with open_root(url) as directory:
        tree = find_tree(directory, "events", url)
        server.requests.clear()
        read_branch(tree, "hit_x", url)
    fetched = [bounds.removeprefix("bytes=").split("-") for _, bounds in server.requests]
    total = sum(int(last) - int(first) + 1 for first, last in fetched)
    assert 0 < total < (server.folder / "track.root").stat().st_size


@pytest.mark.parametrize(
    ("file", "module", "extra"),
    [
        ("root://host//a.root", "fsspec_xrootd", "xrootd"),
        ("https://host/a.root", "aiohttp", "http"),
    ],
)
def test_a_package_that_is_missing(file, module, extra, monkeypatch):
    system = {"root": "fsspec_xrootd", "https": "fsspec.implementations.http"}
    from fsspec.registry import _registry

    protocol = file.split(":")[0]
    monkeypatch.delitem(_registry, protocol, raising=False)
    monkeypatch.delitem(sys.modules, system[protocol], raising=False)
    real = builtins.__import__

    def without(name, *rest, **options):
        if name.split(".")[0] == module:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setitem(sys.modules, module, None)
    words = rf"reading {protocol}:// files needs .*\n.*pip install 'hitclr\[{extra}\]'"
    with pytest.raises(MissingExtraError, match=words), open_root(file):
        pass


def test_protocols_that_nobody_knows():
    with (
        pytest.raises(SettingsError, match=r"nonsense://host/a.root cannot be used"),
        open_root("nonsense://host/a.root"),
    ):
        pass


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")  # of Python 3.12 on
def test_a_worker_process_reads_too(url):
    """A forked process has no thread of fsspec's; it makes its own."""
    with open_root(url):
        pass
    loop = fsspec.asyn.get_loop()
    assert loop.is_running()
    context = torch.multiprocessing.get_context("fork")
    with context.Pool(1) as pool:
        assert pool.apply(_entries, (url,)) == 60


def _entries(url):
    with open_root(url) as directory:
        return int(find_tree(directory, "events", url).num_entries)


def test_the_header(toy_files):
    start = toy_files["track"].read_bytes()[:100]
    header = parse_header(start)
    with open_root(toy_files["track"]) as directory:
        assert header.uuid == directory.file.hex_uuid.replace("-", "")
        assert header.length == directory.file.fEND
    assert parse_header(start[:60]) is None
    assert parse_header(b"<" + start[1:]) is None
