"""The reader: what it reads equals what was written, and every fault is named or counted."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import torch
import uproot

from hitclr.errors import InputError, SchemaError
from hitclr.io import (
    BadInput,
    LabelRule,
    Reason,
    Sample,
    Schema,
    check_samples,
    load_schema,
    read_samples,
)
from hitclr.io.reading import iterate
from hitclr.io.reading.columns import _is_number


@pytest.fixture
def schema(toy_schema) -> Schema:
    return load_schema(toy_schema)


def changed(toy_schema, **update) -> Schema:
    return load_schema({**toy_schema, **update})


def read(schema, path, policy="raise", **sample):
    bad = BadInput(policy)
    return read_samples(schema, [Sample("toy", (path,), **sample)], bad), bad


def test_arrays_are_those_written(schema, tmp_path, make_columns, write):
    columns = make_columns(20, 3, "track")
    store, bad = read(schema, write(tmp_path / "a.root", columns))
    assert len(store) == 20
    assert bad.table() == []
    pos = np.stack([ak.to_numpy(ak.flatten(columns[f"hit_{c}"])) for c in "xyz"], 1)
    np.testing.assert_array_equal(store.hits["pos"].numpy(), pos.astype(np.float32))
    charge = ak.to_numpy(ak.flatten(columns["hit_q"])).astype(np.float32)
    np.testing.assert_array_equal(store.hits["x"][:, 0].numpy(), charge)
    medians = np.array([np.median(event) for event in columns["hit_t"]])
    time = ak.to_numpy(ak.flatten(columns["hit_t"] - medians)).astype(np.float32)
    np.testing.assert_array_equal(store.hits["x"][:, 1].numpy(), time)
    module = ak.to_numpy(ak.flatten(columns["hit_module"])).astype(np.int64)
    np.testing.assert_array_equal(store.hits["hit_module"].numpy(), module)
    assert store.hits["hit_module"].dtype == torch.int64
    assert store.events["run"].tolist() == [17] * 20
    first = ak.to_numpy(columns["truth_energy"][:, 0])
    np.testing.assert_array_equal(store.events["energy"].numpy(), first)
    assert store.events["event_id"].tolist() == [[0, entry] for entry in range(20)]
    assert store.feature_names == ("charge", "t")
    assert store.class_names == ("toy",)


def test_relative_to_minimum(toy_schema, tmp_path, make_columns, write):
    columns = make_columns(8, 3, "shower")
    features = [{"name": "t", "branch": "hit_t", "relative_to": "minimum"}]
    store, _ = read(changed(toy_schema, features=features), write(tmp_path / "a.root", columns))
    expected = ak.flatten(columns["hit_t"] - ak.min(columns["hit_t"], axis=1))
    np.testing.assert_array_equal(
        store.hits["x"][:, 0].numpy(), ak.to_numpy(expected).astype(np.float32)
    )


def test_hit_selection_acts_before_the_median(toy_schema, tmp_path, make_columns, write):
    columns = make_columns(30, 4, "track")
    selecting = changed(toy_schema, select_hits=[{"branch": "hit_trig", "min": 1}])
    store, bad = read(selecting, write(tmp_path / "a.root", columns), policy="skip")
    kept = columns["hit_trig"] == 1
    some = ak.to_numpy(ak.any(kept, axis=1))
    assert store.hits_per_event().tolist() == ak.sum(kept, axis=1)[some].tolist()
    times = columns["hit_t"][kept][some]
    expected = ak.flatten(times - np.array([np.median(event) for event in times]))
    np.testing.assert_array_equal(
        store.hits["x"][:, 1].numpy(), ak.to_numpy(expected).astype(np.float32)
    )
    assert sum(row["count"] for row in bad.table()) == int((~some).sum())


def test_labels_by_rule(schema, toy_files):
    rule = LabelRule(columns="pdg", classes={"track": [13, -13], "shower": [11, -11]})
    samples = [
        Sample("a", (toy_files["shower"],), rule),
        Sample("b", (toy_files["track"],), rule),
    ]
    store = read_samples(schema, samples, BadInput())
    assert store.class_names == ("track", "shower")
    assert store.labels.tolist() == [1] * 60 + [0] * 60
    assert store.events["domain"].tolist() == [0] * 60 + [1] * 60
    assert store.files == (str(toy_files["shower"]), str(toy_files["track"]))
    assert store.events["event_id"][60].tolist() == [1, 0]


def test_labels_by_several_columns_and_an_element(schema, toy_files):
    rule = LabelRule(
        columns=[{"branch": "truth_pdg", "index": 0}, {"branch": "truth_pdg", "index": 1}],
        classes={"mu": [[13, 22], [-13, 22]], "other": [[11, 22]]},
    )
    store = read_samples(
        schema,
        [Sample("a", (toy_files["track"],), rule), Sample("b", (toy_files["shower"],), "other")],
        BadInput(),
    )
    assert store.labels.tolist() == [0] * 60 + [1] * 60


def test_unlabelled_samples_have_label_minus_one(schema, toy_files):
    samples = [
        Sample("a", (toy_files["track"],)),
        Sample("b", (toy_files["shower"],), labelled=False),
    ]
    store = read_samples(schema, samples, BadInput())
    assert store.class_names == ("a",)
    assert store.labels.tolist() == [0] * 60 + [-1] * 60


def test_given_classes_fix_the_order_and_must_be_all(schema, toy_files):
    samples = [Sample(kind, (path,)) for kind, path in toy_files.items()]
    store = read_samples(schema, samples, BadInput(), classes=("shower", "track"))
    assert store.labels[0] == 1
    with pytest.raises(SchemaError, match="also name shower"):
        read_samples(schema, samples, BadInput(), classes=("track",))


def test_chunks_do_not_matter(schema, toy_files, monkeypatch):
    samples = [Sample(kind, (path,)) for kind, path in toy_files.items()]
    whole = read_samples(schema, samples, BadInput())
    monkeypatch.setattr(iterate, "_CHUNK_BYTES", 1000)
    calls = []
    cut = read_samples(
        schema, samples, BadInput(), progress=lambda file, done, total: calls.append((done, total))
    )
    assert len(calls) > 10
    assert calls[-1] == (60, 60)
    for name, column in whole.hits.items():
        assert torch.equal(column, cut.hits[name])
    for name, column in whole.events.items():
        assert torch.equal(column, cut.events[name])


def test_rntuples_are_read_as_trees_are(schema, tmp_path, make_columns, write, monkeypatch):
    columns = make_columns(30, 2, "track")
    tree, _ = read(schema, write(tmp_path / "tree.root", columns))
    with uproot.recreate(tmp_path / "rntuple.root") as file:
        file.mkrntuple("events", columns)
    for size in (2**26, 2000):
        monkeypatch.setattr(iterate, "_CHUNK_BYTES", size)
        rntuple, _ = read(schema, tmp_path / "rntuple.root")
        for name in tree.hits:
            assert torch.equal(tree.hits[name], rntuple.hits[name])


def test_times_in_ns_since_1970_keep_their_digits(toy_schema, tmp_path, write, make_columns):
    columns = make_columns(4, 2, "track")
    counts = ak.num(columns["hit_t"])
    exact = np.arange(int(ak.sum(counts))) % 7
    columns["hit_t"] = ak.unflatten(1_700_000_000_000_000_000 + exact, counts)
    features = [{"name": "t", "branch": "hit_t", "relative_to": "minimum"}]
    store, _ = read(changed(toy_schema, features=features), write(tmp_path / "a.root", columns))
    lists = ak.unflatten(exact, counts)
    expected = ak.to_numpy(ak.flatten(lists - ak.min(lists, axis=1)))
    assert store.hits["x"][:, 0].tolist() == expected.tolist()


def test_strings_and_fractional_ids_are_refused(toy_schema, tmp_path, toy_files):
    with pytest.raises(InputError, match="fractional numbers"):
        read(changed(toy_schema, hit_columns={"q": "hit_q"}), toy_files["track"])
    array = ak.Array([["a", "bc"], ["d"]])
    assert not _is_number(array)
    assert not _is_number(ak.Array(["a", "b"]))
    assert _is_number(ak.Array([[1.0], []]))


def test_numbers_beyond_float32_are_not_finite(schema, tmp_path, make_columns, write):
    columns = make_columns(3, 2, "track")
    columns["hit_q"] = columns["hit_q"] * 1e39
    with pytest.raises(InputError, match="fit float32"):
        read(schema, write(tmp_path / "a.root", columns))


# -- faults of files -------------------------------------------------------------------------


def test_missing_file_names_the_nearest(schema, toy_files):
    wrong = toy_files["track"].with_name("trak.root")
    with pytest.raises(InputError) as caught:
        read(schema, wrong)
    assert caught.value.reason == Reason.MISSING_FILE
    assert str(wrong) in str(caught.value)
    assert "track.root" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", Reason.DAMAGED_FILE),
        (b"# not a ROOT file", Reason.NOT_ROOT),
        (b"root", Reason.DAMAGED_FILE),
        (b"root" + bytes(200), Reason.DAMAGED_FILE),
    ],
)
def test_unreadable_files(schema, tmp_path, toy_files, content, reason):
    path = tmp_path / "bad.root"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read(schema, path)
    assert caught.value.reason == reason
    bad = BadInput("skip")
    store = read_samples(schema, [Sample("toy", (path, toy_files["track"]))], bad)
    assert len(store) == 60
    assert bad.table() == [
        {"unit": "file", "reason": str(reason), "sample": "toy", "class": "toy", "count": 1}
    ]


@pytest.mark.parametrize("tenth", range(1, 10))
def test_truncated_files_never_give_fewer_events_silently(schema, tmp_path, toy_files, tenth):
    whole = toy_files["track"].read_bytes()
    path = tmp_path / "cut.root"
    path.write_bytes(whole[: len(whole) * tenth // 10])
    with pytest.raises(InputError) as caught:
        read(schema, path)
    assert str(path) in str(caught.value)
    bad = BadInput("skip")
    store = read_samples(schema, [Sample("toy", (path, toy_files["track"]))], bad)
    assert len(store) == 60
    assert [row["unit"] for row in bad.table()] == ["file"]


def test_missing_tree_lists_those_there(toy_schema, toy_files):
    with pytest.raises(InputError, match="the file has: events") as caught:
        read(changed(toy_schema, tree="event"), toy_files["track"])
    assert caught.value.reason == Reason.MISSING_TREE


def test_missing_branch_names_file_tree_and_nearest(toy_schema, toy_files):
    positions = {"branches": ["hit_x", "hit_y", "hits_z"], "unit": "cm"}
    with pytest.raises(InputError) as caught:
        read(changed(toy_schema, positions=positions), toy_files["track"])
    message = str(caught.value)
    assert caught.value.reason == Reason.MISSING_BRANCH
    assert caught.value.branch == "hits_z"
    for part in (str(toy_files["track"]), "tree: events", "hits_z", "closest: hit_z"):
        assert part in message


@pytest.mark.parametrize(
    ("update", "match"),
    [
        ({"features": [{"name": "r", "branch": "run"}]}, "list of numbers per entry"),
        ({"observers": {"pdg": "truth_pdg"}}, "index: 0"),
        ({"observers": {"run": {"branch": "run", "index": 0}}}, "leave the index out"),
    ],
)
def test_wrong_types(toy_schema, toy_files, update, match):
    with pytest.raises(InputError, match=match) as caught:
        read(changed(toy_schema, **update), toy_files["track"])
    assert caught.value.reason == Reason.WRONG_TYPE


def test_tree_without_entries(schema, tmp_path, make_columns, write, toy_files):
    empty = {name: values[:0] for name, values in make_columns(2, 0, "track").items()}
    path = write(tmp_path / "empty.root", empty)
    with pytest.raises(InputError, match="no entries") as caught:
        read(schema, path)
    assert caught.value.reason == Reason.NO_ENTRIES
    with pytest.raises(InputError, match="empty sample is an error under either policy"):
        read(schema, path, policy="skip")
    bad = BadInput("skip")
    assert len(read_samples(schema, [Sample("t", (path, toy_files["track"]))], bad)) == 60
    assert bad.table()[0]["reason"] == "no entries"


# -- faults of events ------------------------------------------------------------------------


def with_fault(columns, fault):
    """Spoil the events 2 and 5 of ten."""
    x = columns["hit_x"].tolist()
    if fault is Reason.NO_HITS:
        for name in [name for name in columns if name.startswith("hit_")]:
            lists = columns[name].tolist()
            lists[2], lists[5] = [], []
            columns[name] = ak.values_astype(
                ak.Array(lists), columns[name].type.content.content.primitive
            )
    elif fault is Reason.UNEQUAL_LENGTHS:
        x[2] = x[2][:-1]
        x[5] = [*x[5], 0.0]
        columns["hit_x"] = ak.Array(x)
    elif fault is Reason.NOT_FINITE:
        x[2][0], x[5][1] = float("nan"), float("inf")
        columns["hit_x"] = ak.Array(x)
    elif fault is Reason.ZERO_POSITIONS:
        for c in "xyz":
            lists = columns[f"hit_{c}"].tolist()
            lists[2], lists[5] = [0.0] * len(lists[2]), [0.0] * len(lists[5])
            columns[f"hit_{c}"] = ak.Array(lists)
    elif fault is Reason.UNKNOWN_LABEL:
        columns["pdg"][[2, 5]] = 999
    return columns


@pytest.mark.parametrize(
    "fault",
    [
        Reason.NO_HITS,
        Reason.UNEQUAL_LENGTHS,
        Reason.NOT_FINITE,
        Reason.ZERO_POSITIONS,
        Reason.UNKNOWN_LABEL,
    ],
)
def test_faulty_events_are_named_or_counted(schema, tmp_path, make_columns, write, fault):
    clean = make_columns(10, 8, "track")
    path = write(tmp_path / "a.root", with_fault(make_columns(10, 8, "track"), fault))
    rule = LabelRule(columns="pdg", classes={"track": [13, -13]})
    with pytest.raises(InputError) as caught:
        read(schema, path, label=rule)
    assert caught.value.reason == fault
    assert caught.value.entry == 2
    for part in (str(path), "tree: events", "entry: 2", "2 such entries", "what to do"):
        assert part in str(caught.value)

    store, bad = read(schema, path, policy="skip", label=rule)
    good = [0, 1, 3, 4, 6, 7, 8, 9]
    assert store.events["event_id"][:, 1].tolist() == good
    expected = ak.to_numpy(ak.flatten(clean["hit_y"][good])).astype(np.float32)
    np.testing.assert_array_equal(store.hits["pos"][:, 1].numpy(), expected)
    label = "" if fault is Reason.UNKNOWN_LABEL else "track"
    assert bad.table() == [
        {"unit": "event", "reason": str(fault), "sample": "toy", "class": label, "count": 2}
    ]


def test_a_single_hit_at_the_origin_is_an_event(schema, tmp_path, write, make_columns):
    columns = {name: values[:1] for name, values in make_columns(2, 0, "track").items()}
    for name in [name for name in columns if name.startswith("hit_")]:
        columns[name] = columns[name][:, :1]
    for c in "xyz":
        columns[f"hit_{c}"] = ak.Array([[0.0]])
    store, _ = read(schema, write(tmp_path / "a.root", columns))
    assert store.hits["pos"].tolist() == [[0.0, 0.0, 0.0]]


def test_a_class_without_events_is_an_error(schema, toy_files):
    rule = LabelRule(columns="pdg", classes={"track": [13, -13], "tau": [15]})
    with pytest.raises(InputError, match="class 'tau' has no event"):
        read(schema, toy_files["track"], policy="skip", label=rule)


def test_check_samples_fails_before_anything_is_read(toy_schema, toy_files, monkeypatch):
    features = [{"name": "q", "branch": "hit_charge"}]
    wrong = changed(toy_schema, features=features)
    samples = [Sample("toy", (toy_files["track"],))]
    for policy in ("raise", "skip"):
        with pytest.raises(InputError, match="hit_charge"):
            check_samples(wrong, samples, BadInput(policy))
    check_samples(load_schema(toy_schema), samples, BadInput())


def test_skips_in_a_file_that_is_dropped_whole_are_not_counted_besides(
    schema, toy_files, tmp_path, make_columns, write, monkeypatch
):
    path = write(
        tmp_path / "a.root", with_fault(make_columns(10, 8, "track"), Reason.ZERO_POSITIONS)
    )
    monkeypatch.setattr(iterate, "_CHUNK_BYTES", 1000)
    judge_events = iterate.judge_events

    def breaking_off(*arguments):
        if arguments[0].file == path and arguments[5] > 0:
            raise InputError("cut", reason=Reason.DAMAGED_FILE, file=path)
        return judge_events(*arguments)

    monkeypatch.setattr(iterate, "judge_events", breaking_off)
    bad = BadInput("skip")
    store = read_samples(schema, [Sample("toy", (path, toy_files["track"]))], bad)
    assert len(store) == 60
    assert [(row["unit"], row["count"]) for row in bad.table()] == [("file", 1)]


# -- the key and the axis ----------------------------------------------------------------------


def test_keys_are_exact_integers(toy_schema, tmp_path, make_columns, write):
    columns = make_columns(4, 3, "track")
    keys = [2**62 + 1, 2**53 + 1, -3, 0]
    columns["number"] = np.array(keys, dtype=np.int64)
    columns["pair"] = ak.Array([[1, key] for key in keys])
    columns["real"] = np.array([1e9, 2.0**53 - 1, -3, 0])
    path = write(tmp_path / "a.root", columns)
    for labelled in (True, False):
        store, _ = read(changed(toy_schema, key="number"), path, labelled=labelled)
        assert store.events["key"].tolist() == keys
        assert store.events["key"].dtype == torch.int64
    store, _ = read(changed(toy_schema, key={"branch": "pair", "index": 1}), path)
    assert store.events["key"].tolist() == keys
    store, _ = read(changed(toy_schema, key="real"), path)
    assert store.events["key"].tolist() == [10**9, 2**53 - 1, -3, 0]
    assert "key" not in read(changed(toy_schema), path)[0].events


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ([7.0, 8.0, 9.5, 3.0, float("nan"), float("inf")], "number"),
        ([7.0, 8.0, -float("inf"), 3.0, 2.0**53, 2.0**60], "number"),
        (np.array([7, 8, 2**63, 3, 2**64 - 1, 2**63 + 5], dtype=np.uint64), "number"),
        (ak.Array([[0, 7], [0, 8], [0], [0, 3], [], [1]]), {"branch": "number", "index": 1}),
    ],
)
def test_events_without_a_key_are_named_or_counted(
    toy_schema, tmp_path, make_columns, write, values, key
):
    columns = {**make_columns(6, 3, "track"), "number": values}
    if isinstance(values, list):
        columns["number"] = np.array(values)
    path = write(tmp_path / "a.root", columns)
    schema = changed(toy_schema, key=key)
    for labelled in (True, False):
        with pytest.raises(InputError) as caught:
            read(schema, path, labelled=labelled)
        assert caught.value.reason == Reason.NO_KEY
        for part in ("whole number", "branch: number", "entry: 2", "3 such", "what to do"):
            assert part in str(caught.value)
        store, bad = read(schema, path, policy="skip", labelled=labelled)
        assert store.events["key"].tolist() == [7, 8, 3]
        assert store.events["event_id"][:, 1].tolist() == [0, 1, 3]
        assert [(row["reason"], row["count"]) for row in bad.table()] == [("no event key", 3)]


def test_every_sample_needs_the_key_branch(toy_schema, toy_files):
    schema = changed(toy_schema, key="nmber")
    for labelled in (True, False):
        with pytest.raises(InputError, match="nmber") as caught:
            read(schema, toy_files["track"], labelled=labelled)
        assert caught.value.reason == Reason.MISSING_BRANCH
    with pytest.raises(InputError, match="one number per entry"):
        read(changed(toy_schema, key="truth_pdg"), toy_files["track"])


@pytest.mark.parametrize("axis", [[0, -2, 0], [3, 4, 12], [1e-200, 0, 0], [1e200, 1e200, 0]])
def test_the_axis_is_a_unit_vector_for_each_event(toy_schema, toy_files, axis):
    store, _ = read(changed(toy_schema, axis=axis), toy_files["track"])
    made = store.events["axis"]
    assert made.shape == (60, 3)
    assert made.dtype == torch.float32
    scaled = np.array(axis) / max(map(abs, axis))
    expected = (scaled / np.sqrt((scaled**2).sum())).astype(np.float32)
    np.testing.assert_allclose(made.numpy(), np.tile(expected, (60, 1)), rtol=1e-6)
    assert store.batch(torch.tensor([3, 4])).axis.shape == (2, 3)
    assert "axis" not in read(changed(toy_schema), toy_files["track"])[0].events
