"""What hitclr reads against what km3io reads, and files that cannot be used."""

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
    OFFLINE_MC,
    OFFLINE_MC_MUON,
    OFFLINE_SNAPSHOT,
)
from km3net_testdata import data_path

from hitclr.errors import InputError
from hitclr.io import (
    BadInput,
    Feature,
    LabelRule,
    Positions,
    Reason,
    Sample,
    Schema,
    iterate_file,
    load_schema,
    read_samples,
)

MIXED = (
    "KM3NeT_00000049_00011291.mc.gsg_neutrinos.km3sim_sirene_merged.jterbr.jppmuon_jppshower_"
    "static.offline.v9.2.sample.root"
)
FILES = [
    MIXED,
    "mcv5.0.gsg_elec-CC_10-100GeV.km3sim.JDK.jte.jmergefit.orca.aanet.909.evtsample.root",
    "mcv5.1.genhen_anumuNC.sirene.jte.jchain.aashower.sample.root",
    "mcv6.0.gsg_muon_highE-CC_50-500GeV.km3sim.jterbr00008357.jorcarec.aanet.905.root",
    "usr-sample.root",
]


def path(name):
    return Path(data_path(name if "/" in name else f"offline/{name}"))


def read(schema, name, policy="raise", **sample):
    bad_input = BadInput(policy)
    return read_samples(schema, [Sample("s", (path(name),), **sample)], bad_input), bad_input


@pytest.mark.parametrize("schema", [OFFLINE, OFFLINE_SNAPSHOT], ids=lambda schema: schema.name)
@pytest.mark.parametrize("name", FILES)
def test_hits_are_those_of_km3io(schema, name):
    store, _ = read(schema, name, label="any")
    events = km3io.OfflineReader(str(path(name))).events
    hits = events.hits
    used = hits.trig >= (1 if schema is OFFLINE else 0)

    def expected(column):
        return ak.to_numpy(ak.flatten(getattr(hits, column)[used]))

    assert store.hits_per_event().tolist() == ak.sum(used, axis=1).tolist()
    for axis, letter in enumerate("xyz"):
        np.testing.assert_array_equal(
            store.hits["pos"][:, axis], expected(f"pos_{letter}").astype(np.float32)
        )
        column = store.feature_names.index(f"dir.{letter}")
        np.testing.assert_array_equal(
            store.hits["x"][:, column], expected(f"dir_{letter}").astype(np.float32)
        )
    times = [np.asarray(t)[np.asarray(u)] for t, u in zip(hits.t, used, strict=True)]
    times = np.concatenate([t - np.median(t) for t in times])
    np.testing.assert_allclose(store.hits["x"][:, 0], times, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(store.hits["x"][:, 1], expected("tot"))
    for column in ("dom_id", "channel_id", "trig"):
        assert store.hits[f"hit_{column}"].dtype == torch.int64
        np.testing.assert_array_equal(store.hits[f"hit_{column}"], expected(column))
    assert store.events["run_id"].tolist() == events.run_id.tolist()
    assert store.events["det_id"].tolist() == events.det_id.tolist()
    energies = ak.fill_none(ak.firsts(events.mc_tracks.E), np.nan)
    np.testing.assert_allclose(store.events["energy"], energies, rtol=1e-6)


def test_units_and_names():
    assert OFFLINE.positions.unit == "m"
    assert [(f.name, f.unit) for f in OFFLINE.features[:2]] == [("t", "ns"), ("tot", "ns")]
    names = [schema.name for schema in (OFFLINE, OFFLINE_MC, OFFLINE_SNAPSHOT)]
    assert names == ["km3net-offline", "km3net-offline-mc", "km3net-offline-snapshot"]


@pytest.mark.parametrize("schema", [OFFLINE, OFFLINE_MC, OFFLINE_MC_MUON, OFFLINE_SNAPSHOT])
def test_survives_yaml(schema, tmp_path):
    file = tmp_path / "schema.yaml"
    file.write_text(schema.to_yaml())
    assert load_schema(file) == schema


def test_class_by_truth():
    store, _ = read(OFFLINE_MC, MIXED)
    # Not the flag: a charged current is known by the charged lepton that leaves the interaction.
    kinds = km3io.OfflineReader(str(path(MIXED))).events.mc_tracks.pdgid.tolist()
    expected = []
    for first, *others in kinds:
        flavour = abs(first)
        charged = (1 if first > 0 else -1) * (flavour - 1) in others
        expected.append("track" if flavour == 14 and charged else "shower")
    assert [store.class_names[label] for label in store.labels] == expected
    assert expected.count("track") == 14
    assert expected.count("shower") == 16


MUPAGE = "mupage/mcv8.1.mupage_tuned_100G.sirene.jterbr00013288.10.root"


def classes_of(schema, name):
    """The class of every entry, also of those without hits."""
    names = tuple(schema.label.classes)
    chunks = iterate_file(schema, schema.label, names, path(name))
    labels = np.concatenate([chunk.labels for chunk in chunks])
    return [names[label] if label >= 0 else None for label in labels]


def test_muons_by_truth():
    assert classes_of(OFFLINE_MC_MUON, MUPAGE) == ["muon"] * 10
    assert classes_of(OFFLINE_MC, MUPAGE) == [None] * 10
    # Neutrinos are of the same classes under both rules.
    for name in (MIXED, "muon_cc_events.root"):
        assert classes_of(OFFLINE_MC_MUON, name) == classes_of(OFFLINE_MC, name)
    assert set(classes_of(OFFLINE_MC_MUON, MIXED)) == {"track", "shower"}


@pytest.mark.parametrize(
    ("first", "interaction", "expected"),
    [
        (14, 2, "track"),
        (-14, 2, "track"),
        (14, 3, "shower"),
        (-12, 2, "shower"),
        (12, 3, "shower"),
        (-16, 3, "shower"),
        (16, 2, None),
        (81, None, "muon"),
        (13, None, "muon"),
        (-13, None, "muon"),
        (14, None, None),
        (2212, None, None),
        (None, None, None),
    ],
)
def test_rule_with_muons(first, interaction, expected, tmp_path):
    """On a file that has these alone."""
    file = tmp_path / "truth.root"
    branches = {
        "Evt/mc_trks/mc_trks.type": [] if first is None else [first, 22],
        "Evt/w2list": [] if interaction is None else [7.0] * 10 + [float(interaction), 0.0],
    }
    schema = Schema(
        name="truth",
        tree="E",
        derive=OFFLINE_MC_MUON.derive,
        positions=Positions(branches=("x", "x", "x"), unit="m"),
        features=(Feature(name="x", branch="x"),),
        label=MC_LABEL_MUON,
    )
    with uproot.recreate(file) as out:
        types = dict.fromkeys(("x", *branches), "var * float64")
        out.mktree("E", types, counter_name=lambda name: f"n_{abs(hash(name))}")
        out["E"].extend({"x": ak.Array([[1.0]]), **{n: ak.Array([v]) for n, v in branches.items()}})
    names = tuple(MC_LABEL_MUON.classes)
    (chunk,) = iterate_file(schema, MC_LABEL_MUON, names, file)
    assert chunk.labels.tolist() == [-1 if expected is None else names.index(expected)]


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        (OFFLINE_MC, "nothing there, nothing there. in Evt/mc_trks/mc_trks.type, Evt/w2list"),
        (OFFLINE_MC_MUON, "nothing there, 0. in Evt/mc_trks/mc_trks.type, interaction"),
    ],
)
def test_data_have_no_truth(schema, told):
    with pytest.raises(InputError, match=told) as caught:
        read(schema, "usr-sample.root")
    assert caught.value.reason == Reason.UNKNOWN_LABEL
    assert (caught.value.file, caught.value.entry) == (str(path("usr-sample.root")), 0)


def test_constant_of_the_muon_bundle():
    assert MC_LABEL_MUON.classes["muon"][0] == (81, 0)
    assert km3io.definitions.trkmembers["PDG_MUONBUNDLE"] == 81


def test_place_and_values_of_the_interaction_type():
    branches = [column.branch for column in MC_LABEL.columns]
    assert branches == ["Evt/mc_trks/mc_trks.type", "Evt/w2list"]
    assert MC_LABEL.columns[1].index == km3io.definitions.w2list_gseagen["W2LIST_GSEAGEN_CC"]
    assert set(MC_LABEL.classes["track"]) == {(14, 2), (-14, 2)}
    values = {value for values in MC_LABEL.classes.values() for value in values}
    assert {(16, 2), (-16, 2)}.isdisjoint(values)
    assert len(values) == 10


def test_rule_survives_as_plain_values():
    assert LabelRule.model_validate(MC_LABEL.model_dump(mode="json")) == MC_LABEL


def test_other_generators_have_no_interaction_type():
    with pytest.raises(InputError) as caught:
        read(OFFLINE_MC, "mcv5.1.genhen_anumuNC.sirene.jte.jchain.aashower.sample.root")
    assert caught.value.reason == Reason.UNKNOWN_LABEL
    assert caught.value.entry == 0


@pytest.mark.parametrize(
    ("name", "reason", "events"),
    [
        ("mupage/mcv8.1.mupage_tuned_100G.sirene.jterbr00013288.10.root", Reason.NO_HITS, 10),
        ("muon_cc_events.root", Reason.NO_HITS, 1000),
        ("km3net_offline.root", Reason.ZERO_POSITIONS, 10),
        ("numucc.root", Reason.ZERO_POSITIONS, 10),
    ],
)
def test_events_that_cannot_be_used(name, reason, events):
    with pytest.raises(InputError) as caught:
        read(OFFLINE, name)
    assert caught.value.reason == reason
    assert caught.value.file == str(path(name))
    assert caught.value.tree == "E"
    assert caught.value.entry == 0

    bad_input = BadInput("skip")
    samples = [
        Sample("bad", (path(name), path("usr-sample.root")), label="any"),
    ]
    store = read_samples(OFFLINE, samples, bad_input)
    assert len(store) == 3
    (row,) = bad_input.table()
    assert (row["unit"], row["reason"], row["count"]) == ("event", str(reason), events)


def test_tree_without_entries():
    with pytest.raises(InputError) as caught:
        read(OFFLINE, "empty_events.root")
    assert caught.value.reason == Reason.NO_ENTRIES
    assert caught.value.tree == "E"
    assert caught.value.file == str(path("empty_events.root"))

    bad_input = BadInput("skip")
    samples = [Sample("s", (path("empty_events.root"), path("usr-sample.root")))]
    assert len(read_samples(OFFLINE, samples, bad_input)) == 3
    (row,) = bad_input.table()
    assert (row["unit"], row["reason"], row["count"]) == ("file", str(Reason.NO_ENTRIES), 1)


def test_a_sample_of_nothing_is_an_error_even_when_skipping():
    with pytest.raises(InputError, match="no event left"):
        read(OFFLINE, "muon_cc_events.root", policy="skip")
