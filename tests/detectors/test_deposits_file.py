"""Deposits from a file: what was written, in ranges, and what is wrong with a file."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import awkward as ak
import fsspec
import numpy as np
import pytest
import torch
import uproot

from hitclr.detectors import Deposits, DepositsFile, DepositsInfo, read_deposits
from hitclr.detectors.deposits_file import DEPOSITS_TREE, deposits_columns
from hitclr.errors import InputError
from hitclr.io import EventWriter

COUNTS = [3, 0, 5, 1]
INFO = DepositsInfo(
    material="liquid argon",
    step=0.3,
    particles=("muon",),
    energy=(80.0, 600.0),
    low=(0.0, 0.0, 0.0),
    high=(1.0, 2.0, 3.0),
    seed=2**62 + 1,
    events=4,
    first_event=2000,
)


@pytest.fixture
def deposits():
    generator = torch.Generator().manual_seed(3)
    total, number = sum(COUNTS), len(COUNTS)
    truth = {"event": torch.arange(2000, 2000 + number), "pdg": torch.tensor([13, -13, 11, 22])}
    names = ["energy", *(f"{what}_{axis}" for what in ("vertex", "direction") for axis in "xyz")]
    truth |= {name: torch.rand(number, generator=generator) for name in names}
    ptr = torch.tensor([0, *np.cumsum(COUNTS)])
    pos = torch.randn(total, 3, generator=generator)
    rest = [torch.rand(total, generator=generator) for _ in range(3)]
    return Deposits(ptr, pos, *rest, truth)


def write(path, deposits, metadata, tree=DEPOSITS_TREE):
    with EventWriter(path, tree, DEPOSITS_TREE) as writer:
        for events in ([0, 1, 2], [3]):
            writer.extend(*deposits_columns(deposits.select(torch.tensor(events))))
        if metadata is not None:
            writer.put_metadata("simulation", metadata)
    return path


@pytest.fixture
def path(tmp_path, deposits):
    return write(tmp_path / "d.root", deposits, INFO.to_metadata())


def same(one, two):
    for name in ("ptr", "pos", "energy", "length", "time"):
        values, others = getattr(one, name), getattr(two, name)
        assert values.dtype == others.dtype
        assert torch.equal(values, others), name
    assert one.truth.keys() == two.truth.keys()
    for name, values in one.truth.items():
        assert values.dtype == two.truth[name].dtype, name
        assert torch.equal(values, two.truth[name]), name


def test_deposits_on_a_server(path, deposits):
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/d.root", path.read_bytes())
    same(read_deposits("memory://d.root"), deposits)
    same(read_deposits(str(path)), deposits)
    memory.rm("/d.root")
    with pytest.raises(InputError, match=r"memory://d\.root"):
        read_deposits("memory://d.root")


def test_round_trip(path, deposits):
    same(read_deposits(path), deposits)
    file = DepositsFile(path)
    assert file.info == INFO
    assert file.info.beam.high == (1.0, 2.0, 3.0)
    assert len(file) == 4


@pytest.mark.parametrize(("start", "stop"), [(0, 4), (1, 3), (1, 2), (3, 4), (2, 2), (2, None)])
def test_ranges(path, deposits, start, stop):
    events = torch.arange(start, 4 if stop is None else stop)
    file = pickle.loads(pickle.dumps(DepositsFile(path)))  # noqa: S301 - as processes do
    same(file.read(start, stop), deposits.select(events))


@pytest.mark.parametrize(("start", "stop"), [(-1, 2), (0, 5), (3, 2)])
def test_ranges_beyond_the_file(path, start, stop):
    with pytest.raises(IndexError, match="0 to 4"):
        DepositsFile(path).read(start, stop)


def test_what_is_read_may_be_changed(path):
    deposits = read_deposits(path)
    deposits.energy.mul_(2)
    deposits.truth["energy"].zero_()


@pytest.mark.parametrize(
    ("metadata", "part"),
    [
        (None, "cannot read them"),
        ({"format": 2}, "format 2"),
        ({"format": 1, "seed": 3}, "without material, step"),
        (replace(INFO, events=7).to_metadata(), "expected 7 events"),
    ],
)
def test_metadata_that_do_not_fit(tmp_path, deposits, metadata, part):
    path = write(tmp_path / "d.root", deposits, metadata)
    with pytest.raises(InputError, match=part) as error:
        DepositsFile(path)
    assert "--deposits" in str(error.value)
    assert str(path) in str(error.value)


def test_files_of_something_else(tmp_path, deposits):
    with pytest.raises(InputError, match="no such file"):
        DepositsFile(tmp_path / "gone.root")
    path = write(tmp_path / "e.root", deposits, INFO.to_metadata(), tree="events")
    with pytest.raises(InputError, match="'deposits'"):
        DepositsFile(path)
    path = tmp_path / "less.root"
    events, rows, counts = deposits_columns(deposits)
    del rows["time"]
    with EventWriter(path, DEPOSITS_TREE, DEPOSITS_TREE) as writer:
        writer.extend(events, rows, counts)
    with pytest.raises(InputError, match="deposits_time"):
        DepositsFile(path)


def test_a_file_cut_short(path):
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged or cut short"):
        DepositsFile(path)


def test_lists_of_unequal_length(tmp_path):
    """Nothing in ROOT keeps branches with counters of their own in step."""
    path = tmp_path / "d.root"
    names = ["x", "y", "z", "energy", "length", "time"]
    lists = {f"deposits_{name}": ak.Array([[1.0], [2.0]]) for name in names}
    lists["deposits_time"] = ak.Array([[1.0, 2.0], [3.0]])
    numbers = ["event", "pdg", "energy"]
    numbers += [f"{what}_{axis}" for what in ("vertex", "direction") for axis in "xyz"]
    with uproot.recreate(path) as file:
        file["simulation"] = json.dumps(replace(INFO, events=2).to_metadata())
        columns = {name: np.arange(2) for name in numbers}
        types = {name: values.dtype for name, values in columns.items()}
        types |= dict.fromkeys(lists, "var * float32")
        file.mktree(DEPOSITS_TREE, types)
        file[DEPOSITS_TREE].extend({**columns, **lists})
    with pytest.raises(InputError, match="deposits_time has others"):
        read_deposits(path)


def test_differences():
    assert INFO.differences({"seed": INFO.seed, "material": "liquid argon"}) == []
    assert INFO.differences({"energy": (80.0, 500.0), "step": 0.5}) == [
        "--energy: the file has 80, 600, wanted 80, 500",
        "step: the file has 0.3, wanted 0.5",
    ]
