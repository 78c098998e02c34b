"""The demo's settings, and the numbers in its notes counted from the files."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hitclr_km3net import MC_LABEL, OFFLINE, OFFLINE_SNAPSHOT
from hitclr_km3net.demo import DEMO, demo_settings

from hitclr.config import make_settings
from hitclr.errors import MissingExtraError
from hitclr.io import BadInput, Sample, read_samples

NOTES = " ".join(DEMO.notes)


@pytest.fixture(scope="module")
def samples():
    settings = make_settings(demo_settings())
    return [
        Sample(name, tuple(map(Path, s.files)), s.label, s.labelled, s.use)
        for name, s in settings.data.samples.items()
    ]


@pytest.fixture(scope="module")
def store(samples):
    return read_samples(OFFLINE, samples, BadInput())


def events(store, name):
    domain = store.domain_names.index(name)
    return store.select((store.events["domain"] == domain).nonzero().flatten())


def strings(store):
    """The number of strings that have a hit: modules less than 8 m apart in x and y share one."""
    dom, index = store.hits["hit_dom_id"].unique(return_inverse=True)
    place = torch.zeros(len(dom), 2, dtype=torch.float64)
    place.index_add_(0, index, store.hits["pos"][:, :2].double())
    place /= torch.bincount(index)[:, None]
    close = torch.cdist(place, place) < 8
    assert (close[close.long().argmax(1)] == close).all()  # they fall apart into clear groups
    return len(close.long().argmax(1).unique())


def test_settings_are_valid_and_plain():
    settings = make_settings(demo_settings())
    assert settings.schema_source == "km3net-offline"
    assert settings.data.samples["mixed-orca6"].label == MC_LABEL
    assert [name for name, s in settings.data.samples.items() if s.use != "split"] == [
        "mixed-orca6"
    ]


def test_files_exist_once(samples):
    files = [file for sample in samples for file in sample.files]
    assert all(file.is_file() for file in files)
    assert len({file.read_bytes() for file in files}) == len(files) == 5


def test_numbers_of_events(store):
    assert store.class_names == ("track", "shower")
    counts = {
        name: torch.bincount(events(store, name).labels, minlength=2).tolist()
        for name in store.domain_names
    }
    assert counts == {
        "muon-cc-orca6": [140, 0],
        "nue-cc-orca115": [0, 10],
        "nue-cc-arca": [0, 31],
        "anumu-nc-arca": [0, 10],
        "mixed-orca6": [14, 16],
    }
    for phrase in ("140 tracks", "51 showers", "30 further", "14 tracks and 16 showers"):
        assert phrase in NOTES


@pytest.mark.parametrize(
    ("name", "low", "high", "types", "phrase"),
    [
        ("muon-cc-orca6", 50, 496, {14}, "50 to 500 GeV"),
        ("nue-cc-orca115", 10, 57, {12, -12}, "10 to 57 GeV"),
        ("nue-cc-arca", 10284, 570281, {12}, "10 to 570 TeV"),
        ("anumu-nc-arca", 231, 306, {-14}, "231 to 306 GeV"),
        ("mixed-orca6", 1, 5582, {12, -12, 14, -14}, "1.3 GeV to 5.6 TeV"),
    ],
)
def test_energies(store, name, low, high, types, phrase):
    part = events(store, name)
    energy = part.events["energy"]
    assert (round(float(energy.min())), round(float(energy.max()))) == (low, high)
    assert set(part.events["mc_type"].tolist()) == types
    assert phrase in NOTES


def test_hits(store):
    for name, median in (("muon-cc-orca6", 39), ("mixed-orca6", 26), ("nue-cc-arca", 284)):
        assert np.median(events(store, name).hits_per_event()) == median
        assert str(median) in DEMO.notes[-1]


def test_detectors(samples):
    snapshot = read_samples(OFFLINE_SNAPSHOT, samples, BadInput())
    numbers = {name: strings(events(snapshot, name)) for name in snapshot.domain_names}
    assert numbers == {
        "muon-cc-orca6": 6,
        "nue-cc-orca115": 115,
        "nue-cc-arca": 115,
        "anumu-nc-arca": 115,
        "mixed-orca6": 6,
    }
    muons, mixed = (events(snapshot, name) for name in ("muon-cc-orca6", "mixed-orca6"))
    assert set(muons.events["det_id"].tolist()) == set(mixed.events["det_id"].tolist()) == {49}
    heights = []
    for part in (muons, mixed):
        ids = 32 * part.hits["hit_dom_id"] + part.hits["hit_channel_id"]
        heights.append(dict(zip(ids.tolist(), part.hits["pos"][:, 2].tolist(), strict=True)))
    common = heights[0].keys() & heights[1].keys()
    assert len(common) > 2000
    shift = np.mean([heights[1][tube] - heights[0][tube] for tube in common])
    assert shift == pytest.approx(-6.3, abs=0.05)
    assert "6.3 m lower" in NOTES


def test_says_how_to_get_the_files(monkeypatch):
    monkeypatch.setitem(sys.modules, "km3net_testdata", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'hitclr-km3net\[demo\]'"):
        demo_settings()
