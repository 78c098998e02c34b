"""What all writers of results promise, for each format."""

from __future__ import annotations

import resource
import sys
from itertools import pairwise

import numpy as np
import pyarrow.parquet as pq
import pytest
import uproot

from hitclr.errors import MissingExtraError, OutputError
from hitclr.io import result_writer
from hitclr.io.writing import FriendWriter, ParquetWriter, results

SUFFIXES = pytest.mark.parametrize("suffix", [".root", ".parquet"])
COLUMNS = {
    "entry": np.dtype("<i8"),
    "vector": np.dtype(("<f4", (3,))),
    "single": np.dtype(("<f4", (1,))),
    "status": np.dtype("<i1"),
}
ROW_BYTES = 8 + 12 + 4 + 1


def rows(start, stop):
    entry = np.arange(start, stop)
    return {
        "entry": entry,
        "vector": entry[:, None] + np.array([0, 0.25, np.nan], dtype=np.float32),
        "single": entry[:, None].astype(np.float32),
        "status": (entry % 100).astype(np.int8),
    }


def write(path, *parts, metadata=None):
    with result_writer(path)(path, "hitclr", COLUMNS, metadata or {}) as writer:
        for part in parts:
            writer.extend(part)
            assert not path.exists()


def read(path):
    """The columns of a file, and the number of rows in each of its blocks."""
    if path.suffix == ".root":
        with uproot.open(path) as file:
            tree = file["hitclr"]
            assert tree.keys() == list(COLUMNS)
            edges = tree["vector"].entry_offsets
            return {n: tree[n].array(library="np") for n in COLUMNS}, np.diff(edges).tolist()
    table = pq.read_table(path)
    assert table.column_names == list(COLUMNS)
    columns = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        flat = column.combine_chunks()
        shape = COLUMNS[name].shape
        flat = flat.flatten() if shape else flat
        columns[name] = flat.to_numpy().reshape(-1, *shape)
    about = pq.read_metadata(path)
    return columns, [about.row_group(i).num_rows for i in range(about.num_row_groups)]


def check(path, number):
    columns, blocks = read(path)
    for name, expected in rows(0, number).items():
        np.testing.assert_array_equal(columns[name], expected)
        assert columns[name].dtype == COLUMNS[name].base
    assert sum(blocks) == number
    return blocks


@SUFFIXES
def test_rows_come_back_in_blocks_of_one_size(tmp_path, suffix, monkeypatch):
    monkeypatch.setattr(results, "_BLOCK_BYTES", 10 * ROW_BYTES)
    path = tmp_path / "deep" / f"out{suffix}"
    cuts = [0, 1, 2, 2, 5, 9, 42, 43, 50, 57]
    write(path, *(rows(a, b) for a, b in pairwise(cuts)))
    assert check(path, 57) == [10, 10, 10, 10, 10, 7]
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@SUFFIXES
def test_rows_that_fill_the_last_block(tmp_path, suffix, monkeypatch):
    monkeypatch.setattr(results, "_BLOCK_BYTES", 10 * ROW_BYTES)
    write(tmp_path / f"out{suffix}", rows(0, 20))
    assert check(tmp_path / f"out{suffix}", 20) == [10, 10]


@SUFFIXES
def test_rows_wider_than_a_block(tmp_path, suffix, monkeypatch):
    monkeypatch.setattr(results, "_BLOCK_BYTES", 1)
    write(tmp_path / f"out{suffix}", rows(0, 3))
    assert check(tmp_path / f"out{suffix}", 3) == [1, 1, 1]


@SUFFIXES
def test_few_rows_at_a_time_make_one_block(tmp_path, suffix):
    write(tmp_path / f"out{suffix}", *(rows(n, n + 1) for n in range(50)))
    assert check(tmp_path / f"out{suffix}", 50) == [50]


@SUFFIXES
def test_no_rows(tmp_path, suffix):
    write(tmp_path / f"out{suffix}")
    assert check(tmp_path / f"out{suffix}", 0) == []


@SUFFIXES
@pytest.mark.parametrize(
    "wrong",
    [
        {"status": np.zeros(3, dtype=np.int8)},
        {"status": np.zeros(1, dtype=np.int8)},
        {"vector": np.zeros((4, 1), dtype=np.float32)},
        {"other": np.zeros(4)},
    ],
)
def test_columns_that_do_not_fit(tmp_path, suffix, wrong):
    with pytest.raises(OutputError, match="expected columns of the shapes"):
        write(tmp_path / f"out{suffix}", {**rows(0, 4), **wrong})
    assert list(tmp_path.iterdir()) == []


@SUFFIXES
def test_fractions_are_not_cut_off(tmp_path, suffix):
    with pytest.raises(TypeError, match="same_kind"):
        write(tmp_path / f"out{suffix}", {**rows(0, 4), "entry": np.full(4, 0.5)})
    assert list(tmp_path.iterdir()) == []


@SUFFIXES
def test_an_interruption_keeps_what_was_there(tmp_path, suffix, monkeypatch):
    monkeypatch.setattr(results, "_BLOCK_BYTES", 10 * ROW_BYTES)
    path = tmp_path / f"out{suffix}"
    path.write_text("old")
    writer = result_writer(path)(path, "hitclr", COLUMNS, {})
    writer.extend(rows(0, 25))
    with pytest.raises(KeyboardInterrupt), writer:
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@SUFFIXES
def test_a_folder_that_cannot_be_written(tmp_path, suffix):
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(OutputError, match="what to do"):
        write(blocked / f"out{suffix}")
    (tmp_path / f"out{suffix}").mkdir()
    with pytest.raises(OutputError, match="it is a folder"):
        write(tmp_path / f"out{suffix}")


@pytest.fixture
def small_disk():
    """No file may grow beyond 20 kB: the system refuses, as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@SUFFIXES
@pytest.mark.parametrize("block", [16_000, 400_000], ids=["while writing", "at the end"])
@pytest.mark.usefixtures("small_disk")
def test_a_full_disk(tmp_path, suffix, block, monkeypatch):
    monkeypatch.setattr(results, "_BLOCK_BYTES", block)
    path = tmp_path / f"out{suffix}"
    path.write_text("old")
    noise = np.random.default_rng(0).random((10_000, 3), dtype=np.float32)
    with pytest.raises(OutputError, match=f"cannot write .*out{suffix}.*[Ff]ile too large"):
        write_over(path, {**rows(0, 10_000), "vector": noise})
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def write_over(path, part):
    with result_writer(path)(path, "hitclr", COLUMNS, {}) as writer:
        writer.extend(part)


def test_the_suffix_decides(tmp_path):
    assert result_writer(tmp_path / "a.b.root") is FriendWriter
    assert result_writer(tmp_path / "a.root.parquet") is ParquetWriter


@pytest.mark.parametrize("name", ["out.csv", "out", ".root", "out.PARQUET", "."])
def test_another_suffix(tmp_path, name):
    with pytest.raises(OutputError, match=r"\.root or \.parquet, got .*\n.*what to do"):
        result_writer(tmp_path / name)


def test_without_pyarrow(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert result_writer(tmp_path / "a.root") is FriendWriter
    with pytest.raises(MissingExtraError, match=r"pip install 'hitclr\[parquet\]'"):
        result_writer(tmp_path / "a.parquet")
