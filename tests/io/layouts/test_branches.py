"""Columns by name: members of structures, be they split into branches or stored whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot

from hitclr.errors import InputError
from hitclr.io import BadInput, Reason, Sample, load_schema, read_samples
from hitclr.io.files import branch_names
from hitclr.io.layouts import branches, lacking_branches

HIT = ak.unflatten(np.arange(1.0, 13.0), [4, 3, 5])
SCHEMA: dict[str, Any] = {
    "name": "records",
    "tree": "events",
    "positions": {"branches": ["hits.pos.x", "hits.pos.y", "hits.pos.z"], "unit": "cm"},
    "features": [{"name": "q", "branch": "hits.q"}],
    "observers": {"energy": "truth.energy"},
}


def records(path: Path, truth: dict[str, Any]) -> Path:
    position = ak.zip({"x": HIT, "y": 10 * HIT, "z": 100 * HIT})
    hits = ak.zip({"pos": position, "q": 1000 * HIT}, depth_limit=2)
    with uproot.recreate(path) as file:
        file.mkrntuple("events", {"hits": hits, "truth": ak.zip(truth)})
    return path


@pytest.fixture
def simulated(tmp_path: Path) -> Path:
    return records(tmp_path / "mc.root", {"energy": np.arange(3.0), "pdg": np.arange(3)})


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    return records(tmp_path / "data.root", {"pdg": np.arange(3)})


@pytest.fixture(params=["split", "whole"])
def stored(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether the members are branches of their own, as far as the names tell."""
    if request.param == "whole":
        monkeypatch.setattr(
            branches,
            "branch_names",
            lambda tree: [name for name in branch_names(tree) if "." not in name],
        )
    return str(request.param)


def test_members_are_found(simulated: Path, stored: str) -> None:
    store = read_samples(load_schema(SCHEMA), [Sample("mc", (simulated,))], BadInput())
    flat = ak.to_numpy(ak.flatten(HIT)).astype(np.float32)
    expected = np.stack([flat, 10 * flat, 100 * flat], 1)
    np.testing.assert_array_equal(store.hits["pos"].numpy(), expected)
    np.testing.assert_array_equal(store.hits["x"][:, 0].numpy(), 1000 * flat)
    assert store.events["energy"].tolist() == [0.0, 1.0, 2.0]


def test_a_member_of_a_member(simulated: Path, stored: str) -> None:
    """Of a structure that is stored whole, a slash is as good as a dot."""
    names = ["hits.pos.y", "hits/pos/y"] if stored == "whole" else ["hits.pos.y"]
    with uproot.open(simulated) as file:
        found = branches.Branches(file["events"], simulated, names).read(names, 1, 3)
    assert [values.tolist() for values in found.values()] == [(10 * HIT[1:3]).tolist()] * len(names)


def test_a_member_that_is_not_there_is_named(measured: Path, stored: str) -> None:
    with pytest.raises(InputError, match=r"energy") as caught:
        read_samples(load_schema(SCHEMA), [Sample("mc", (measured,))], BadInput())
    assert caught.value.reason == Reason.MISSING_BRANCH
    assert "truth.energy" in str(caught.value)


def test_lacking_branches(measured: Path) -> None:
    """A structure that is split has no other members than those it is split into."""
    with uproot.open(measured) as file:
        names = ["hits.q", "hits.nope", "truth.energy", "truth.pdg", "other.energy", "energy"]
        expected = ["hits.nope", "truth.energy", "other.energy", "energy"]
        assert lacking_branches(file["events"], names) == expected


def test_an_unlabelled_sample_may_lack_a_member(simulated: Path, measured: Path) -> None:
    samples = [Sample("mc", (simulated,)), Sample("data", (measured,), labelled=False)]
    store = read_samples(load_schema(SCHEMA), samples, BadInput())
    np.testing.assert_array_equal(store.events["energy"].numpy(), [0, 1, 2, *[np.nan] * 3])
