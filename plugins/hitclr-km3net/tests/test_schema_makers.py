"""Hits without positions, against km3io and against the bytes of the files."""

import functools
import struct
from pathlib import Path

import awkward as ak
import km3io
import numpy as np
import pytest
import torch
import uproot
from hitclr_km3net import (
    MC_LABEL,
    MC_LABEL_MUON,
    OFFLINE,
    km3net_daq,
    km3net_offline_detx,
    read_detx,
)
from km3net_testdata import data_path

from hitclr.errors import InputError
from hitclr.io import BadInput, Reason, Sample, load_schema, read_samples

ARCA = Path(data_path("detx/KM3NeT_-00000001_20171212.detx"))
ARCA21 = Path(data_path("detx/KM3NeT_00000133_20221025.detx"))
ORCA115 = Path(data_path("detx/orca_115strings_av20min17mhorizontal_18OMs_alt9mvertical_v2.detx"))
ORCA5 = Path(data_path("detx/km3net_offline.detx"))
ORCA6 = Path(data_path("detx/D_ORCA006_t.A02181836.p.A02181837.r.A02182001.detx"))

NUE_ORCA = "mcv5.0.gsg_elec-CC_10-100GeV.km3sim.JDK.jte.jmergefit.orca.aanet.909.evtsample.root"
NUMU_ARCA = "mcv5.1.genhen_anumuNC.sirene.jte.jchain.aashower.sample.root"
MUONS_ORCA6 = "mcv6.0.gsg_muon_highE-CC_50-500GeV.km3sim.jterbr00008357.jorcarec.aanet.905.root"


def offline(name):
    return Path(data_path(f"offline/{name}"))


def read(schema, file, policy="raise"):
    bad_input = BadInput(policy)
    return read_samples(schema, [Sample("s", (file,), label="any")], bad_input), bad_input


@pytest.mark.parametrize(("name", "detx"), [(NUMU_ARCA, ARCA), (NUE_ORCA, ORCA115)])
def test_positions_are_those_of_calibrated_files(name, detx):
    """To 1 mm, the digits of the description; so are the directions, to 0.001."""
    schema = km3net_offline_detx(detx, hits="all", times="calibrated")
    store, _ = read(schema, offline(name))
    hits = km3io.OfflineReader(str(offline(name))).events.hits
    for axis, letter in enumerate("xyz"):
        expected = ak.to_numpy(ak.flatten(getattr(hits, f"pos_{letter}")))
        assert np.abs(expected).max() > 50
        assert np.abs(store.hits["pos"][:, axis].numpy() - expected).max() < 1e-3
        expected = ak.to_numpy(ak.flatten(getattr(hits, f"dir_{letter}")))
        column = store.feature_names.index(f"dir.{letter}")
        assert np.abs(store.hits["x"][:, column].numpy() - expected).max() < 1e-3
    # All else is as without a description.
    plain, _ = read(OFFLINE.model_copy(update={"select_hits": ()}), offline(name))
    assert (store.hits["x"][:, :2] == plain.hits["x"][:, :2]).all()
    assert store.events.keys() == plain.events.keys()


@functools.cache
def rows_of(detx):
    found = read_detx(detx)
    ids = zip(found.dom_id.tolist(), found.channel_id.tolist(), strict=True)
    return found, {key: row for row, key in enumerate(ids)}


def by_hand(detx, dom_id, channel_id):
    """Rows of the description, one hit after the other."""
    found, rows = rows_of(detx)
    return found, [rows[key] for key in zip(dom_id, channel_id, strict=True)]


@pytest.mark.parametrize("times", ["uncalibrated", "calibrated"])
@pytest.mark.parametrize("choice", ["triggered", "all"])
def test_times(times, choice):
    file = offline("km3net_offline.root")
    store, _ = read(km3net_offline_detx(ORCA5, hits=choice, times=times), file)
    hits = km3io.OfflineReader(str(file)).events.hits
    used = hits.trig > 0 if choice == "triggered" else hits.trig >= 0
    start = 0
    columns = (hits.dom_id[used], hits.channel_id[used], hits.t[used])
    for dom, channel, raw in zip(*columns, strict=True):
        found, rows = by_hand(ORCA5, dom.tolist(), channel.tolist())
        stop = start + len(rows)
        expected = np.asarray(raw) + (found.t0[rows] if times == "uncalibrated" else 0)
        np.testing.assert_allclose(
            store.hits["x"][start:stop, 0], expected - np.median(expected), atol=1e-3
        )
        np.testing.assert_allclose(store.hits["pos"][start:stop], found.pos[rows], atol=1e-4)
        assert store.hits["hit_string"][start:stop].tolist() == found.string[rows].tolist()
        start = stop
    assert start == store.num_hits


def test_offsets_bring_coincidences_together():
    """Hits of one flash of light in a module: calibrated, their times differ less."""
    spread = {}
    for times in ("uncalibrated", "calibrated"):
        schema = km3net_offline_detx(ORCA5, hits="all", times=times)
        store, _ = read(schema, offline("km3net_offline.root"))
        hit_time, dom = store.hits["x"][:, 0].double(), store.hits["hit_dom_id"]
        event = torch.repeat_interleave(torch.arange(len(store)), store.hits_per_event())
        pairs = (event[:, None] == event) & (dom[:, None] == dom)
        difference = (hit_time[:, None] - hit_time)[pairs].abs()
        near = difference[(difference > 0) & (difference < 15)]
        spread[times] = float(near.median())
    assert spread["uncalibrated"] < 0.8 * spread["calibrated"], spread


def test_time_offsets_are_those_of_a_calibrated_file():
    """It was calibrated with other ones of this detector: within some ns, of 200 microseconds."""
    hits = km3io.OfflineReader(str(offline(MUONS_ORCA6))).events[:5].hits
    columns = ("dom_id", "channel_id", "t", "tdc")
    flat = {name: ak.to_numpy(ak.flatten(getattr(hits, name))) for name in columns}
    found, rows = by_hand(ORCA6, flat["dom_id"].tolist(), flat["channel_id"].tolist())
    assert np.abs(flat["t"] - flat["tdc"] - found.t0[rows]).max() < 20
    assert found.t0.min() > 200_000


def daq_events(file, name, size):
    """The hits of each event, unpacked from its bytes."""
    branch = uproot.open(file)[f"KM3NET_EVENT/{name}"]
    for entry in range(branch.num_entries):
        raw = branch.debug_array(entry).tobytes()
        (number,) = struct.unpack(">I", raw[6:10])
        assert len(raw) == 10 + number * size
        hits = []
        for at in range(10, len(raw), size):
            dom, channel = struct.unpack(">iB", raw[at : at + 5])
            tdc, tot = struct.unpack("<IB", raw[at + 5 : at + 10])
            trig = struct.unpack(">Q", raw[at + 16 : at + 24])[0] if size == 24 else 0
            hits.append((dom, channel, tdc, tot, trig))
        yield hits


@pytest.mark.parametrize(
    ("name", "detx", "run"),
    [
        ("km3net_online", ORCA5, 6633),
        ("events_sample", ORCA5, 6884),
        ("KM3NeT_00000133_JDAQEvent", ARCA21, 13340),
    ],
)
@pytest.mark.parametrize(("choice", "size"), [("triggered", 24), ("snapshot", 10)])
def test_daq_files(name, detx, run, choice, size):
    file = Path(data_path(f"online/{name}.root"))
    store, _ = read(km3net_daq(detx, hits=choice), file)
    detector = read_detx(detx).detector
    assert set(store.events["det_id"].tolist()) == {detector}
    assert set(store.events["run_id"].tolist()) == {run}
    start = 0
    for hits in daq_events(file, f"{choice}Hits", size):
        dom, channel, tdc, tot, trig = (np.array(column) for column in zip(*hits, strict=True))
        found, rows = by_hand(detx, dom.tolist(), channel.tolist())
        stop = start + len(rows)
        times = tdc + found.t0[rows]
        np.testing.assert_allclose(
            store.hits["x"][start:stop, 0], times - np.median(times), rtol=1e-6, atol=1e-3
        )
        np.testing.assert_allclose(store.hits["pos"][start:stop], found.pos[rows], atol=1e-4)
        assert store.hits["x"][start:stop, 1].tolist() == tot.tolist()
        assert store.hits["hit_channel_id"][start:stop].tolist() == channel.tolist()
        if choice == "triggered":
            assert store.hits["hit_trig"][start:stop].tolist() == trig.tolist()
            assert (trig > 0).all()
        start = stop
    assert start == store.num_hits


def test_modules_of_another_detector_are_refused():
    """The modules of this file are all in the description, where they were used before."""
    name = "mcv5.11r2.gsg_muonCChigherE-CC_50-5000GeV.km3_AAv1.jterbr00004695.jchain.aanet.498.root"
    with pytest.raises(InputError, match="Evt/det_id 43; the table has Evt/det_id 44") as caught:
        read(km3net_offline_detx(ORCA5), offline(name))
    assert caught.value.reason == Reason.NOT_IN_TABLE
    assert (caught.value.file, caught.value.entry) == (str(offline(name)), 0)
    store, _ = read(km3net_offline_detx(ORCA5, detector=43), offline(name))
    assert len(store) == 307


def test_unknown_modules_are_skipped_and_counted():
    name = "mcv5.0.DAT004340.propa.sirene.jte.jchain.aanet.4340.root"
    both = (offline("km3net_offline.root"), offline(name))
    bad_input = BadInput("skip")
    store = read_samples(km3net_offline_detx(ORCA5), [Sample("s", both, label="x")], bad_input)
    assert len(store) == 10
    (row,) = bad_input.table()
    assert (row["unit"], row["reason"], row["count"]) == ("event", "not in the table", 3)


def test_several_detectors():
    schema = km3net_daq((ORCA5, ARCA21))
    names = ("events_sample", "KM3NeT_00000133_JDAQEvent")
    files = tuple(Path(data_path(f"online/{name}.root")) for name in names)
    store = read_samples(schema, [Sample("s", files, label="x")], BadInput())
    assert set(store.events["det_id"].tolist()) == {44, 133}
    for file, detx in zip(files, (ORCA5, ARCA21), strict=True):
        alone, _ = read(km3net_daq(detx), file)
        own = (store.events["det_id"] == alone.events["det_id"][0]).nonzero().flatten()
        assert (store.select(own).hits["pos"] == alone.hits["pos"]).all()


def test_classes():
    assert km3net_offline_detx(ORCA5).label is None
    assert km3net_offline_detx(ORCA5, classes="neutrinos").label == MC_LABEL
    assert km3net_offline_detx(ORCA5, classes="neutrinos-and-muons").label == MC_LABEL_MUON


@pytest.mark.parametrize("make", [km3net_offline_detx, km3net_daq])
def test_survives_yaml(make, tmp_path):
    schema = make(ORCA5)
    file = tmp_path / "schema.yaml"
    file.write_text(schema.to_yaml())
    assert load_schema(file) == schema
    assert "km3net_offline.detx" in schema.description
