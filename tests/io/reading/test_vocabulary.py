"""What a schema and a sample can say beyond branch names, each seen in what is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import torch

from hitclr.errors import InputError, SchemaError
from hitclr.events import EventStore
from hitclr.io import BadInput, Reason, Sample, load_schema, read_samples
from hitclr.io.reading import iterate, iterate_file

Write = Callable[..., Path]
Make = Callable[..., dict[str, Any]]


@pytest.fixture
def columns(make_columns: Make) -> dict[str, Any]:
    made = make_columns(40, 6, "track")
    made["event"] = np.arange(100, 140, dtype=np.int64)
    made["energy"] = np.asarray(made["truth_energy"][:, 0])
    return made


@pytest.fixture
def read(toy_schema: dict[str, Any], write: Write, tmp_path: Path, columns: dict[str, Any]) -> Any:
    """Reads ``columns``, as they are then, under a changed schema."""

    def run(policy: str = "raise", **update: Any) -> tuple[EventStore, list[dict[str, Any]]]:
        path = write(tmp_path / "a.root", columns)
        bad = BadInput(policy)
        schema = load_schema({**toy_schema, **update})
        return read_samples(schema, [Sample("toy", (path,))], bad), bad.table()

    return run


def fault_of(read: Any, **update: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        read(**update)
    return caught.value


def reasons(table: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(row["unit"], row["reason"], row["class"], row["count"]) for row in table]


def test_derived_columns_stand_wherever_branches_do(read: Any, columns: dict[str, Any]) -> None:
    store, _ = read(
        derive={
            "metres": "hit_x / 100",
            "number": "count(metres)",
            "share": "hit_q / sum(hit_q) * number",
            "big": "number > 10",
            "even": "hit_module % 2 == 0",
        },
        positions={"branches": ["metres", "hit_y", "hit_z"], "unit": "m"},
        features=[{"name": "share", "branch": "share"}],
        hit_columns={"even": "even"},
        label={"columns": "big", "classes": {"small": 0, "big": 1}},
        observers={"number": "number"},
    )
    counts = ak.to_numpy(ak.num(columns["hit_x"]))
    assert store.events["number"].tolist() == counts.tolist()
    assert store.labels.tolist() == (counts > 10).astype(int).tolist()
    metres = ak.to_numpy(ak.flatten(columns["hit_x"])) / 100
    np.testing.assert_array_equal(store.hits["pos"][:, 0].numpy(), metres.astype(np.float32))
    share = columns["hit_q"] / ak.sum(columns["hit_q"], axis=1) * counts
    np.testing.assert_allclose(
        store.hits["x"][:, 0].numpy(), ak.to_numpy(ak.flatten(share)), rtol=1e-6
    )
    even = ak.to_numpy(ak.flatten(columns["hit_module"])) % 2 == 0
    assert store.hits["hit_even"].tolist() == even.astype(int).tolist()


@pytest.mark.parametrize(
    ("derive", "what"),
    [
        ({"a": "b + 1", "b": "hit_q"}, "a is derived from b.*put it first"),
        ({"hit_q": "hit_q * 2"}, "hit_q is derived from hit_q.*name that is no branch's"),
        ({"a": "b + c", "b": "hit_q", "c": "hit_q"}, "a is derived from b, c.*put them first"),
        ({"a": "hit_q +"}, "cannot be parsed"),
    ],
)
def test_what_derive_refuses(toy_schema: dict[str, Any], derive: dict[str, str], what: str) -> None:
    with pytest.raises(SchemaError, match=f"(?s)derive.*{what}"):
        load_schema({**toy_schema, "derive": derive})


def test_only_what_is_needed_of_derive_is_read(read: Any) -> None:
    """A derived column that nothing uses may be of a branch that the file lacks."""
    store, _ = read(derive={"unused": "no_such_branch + 1"})
    assert len(store) == 40
    error = fault_of(read, derive={"used": "no_such_branch + 1"}, observers={"used": "used"})
    assert error.reason == Reason.MISSING_BRANCH


def test_select_is_no_fault(
    read: Any, columns: dict[str, Any], toy_schema: dict[str, Any], tmp_path: Path
) -> None:
    """Under ``raise`` too, even where the events that it leaves out are bad."""
    columns["energy"][3] = np.nan  # is not greater than 5
    out = ~(columns["energy"] > 5)
    worst = np.flatnonzero(out)[0]
    charge = columns["hit_q"]
    columns["hit_q"] = ak.where((np.arange(40) == worst) & (charge > 0), np.nan, charge)
    store, table = read(select="energy > 5")
    assert table == []
    assert 5 < len(store) < 35
    assert store.events["event_id"][:, 1].tolist() == np.flatnonzero(~out).tolist()
    schema = load_schema({**toy_schema, "select": "energy > 5"})
    (chunk,) = iterate_file(schema, "toy", ("toy",), tmp_path / "a.root")
    assert chunk.faults == ()
    assert set(chunk.codes[out].tolist()) == {Reason.DESELECTED.code}
    assert not chunk.codes[~out].any()
    columns["hit_q"] = charge
    assert len(read(select="energy")[0]) == 39, "NaN is not true"


def test_select_comes_before_what_is_derived(read: Any, columns: dict[str, Any]) -> None:
    """Lists that do not fit together are no fault in an event that is left out."""
    columns["energy"][4] = -1
    cut = ak.local_index(columns["hit_trig"]) > 0
    columns["hit_trig"] = columns["hit_trig"][cut | (np.arange(40) != 4)]
    derive = {"both": "hit_q * hit_trig"}
    store, table = read(
        derive=derive, features=[{"name": "b", "branch": "both"}], select="run > 0", policy="skip"
    )
    assert reasons(table) == [("event", "unequal lengths", "toy", 1)]
    store, table = read(
        derive=derive, features=[{"name": "b", "branch": "both"}], select="energy > 0"
    )
    assert len(store) == 39
    assert table == []


def test_lists_that_are_not_combined_may_have_other_lengths(
    read: Any, columns: dict[str, Any]
) -> None:
    """Such as tracks and hits; each is reduced to one number before."""
    tracks = np.arange(40) % 3 + 1
    columns["trk_e"] = ak.unflatten(np.arange(tracks.sum(), dtype=np.float32), tracks)
    store, table = read(select="trk_e[0] > 20 and count(hit_q) > 0 and any(hit_q * hit_trig >= 0)")
    assert table == []
    first = ak.to_numpy(columns["trk_e"][:, 0])
    assert store.events["event_id"][:, 1].tolist() == np.flatnonzero(first > 20).tolist()
    # One event whose lists are combined and do not fit is blamed alone, in all that reads them.
    cut = (ak.local_index(columns["hit_trig"]) > 0) | (np.arange(40) != 30)
    columns["hit_trig"] = columns["hit_trig"][cut]
    select = "any(hit_q * hit_trig >= 0) and any(hit_q * 2 > hit_x - 1e9) and count(trk_e) > 0"
    store, table = read("skip", select=select)
    assert len(store) == 39
    assert reasons(table) == [("event", "unequal lengths", "toy", 1)]


def test_select_may_leave_nothing(read: Any) -> None:
    for policy in ("raise", "skip"):
        error = fault_of(read, policy=policy, select="energy > 1e9")
        assert error.reason == Reason.NO_ENTRIES
        assert "no event left" in str(error)


def test_select_of_lists_is_an_error(read: Any) -> None:
    error = fault_of(read, select="hit_q > 1")
    assert error.reason == Reason.WRONG_TYPE
    assert "any(...)" in str(error)


def test_expressions_select_hits(read: Any, columns: dict[str, Any]) -> None:
    store, _ = read(select_hits=["hit_q > energy / 10", "energy > 0", "abs(hit_x) < 1000"])
    keep = columns["hit_q"] > columns["energy"] / 10
    assert store.hits_per_event().tolist() == ak.sum(keep, axis=1).tolist()
    assert 0 < len(store.hits["x"]) < ak.sum(ak.num(columns["hit_q"]))
    kept = ak.to_numpy(ak.flatten(columns["hit_q"][keep])).astype(np.float32)
    np.testing.assert_array_equal(store.hits["x"][:, 0].numpy(), kept)


def test_events_without_selected_hits_are_counted(read: Any, columns: dict[str, Any]) -> None:
    few = int((columns["energy"] <= 5).sum())
    error = fault_of(read, select_hits="energy > 5")
    assert error.reason == Reason.NOT_SELECTED
    assert error.entry == np.flatnonzero(columns["energy"] <= 5)[0]
    store, table = read("skip", select_hits="energy > 5")
    assert len(store) == 40 - few
    assert reasons(table) == [("event", "no selected hits", "toy", few)]


def test_classes_by_conditions(read: Any, columns: dict[str, Any]) -> None:
    energy = columns["energy"]
    energy[:3] = (4.0, 6.0, np.nan)
    rule = {"classes": {"low": "energy < 5", "high": "energy >= 4.5 and pdg == pdg"}}
    energy[4] = 4.7  # both
    several = ((energy < 5) & (energy >= 4.5)).sum()
    error = fault_of(read, label=rule)
    assert error.reason == Reason.UNKNOWN_LABEL
    assert "several" in str(error)
    store, table = read("skip", label=rule)
    assert store.class_names == ("low", "high")
    good = ~(((energy < 5) & (energy >= 4.5)) | np.isnan(energy))
    assert store.labels.tolist() == (energy[good] >= 5).astype(int).tolist()
    assert reasons(table) == [("event", "unknown label", "", several + 1)]
    none = fault_of(read, label={"classes": {"a": "energy < 5"}, "columns": []})
    assert "no class's condition is true" in str(none)


@pytest.mark.parametrize(
    "rule",
    [
        {"classes": {"a": "energy <"}},
        {"classes": {"a": 3}},
        {"columns": "pdg", "classes": {"a": "energy < 5"}},
        {"columns": "pdg", "classes": {"a": [13], "b": [13]}},
        {"columns": ["pdg", "run"], "classes": {"a": [13]}},
    ],
)
def test_rules_that_make_no_sense(toy_schema: dict[str, Any], rule: dict[str, Any]) -> None:
    with pytest.raises(SchemaError, match="label"):
        load_schema({**toy_schema, "label": rule})


def test_weights(read: Any, columns: dict[str, Any]) -> None:
    columns["w"] = columns["energy"] * 2
    store, _ = read(weight="w")
    assert store.events["weight"].dtype == torch.float32
    np.testing.assert_array_equal(store.events["weight"].numpy(), columns["w"].astype(np.float32))
    columns["w"][7] = np.nan
    columns["w"][9] = np.inf
    error = fault_of(read, weight="w")
    assert (error.reason, error.branch, error.entry) == (Reason.NOT_FINITE, "w", 7)
    store, table = read("skip", weight="w")
    assert reasons(table) == [("event", "not finite", "toy", 2)]
    assert len(store) == 38


def test_weights_that_float32_cannot_hold(read: Any, columns: dict[str, Any]) -> None:
    columns["energy"][5] = 1e39
    error = fault_of(read, weight="energy")
    assert (error.reason, error.entry) == (Reason.NOT_FINITE, 5)


def test_max_hits(read: Any, columns: dict[str, Any]) -> None:
    """Counted after the selection of hits."""
    counts = ak.to_numpy(ak.num(columns["hit_x"]))
    error = fault_of(read, max_hits=10)
    assert (error.reason, error.entry) == (Reason.TOO_MANY_HITS, np.flatnonzero(counts > 10)[0])
    store, table = read("skip", max_hits=10)
    assert store.hits_per_event().tolist() == counts[counts <= 10].tolist()
    assert reasons(table) == [("event", "too many hits", "toy", int((counts > 10).sum()))]
    kept = ak.to_numpy(ak.sum(columns["hit_q"] > 1, axis=1))
    store, _ = read("skip", max_hits=10, select_hits="hit_q > 1")
    assert store.hits_per_event().tolist() == kept[(kept <= 10) & (kept > 0)].tolist()


@pytest.mark.parametrize("size", [1, 2**24])
def test_a_key_comes_once_in_a_file(
    read: Any, columns: dict[str, Any], monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(iterate, "_CHUNK_BYTES", size)
    columns["event"][[11, 30]] = columns["event"][2]
    error = fault_of(read, key="event")
    assert (error.reason, error.branch, error.entry) == (Reason.DUPLICATE_KEY, "event", 11)
    assert "102" in str(error)
    store, table = read("skip", key="event")
    assert reasons(table) == [("event", "duplicate event key", "toy", 2)]
    expected = [key for key in range(100, 140) if key not in (111, 130)]
    assert store.events["key"].tolist() == expected


def test_an_event_that_is_out_keeps_no_other_out(read: Any, columns: dict[str, Any]) -> None:
    columns["event"][11] = columns["event"][2]
    columns["energy"][2] = -1
    store, table = read(key="event", select="energy > 0")
    assert table == []
    assert len(store) == 39


def test_another_file_may_have_the_key(
    toy_schema: dict[str, Any], write: Write, tmp_path: Path, columns: dict[str, Any]
) -> None:
    files = tuple(write(tmp_path / name, columns) for name in ("a.root", "b.root"))
    schema = load_schema({**toy_schema, "key": "event"})
    store = read_samples(schema, [Sample("toy", files)], BadInput())
    assert store.events["key"].tolist() == [*range(100, 140)] * 2


def test_an_unlabelled_sample_lacks_the_truth(
    toy_schema: dict[str, Any], write: Write, tmp_path: Path, columns: dict[str, Any]
) -> None:
    """Derived observers and weights too; a labelled one must have them."""
    mc = write(tmp_path / "mc.root", columns)
    data = write(tmp_path / "data.root", {k: v for k, v in columns.items() if k != "energy"})
    schema = load_schema(
        {
            **toy_schema,
            "derive": {"twice": "2 * energy", "log": "log(twice)", "total": "sum(hit_q)"},
            "observers": {"log": "log", "total": "total"},
            "weight": "twice",
        }
    )
    samples = [Sample("mc", (mc,)), Sample("data", (data,), labelled=False)]
    store = read_samples(schema, samples, BadInput())
    energy = columns["energy"]
    np.testing.assert_allclose(store.events["log"][:40].numpy(), np.log(2 * energy))
    assert store.events["log"][40:].isnan().all()
    assert torch.equal(store.events["total"][40:], store.events["total"][:40])
    np.testing.assert_array_equal(
        store.events["weight"].numpy(), np.append(2 * energy, np.ones(40)).astype(np.float32)
    )
    with pytest.raises(InputError, match="energy") as caught:
        read_samples(schema, [Sample("mc", (data,))], BadInput())
    assert caught.value.reason == Reason.MISSING_BRANCH
