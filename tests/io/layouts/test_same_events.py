"""The same events in every layout: what is read is the same to the last bit."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import torch
import uproot

from hitclr.data import BatchPlan
from hitclr.events import EventStore, blocks_of
from hitclr.io import BadInput, Sample, Schema, StoredFeed, load_schema, read_samples
from hitclr.io.feeding import StreamedFeed
from hitclr.io.layouts import flat
from hitclr.io.reading import iterate

NUMBER = 60
HITS = ("hit_x", "hit_y", "hit_z", "hit_q", "hit_t", "hit_module", "hit_trig")
NESTED = {
    "hit_x": "hits.pos.x",
    "hit_y": "hits.pos.y",
    "hit_z": "hits.pos.z",
    "hit_q": "hits.q",
    "hit_t": "hits.t",
    "hit_module": "hits.module",
    "hit_trig": "hits.trig",
}
FLAT = {"layout": "flat", "group_by": ["run", "event"]}
SCHEMA: dict[str, Any] = {
    "name": "same",
    "tree": "events",
    "derive": {
        "scaled": "hit_q * energy",
        "total": "sum(scaled)",
        "share": "scaled / total",
        "odd": "event % 2",
    },
    "select": "total > 60 and energy > 2",
    "positions": {"branches": ["hit_x", "hit_y", "hit_z"], "unit": "cm"},
    "features": [
        {"name": "charge", "branch": "hit_q", "unit": "pe"},
        {"name": "t", "branch": "hit_t", "unit": "ns", "relative_to": "median"},
        {"name": "first", "branch": "hit_t", "unit": "ns", "relative_to": "minimum"},
        {"name": "share", "branch": "share"},
    ],
    "hit_columns": {"module": "hit_module"},
    "select_hits": [{"branch": "hit_trig", "min": 1}, "scaled > 0.5", "hit_x < 100 * energy"],
    "label": {"columns": "pdg", "classes": {"muon": 13, "anti": -13}},
    "observers": {"run": "run", "energy": "energy", "total": "total", "odd": "odd"},
    "key": "event",
    "weight": "energy",
}


@pytest.fixture(scope="module")
def columns(make_columns: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    made = make_columns(NUMBER, 3, "track")
    kept = {name: made[name] for name in (*HITS, "pdg")}
    kept["run"] = np.repeat(np.array([17, 18], dtype=np.int32), NUMBER // 2)
    kept["event"] = np.random.default_rng(1).permutation(NUMBER).astype(np.int64) + 2**40
    kept["energy"] = np.asarray(made["truth_energy"][:, 0])
    return kept


def rows_of(columns: dict[str, Any]) -> dict[str, Any]:
    """A row for each hit."""
    counts = ak.to_numpy(ak.num(columns["hit_x"]))
    return {
        name: ak.to_numpy(ak.flatten(values)) if name in HITS else np.repeat(values, counts)
        for name, values in columns.items()
    }


def scattered(columns: dict[str, Any]) -> dict[str, Any]:
    """The rows over the whole file; first hits come as the events do, and hits in their order."""
    counts = ak.to_numpy(ak.num(columns["hit_x"]))
    event = np.repeat(np.arange(NUMBER), counts)
    time = event + np.random.default_rng(2).uniform(0, 1, len(event)) * (NUMBER - event)
    time[np.cumsum(counts) - counts] = np.arange(NUMBER)
    time = time[np.lexsort((time, event))]
    return {name: values[np.argsort(time)] for name, values in rows_of(columns).items()}


def records(columns: dict[str, Any]) -> dict[str, Any]:
    """One list of nested records for each event."""
    hits = {name.removeprefix("hit_"): columns[name] for name in HITS}
    position = ak.zip({axis: hits.pop(axis) for axis in "xyz"})
    made = {name: values for name, values in columns.items() if name not in HITS}
    return {"hits": ak.zip({"pos": position, **hits}, depth_limit=2), **made}


def rntuple(path: Path, columns: dict[str, Any], step: int) -> Path:
    """Write columns as an RNTuple with ``step`` entries a cluster."""
    number = len(next(iter(columns.values())))
    with uproot.recreate(path) as file:
        parts = [
            {name: values[start : start + step] for name, values in columns.items()}
            for start in range(0, number, step)
        ]
        file.mkrntuple("events", parts[0])
        for part in parts[1:]:
            file["events"].extend(part)
    return path


def nested(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema with the names of the members of nested records."""

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: renamed(one) for key, one in value.items()}
        if isinstance(value, list):
            return [renamed(one) for one in value]
        if isinstance(value, str):
            return re.sub(r"\bhit_\w+", lambda found: NESTED[found[0]], value)
        return value

    return {key: renamed(value) for key, value in schema.items()}


LAYOUTS = ("tree", "vectors", "records", "flat tree", "flat rntuple", "scattered")


@pytest.fixture(scope="module")
def sources(
    columns: dict[str, Any],
    write: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, tuple[Path, Schema]]:
    """For each layout, a file with clusters of few entries and its schema."""
    folder = tmp_path_factory.mktemp("layouts")
    flat_schema = load_schema({**SCHEMA, **FLAT})
    rows = rows_of(columns)
    return {
        "tree": (write(folder / "tree.root", columns, baskets=7), load_schema(SCHEMA)),
        "vectors": (rntuple(folder / "vectors.root", columns, 7), load_schema(SCHEMA)),
        "records": (
            rntuple(folder / "records.root", records(columns), 7),
            load_schema(nested(SCHEMA)),
        ),
        "flat tree": (write(folder / "flat.root", rows, baskets=50), flat_schema),
        "flat rntuple": (rntuple(folder / "flat_rn.root", rows, 50), flat_schema),
        "scattered": (
            write(folder / "scattered.root", scattered(columns), baskets=50),
            load_schema({**SCHEMA, **FLAT, "rows": "any"}),
        ),
    }


def read(source: tuple[Path, Schema], **options: Any) -> tuple[EventStore, list[Any]]:
    path, schema = source
    bad = BadInput("skip")
    return read_samples(schema, [Sample("toy", (path,))], bad, **options), bad.table()


@pytest.fixture(scope="module")
def jagged(sources: dict[str, tuple[Path, Schema]]) -> tuple[EventStore, list[Any]]:
    """What the jagged tree gives, and what is skipped of it."""
    return read(sources["tree"])


def assert_same(one: EventStore, two: EventStore) -> None:
    assert torch.equal(one.ptr, two.ptr)
    assert one.feature_names == two.feature_names
    assert one.feature_units == two.feature_units
    assert one.class_names == two.class_names
    for mine, other in ((one.hits, two.hits), (one.events, two.events)):
        assert list(mine) == list(other)
        for name, column in mine.items():
            assert column.dtype == other[name].dtype, name
            assert torch.equal(column, other[name]), name


def test_what_the_jagged_tree_gives(
    jagged: tuple[EventStore, list[Any]], columns: dict[str, Any]
) -> None:
    """That to which the others are compared, against awkward itself."""
    store, table = jagged
    scaled = columns["hit_q"] * columns["energy"]
    total = ak.to_numpy(ak.sum(scaled, axis=1))
    keep = (columns["hit_trig"] == 1) & (scaled > 0.5)
    good = (total > 60) & (columns["energy"] > 2)
    some = ak.to_numpy(ak.any(keep, axis=1))
    assert 10 < (good & some).sum() < NUMBER - 10
    good &= some
    assert [row["reason"] for row in table] in ([], ["no selected hits"])
    assert store.hits_per_event().tolist() == ak.sum(keep, axis=1)[good].tolist()
    assert store.events["key"].tolist() == columns["event"][good].tolist()
    assert store.events["event_id"][:, 1].tolist() == np.flatnonzero(good).tolist()
    assert store.labels.tolist() == [0 if pdg == 13 else 1 for pdg in columns["pdg"][good]]
    np.testing.assert_allclose(store.events["total"].numpy(), total[good], rtol=1e-12)
    share = ak.flatten((scaled / total)[keep][good])
    np.testing.assert_allclose(store.hits["x"][:, 3].numpy(), ak.to_numpy(share), rtol=1e-6)
    np.testing.assert_array_equal(
        store.events["weight"].numpy(), columns["energy"][good].astype(np.float32)
    )
    assert store.events["odd"].tolist() == (columns["event"][good] % 2).tolist()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("chunk", "threads"), [(None, 1), (None, 2), (1, 1), (3000, 2)])
def test_every_layout_gives_the_same(
    sources: dict[str, tuple[Path, Schema]],
    jagged: tuple[EventStore, list[Any]],
    monkeypatch: pytest.MonkeyPatch,
    layout: str,
    chunk: int | None,
    threads: int,
) -> None:
    expected, skipped = jagged
    seen: list[tuple[int, int]] = []
    if chunk is not None:
        monkeypatch.setattr(iterate, "_CHUNK_BYTES", chunk)
        monkeypatch.setattr(flat, "_PIECE", 7)  # events straddle what is grouped at a time
    store, table = read(
        sources[layout], threads=threads, progress=lambda _, *done: seen.append(done)
    )
    assert_same(store, expected)
    assert table == skipped
    assert seen[-1] == (NUMBER, NUMBER)
    assert len(seen) == 1 if chunk is None else len(seen) > 4


@pytest.mark.parametrize("piece", [1, 2, 7, 50, 10_000])
def test_pieces_of_the_grouping_columns_do_not_matter(
    sources: dict[str, tuple[Path, Schema]],
    jagged: tuple[EventStore, list[Any]],
    monkeypatch: pytest.MonkeyPatch,
    piece: int,
) -> None:
    monkeypatch.setattr(flat, "_PIECE", piece)
    assert_same(read(sources["flat rntuple"])[0], jagged[0])


@pytest.mark.parametrize("layout", ["flat tree", "flat rntuple"])
def test_clusters_of_rows_become_clusters_of_events(
    sources: dict[str, tuple[Path, Schema]], columns: dict[str, Any], layout: str
) -> None:
    """A cluster begins with the first event that begins in it."""
    path, schema = sources[layout]
    with iterate.open_event_tree(schema, schema.label, path) as (tree, _):
        starts = np.cumsum(ak.to_numpy(ak.num(columns["hit_x"]))) - ak.to_numpy(
            ak.num(columns["hit_x"])
        )
        assert tree.entries(0, NUMBER).tolist() == starts.tolist()
        expected = {int((starts < border).sum()) for border in range(0, int(starts[-1]) + 1, 50)}
        assert set(tree.clusters.tolist()) == expected | {0, NUMBER}
        assert len(tree.clusters) > 5


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("threads", [1, 2])
def test_batches_from_the_files_are_those_from_memory(
    sources: dict[str, tuple[Path, Schema]],
    jagged: tuple[EventStore, list[Any]],
    layout: str,
    threads: int,
) -> None:
    path, schema = sources[layout]
    samples = [Sample("toy", (path,))]
    store, _ = read(sources[layout])
    feed = StreamedFeed(dataclasses.replace(store, hits={}), schema, samples, 16, threads=threads)
    plan = BatchPlan(torch.arange(len(store)), 5, 3, blocks=blocks_of(store, 16), buffer=16)
    steps = plan.steps(0)
    given = list(StoredFeed(jagged[0]).batches(steps))
    found = list(feed.batches(steps))
    assert len(found) == len(given) > 3
    for one, two in zip(found, given, strict=True):
        assert sorted(one.keys()) == sorted(two.keys())
        for name in sorted(one.keys()):
            if isinstance(two[name], torch.Tensor):
                assert torch.equal(one[name], two[name]), name
