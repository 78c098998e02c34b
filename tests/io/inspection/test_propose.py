"""First schemas: the right branches are found, and the YAML is read back as it is."""

from __future__ import annotations

import re
from types import SimpleNamespace

import awkward as ak
import numpy as np
import pytest
import uproot
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hitclr.errors import InputError, SchemaError
from hitclr.io import BadInput, Sample, load_schema, read_samples
from hitclr.io.inspection import propose, values
from hitclr.io.inspection.guess import guess_branches
from hitclr.io.inspection.inspect import summarise_tree
from hitclr.io.inspection.propose import propose_schema

EVENTS = 40
RANDOM = np.random.default_rng(8)
COUNTS = RANDOM.integers(1, 9, EVENTS)
TRACKS = COUNTS[::-1] + 1


def lists(low=-1.0, high=1.0, counts=COUNTS, dtype=float):
    """A branch with a list of random values in each entry."""
    values = np.random.default_rng(3).uniform(low, high, counts.sum()).astype(dtype)
    return ak.unflatten(values, counts)


def points(*names, **more):
    return {name: lists(**more) for name in names}


@pytest.fixture
def propose_for(tmp_path, write):
    def make(columns, **trees):
        path = tmp_path / "a.root"
        write(path, columns)
        return propose_schema(path, **trees)

    return make


def read_back(proposal, tmp_path):
    path = tmp_path / "schema.yaml"
    path.write_text(proposal.text, encoding="utf-8")
    return load_schema(path)


@pytest.mark.parametrize(
    "names",
    [
        ("hits.pos.x", "hits.pos.y", "hits.pos.z"),
        ("hit_x", "hit_y", "hit_z"),
        ("x", "y", "z"),
        ("X", "Y", "Z"),
        ("posx", "posy", "posz"),
        ("hitX", "hitY", "hitZ"),
        ("x_hit_mm", "y_hit_mm", "z_hit_mm"),
        ("HitPosX", "HitPosY", "HitPosZ"),
        ("digi_x", "digi_y", "digi_z"),
    ],
)
def test_ways_to_name_positions(propose_for, names, tmp_path):
    proposal = propose_for({**points(*names[::-1]), "q": lists(0, 9)})
    schema = read_back(proposal, tmp_path)
    assert schema == proposal.schema
    assert schema.positions.branches == names
    assert schema.positions.unit == ("mm" if "mm" in names[0] else "unknown")
    assert [(f.name, f.branch) for f in schema.features] == [("charge", "q")]
    assert schema.tree == "events"


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("hit_", "trk_"),
        ("hits.pos.", "mc_hits.pos."),
        ("", "vertex_"),
        ("", "p"),
        ("hits.", "hits.dir."),
        ("hits.", "hits.mom_"),
        ("hit_", "hit_err_"),
        ("hit_", "cluster_"),
        ("hits.pos.", "hits.corner_"),
    ],
)
def test_better_positions_win(propose_for, good, bad):
    names = [good + axis for axis in "xyz"]
    others = points(*(bad + axis for axis in "xyz"))
    proposal = propose_for({**others, **points(*names), "hit_q": lists()})
    assert proposal.schema.positions.branches == tuple(names)


def test_simulated_hits_are_taken_where_there_are_no_others(propose_for):
    proposal = propose_for({**points("mc_hit_x", "mc_hit_y", "mc_hit_z"), "mc_hit_t": lists()})
    assert proposal.schema.positions.branches == ("mc_hit_x", "mc_hit_y", "mc_hit_z")
    assert "CHECK: SIMULATED" in proposal.text
    assert [f.branch for f in proposal.schema.features] == ["mc_hit_t"]


def test_no_positions(tmp_path, write):
    columns = {
        **points("trk_x", "trk_y", "trk_z"),
        **points("hit_x", "hit_y"),
        "hit_z": lists(counts=TRACKS),
        "run": np.arange(EVENTS),
    }
    path = write(tmp_path / "a.root", columns)
    with pytest.raises(SchemaError) as caught:
        propose_schema(path)
    message = str(caught.value)
    for words in (str(path), "looked for", "hit_z (vector<double>)", "trk_x", "what to do"):
        assert words in message
    assert "run" not in message


def test_flat_rows_without_events_are_told(tmp_path, write):
    path = write(
        tmp_path / "a.root", {"hit_x": np.zeros(3), "hit_y": np.zeros(3), "hit_z": [1.0] * 3}
    )
    with pytest.raises(
        SchemaError, match="hit_x, hit_y, hit_z in events hold one number per entry"
    ):
        propose_schema(path)


def test_file_without_a_tree(tmp_path):
    with uproot.recreate(tmp_path / "a.root") as file:
        file["histogram"] = np.histogram([1.0, 2.0])
    with pytest.raises(SchemaError, match="no tree at all"):
        propose_schema(tmp_path / "a.root")


@pytest.fixture
def everything():
    """A tree with all that can be guessed, and distractions."""
    pdg = np.where(np.arange(EVENTS) % 4 == 0, -12, 12).astype(np.int32)
    return {
        **points("hits.pos.x", "hits.pos.y", "hits.pos.z", low=-300, high=300),
        **points("hits.dir.x", "hits.dir.y", "hits.dir.z"),
        "hits.t": lists(1e7, 9e7),
        "hits.tot": lists(1, 255, dtype=np.uint32),
        "hits.a": lists(0, 5),
        "hits.dom_id": lists(0, 100, dtype=np.int32),
        "hits.channel_id": lists(0, 31, dtype=np.uint32),
        "hits.trig": lists(0, 2, dtype=np.int32),
        "hits.true_t": lists(),
        "hits.quality": lists(),
        "trks.t": lists(counts=TRACKS),
        "mc_trks.type": ak.concatenate([pdg[:, None], lists(1, 99, TRACKS, np.int32)], axis=1),
        "mc_trks.E": lists(1, 99, TRACKS),
        "trks.E": lists(1, 99, TRACKS),
        "run_id": np.full(EVENTS, 17),
        "mc_run_id": np.full(EVENTS, 1),
        "id": np.arange(EVENTS),
        "weight": np.linspace(0, 1, EVENTS),
    }


def test_everything_is_found(propose_for, everything, tmp_path):
    proposal = propose_for(everything)
    schema = read_back(proposal, tmp_path)
    assert schema.positions.branches == ("hits.pos.x", "hits.pos.y", "hits.pos.z")
    features = {feature.name: feature for feature in schema.features}
    assert list(features) == ["time", "charge", "dir.x", "dir.y", "dir.z"]
    assert features["time"].branch == "hits.t"
    assert features["time"].relative_to == "median"
    assert features["time"].unit == "unknown"
    assert features["charge"].branch == "hits.tot"
    assert features["dir.z"].branch == "hits.dir.z"
    assert features["dir.z"].unit == "1"
    assert schema.hit_columns == {"dom_id": "hits.dom_id", "channel_id": "hits.channel_id"}
    assert [(c.branch, c.index) for c in schema.label.columns] == [("mc_trks.type", 0)]
    assert schema.label.classes == {"class_-12": ((-12,),), "class_12": ((12,),)}
    observers = {name: (c.branch, c.index) for name, c in schema.observers.items()}
    assert observers == {
        "run": ("run_id", None),
        "event": ("id", None),
        "event_weight": ("weight", None),
        "energy": ("mc_trks.E", 0),
    }
    assert "class_-12: -12  # 10 entries, anti-nu_e" in proposal.text
    assert proposal.guesses.others == ("hits.true_t", "hits.quality")
    assert "hits.true_t" in proposal.text
    assert proposal.text.count("unknown  # CHECK: write the unit") == 3


def test_the_reader_takes_it(tmp_path, everything, write):
    path = write(tmp_path / "a.root", everything)
    proposal = propose_schema(path)
    store = read_samples(proposal.schema, [Sample("mc", (path,))], BadInput())
    assert (len(store), store.num_hits) == (EVENTS, COUNTS.sum())
    assert store.labels.bincount().tolist() == [10, 30]
    assert store.class_names == ("class_-12", "class_12")


def uncomment(text, start):
    """The text with the comment that begins with ``start`` and the lines below turned on."""
    before, marked, after = text.partition(f"\n{start}")
    assert marked
    block, blank, rest = (start + after).partition("\n\n")
    return before + "\n" + re.sub("^# ", "", block, flags=re.MULTILINE) + blank + rest


def test_what_is_offered_in_comments_is_valid(propose_for, everything):
    everything["mc_trks.type"] = ak.full_like(everything["mc_trks.type"], 14)
    proposal = propose_for(everything)
    assert proposal.schema.label is None
    assert "a single class" in proposal.text
    text = uncomment(uncomment(proposal.text, "# label:"), "# select_hits:")
    text = text.replace("  # - {name: a,", "  - {name: a,")
    schema = load_schema(yaml.safe_load(text))
    assert schema.label.classes == {"class_14": ((14,),)}
    assert [(s.branch, s.min) for s in schema.select_hits] == [("hits.trig", 1)]
    assert [f.branch for f in schema.features if f.name == "a"] == ["hits.a"]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (lists(0, 100), "nothing"),
        (lists(1e5, 1.001e5), "median"),
        (lists(-2e5, 0), "median"),
        (lists(0, 10) + 100 * np.arange(EVENTS), "median"),
        (lists(0, 900) + np.arange(EVENTS), "nothing"),
    ],
    ids=["small", "large", "large negative", "events apart", "events together"],
)
def test_time_is_made_relative_where_it_must_be(propose_for, times, expected):
    proposal = propose_for({**points("x", "y", "z"), "t": times})
    assert proposal.schema.features[0].relative_to == expected


def test_time_with_nan_and_empty_events(propose_for):
    counts = COUNTS.copy()
    counts[:5] = 0
    times = lists(0, 10, counts) + 100 * np.arange(EVENTS)
    first = ak.local_index(times) == 0
    times = ak.where(first & (ak.num(times) > 1), np.nan, times)
    proposal = propose_for({**points("x", "y", "z", counts=counts), "t": times})
    assert "NaN" in proposal.text
    assert proposal.schema.features[0].relative_to == "median"


def test_two_branches_for_one_hit_column(propose_for):
    columns = points("hit_x", "hit_y", "hit_z", "hit_q")
    ids = {name: lists(0, 9, dtype=np.int32) for name in ("hit_dom_id", "hit_old_dom_id")}
    proposal = propose_for({**columns, **ids})
    assert proposal.schema.hit_columns == {"dom_id": "hit_dom_id"}
    assert "# dom_id: hit_old_dom_id  # left out" in proposal.text


def test_numbers_of_hits_are_no_observers(propose_for):
    numbers = np.linspace(0, 1, EVENTS)
    proposal = propose_for({**points("x", "y", "z"), "q": lists(), "hits_energy": numbers})
    assert proposal.schema.observers == {}
    proposal = propose_for({**points("x", "y", "z"), "q": lists(), "nu_energy": numbers})
    assert proposal.schema.observers["energy"].branch == "nu_energy"


def test_empty_lists_are_not_taken_for_hits_of_another_collection(propose_for):
    empty = ak.unflatten(np.zeros(0), np.zeros(EVENTS, dtype=int))
    columns = dict.fromkeys(("hit_x", "hit_y", "hit_z", "hit_t", "calo_charge"), empty)
    assert [f.branch for f in propose_for(columns).schema.features] == ["hit_t"]


def test_what_is_always_the_same_is_left_out(propose_for):
    constant = ak.zeros_like(lists())
    dirs = {"hit_dir_x": constant, "hit_dir_y": constant, "hit_dir_z": lists()}
    hits = points("hit_x", "hit_y", "hit_z")
    integers = {"hit_pmt": ak.values_astype(constant, np.int32)}
    proposal = propose_for({**hits, **dirs, **integers, "hit_q": constant, "hit_adc": lists()})
    names = [(f.name, f.branch) for f in proposal.schema.features]
    assert names[0] == ("charge", "hit_adc")
    assert [name for name, _ in names[1:]] == ["dir.x", "dir.y", "dir.z"]  # a vector stays whole
    assert proposal.schema.hit_columns == {}
    assert "# pmt: hit_pmt  # left out: named pmt; always 0" in proposal.text
    assert "# - {name: q, branch: hit_q}  # named q; always 0" in proposal.text
    proposal = propose_for({**hits, **dict.fromkeys(dirs, constant), "hit_q": lists()})
    assert [f.name for f in proposal.schema.features] == ["charge"]


@pytest.mark.parametrize(
    ("labels", "used"),
    [
        ({"label": np.arange(EVENTS) % 3, "pdg": np.arange(EVENTS) % 2}, "label"),
        ({"label": np.zeros(EVENTS, int), "pdg": np.arange(EVENTS) % 2}, "pdg"),
        ({"category": np.arange(EVENTS)}, None),
        ({"is_signal": np.arange(EVENTS) % 2 == 0}, "is_signal"),
        ({"event_class": np.arange(EVENTS) % 2}, "event_class"),
        ({"class": np.linspace(0, 1, EVENTS)}, None),
        ({"hit_type": np.arange(EVENTS) % 2}, None),
        ({"trk_type": np.arange(EVENTS) % 2}, None),
        ({"trk_type": lists(0, 3, TRACKS, np.int32)}, None),
        ({"tr_pdg": lists(0, 3, TRACKS, np.int32)}, "tr_pdg"),
        ({"mc_type": lists(0, 3, TRACKS, np.int32)}, "mc_type"),
        ({"mc_trk_rec_type": lists(0, 3, TRACKS, np.int32)}, None),
        ({"nothing": np.arange(EVENTS) % 2}, None),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else str(value),
)
def test_labels(propose_for, labels, used):
    proposal = propose_for({**points("x", "y", "z"), "q": lists(), **labels})
    label = proposal.schema.label
    assert (label and label.columns[0].branch) == used
    if used:
        values = labels[used]
        first = ak.firsts(values) if values.ndim == 2 else values
        assert [v[0][0] for v in label.classes.values()] == sorted({int(v) for v in first})


def test_label_of_many_values_is_told_as_a_comment(propose_for):
    proposal = propose_for({**points("x", "y", "z"), "q": lists(), "category": np.arange(EVENTS)})
    assert "#   category: named category; 40 different values" in proposal.text
    assert ": 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, ..." in proposal.text


def test_entries_without_a_label_are_told(propose_for):
    counts = np.where(np.arange(EVENTS) < 4, 0, 2)
    types = ak.unflatten(np.tile([11, 13], counts.sum() // 4).repeat(2), counts)
    proposal = propose_for({**points("x", "y", "z"), "q": lists(), "mc_type": types})
    assert set(proposal.schema.label.classes) == {"class_11", "class_13"}
    assert "none in 4 of them" in proposal.text


def test_tree_without_entries(propose_for, everything):
    proposal = propose_for({name: values[:0] for name, values in everything.items()})
    assert proposal.schema.positions.branches == ("hits.pos.x", "hits.pos.y", "hits.pos.z")
    assert "CHECK: the tree has no entries" in proposal.text
    assert proposal.schema.label is None
    assert {f.branch for f in proposal.schema.features} >= {"hits.t", "hits.tot"}
    assert "trks.t" not in {f.branch for f in proposal.schema.features}
    assert proposal.schema.hit_columns["dom_id"] == "hits.dom_id"


@pytest.mark.parametrize(
    ("value", "caution"), [(0.0, "all positions are zero"), (np.nan, "are NaN or infinite")]
)
def test_odd_positions_are_told(propose_for, value, caution):
    bad = ak.full_like(lists(), value)
    proposal = propose_for({"hit_x": bad, "hit_y": bad, "hit_z": bad, "hit_t": lists()})
    assert f"CHECK: {'some positions ' if value else ''}{caution}" in proposal.text


def test_no_hits_and_particles_are_told(propose_for):
    empty = ak.unflatten(np.zeros(0), np.zeros(EVENTS, dtype=int))
    proposal = propose_for({"x": empty, "y": empty, "z": empty, "t": empty})
    assert "CHECK: there is not one hit in the first 40 entries" in proposal.text
    proposal = propose_for(points("x", "y", "z", "Px", "Py", "Pz", "E"))
    assert "CHECK: Px, Py, Pz lie beside them: these may be particles" in proposal.text


def test_a_feature_stands_in_where_none_is_recognised(propose_for):
    proposal = propose_for(points("hit_x", "hit_y", "hit_z", "hit_quality"))
    assert [(f.name, f.branch) for f in proposal.schema.features] == [
        ("hit_quality", "hit_quality")
    ]
    assert "CHECK: no time, charge or direction" in proposal.text
    proposal = propose_for(points("hit_x", "hit_y", "hit_z", "hit_true_t"))
    assert [(f.name, f.branch) for f in proposal.schema.features] == [("z", "hit_z")]


@pytest.fixture
def two_trees(tmp_path):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        for name, prefix, number in (
            ("mc", "mc_hit_", 5),
            ("deep/raw", "hit_", 5),
            ("few", "hit_", 1),
        ):
            columns = {prefix + c: lists()[:number] for c in "xyzq"}
            file.mkrntuple(
                name, columns if number > 1 else {n: v[:, :1] for n, v in columns.items()}
            )
        file.mkrntuple("runs", {"run": np.arange(3)})
    return path


def test_the_tree_with_the_best_hits_is_chosen(two_trees):
    proposal = propose_schema(two_trees)
    assert proposal.schema.tree == "deep/raw"
    assert proposal.choice.endswith("in other trees too: few, mc")
    assert proposal.choice in proposal.text
    assert propose_schema(two_trees, "mc").schema.positions.branches[0] == "mc_hit_x"
    with pytest.raises(SchemaError, match="lists of numbers in runs"):
        propose_schema(two_trees, "runs")
    with pytest.raises(InputError, match="named 'rwa'"):
        propose_schema(two_trees, "rwa")


def test_a_tree_with_hits_goes_before_an_empty_one(tmp_path):
    with uproot.recreate(tmp_path / "a.root") as file:
        file.mktree("hits", dict.fromkeys(("hit_x", "hit_y", "hit_z", "hit_q"), "var * float64"))
        file.mkrntuple("plain", points("x", "y", "z", "q"))
        file.mkrntuple("none", {"q": lists()})
    proposal = propose_schema(tmp_path / "a.root")
    assert proposal.schema.tree == "plain"
    assert proposal.choice.endswith("in other trees too: hits")


def test_rntuple_collections(tmp_path):
    hits = ak.zip({name: lists() for name in ("x", "y", "z", "charge")})
    with uproot.recreate(tmp_path / "a.root") as file:
        file.mkrntuple("events", {"hits": hits})
    schema = propose_schema(tmp_path / "a.root").schema
    assert schema.positions.branches == ("hits.x", "hits.y", "hits.z")
    assert [f.branch for f in schema.features] == ["hits.charge"]


class FakeTree:
    """A tree with branches in folders, which uproot reads but cannot write."""

    name, num_entries = "E", EVENTS

    def __init__(self, columns):
        self.columns = columns

    def keys(self, *, recursive):
        return list(self.columns)

    def items(self, *, recursive):
        return [(name, self[name]) for name in self.columns]

    def __getitem__(self, name):
        def array(entry_start=0, entry_stop=None, library="ak"):
            return self.columns[name][entry_start:entry_stop]

        return SimpleNamespace(keys=list, typename="", array=array)


def test_folders_hold_collections(monkeypatch):
    monkeypatch.setattr(values, "read_branch", lambda tree, name, *_: tree[name].array())
    names = ["E/hits/hits.pos.x", "E/hits/hits.pos.y", "E/hits/hits.pos.z", "E/hits/hits.t"]
    tree = FakeTree(points(*names, "E/other/q", "E/mc_trks/E", "E/trks/E"))
    guesses = guess_branches(tree, summarise_tree(tree, "E"), "file")
    assert [g.branch for g in guesses.of("position", "time", "charge")] == names
    assert [(g.branch, g.index) for g in guesses.of("observer")] == [("E/mc_trks/E", 0)]


@pytest.mark.parametrize("stem", ["hit: #", "hit's [3]{", 'hit, "q"', "- hit ", "héhit_"])
def test_names_that_yaml_would_misread(tmp_path, stem):
    names = [stem + axis for axis in "xyz"]
    with uproot.recreate(tmp_path / "a.root") as file:
        file.mkrntuple("tree: yes #", {**points(*names), stem + "q": lists()})
    proposal = propose_schema(tmp_path / "a.root")
    schema = read_back(proposal, tmp_path)
    assert schema == proposal.schema
    assert schema.tree == "tree: yes #"
    assert schema.positions.branches == tuple(names)


@given(st.text())
def test_any_text_survives_yaml(text):
    assert yaml.safe_load(f"- {propose._scalar(text)}  # {propose._line(text)}") == [text]
