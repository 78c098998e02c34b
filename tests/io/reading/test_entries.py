"""Which events of its files a sample takes, and the schema's fixed standardisation."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hitclr.errors import InputError, SchemaError
from hitclr.io import BadInput, Reason, Sample, load_schema, read_samples
from hitclr.io.feeding import StreamedFeed
from hitclr.io.reading import iterate

Write = Callable[..., Path]
Make = Callable[..., dict[str, Any]]
NUMBER = 1500


@pytest.fixture(scope="module")
def files(
    make_columns: Make, write: Write, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """Two files whose events have the same keys in opposite order."""
    folder = tmp_path_factory.mktemp("entries")
    paths = []
    for place, turn in enumerate((1, -1)):
        columns = make_columns(NUMBER, place, "track")
        columns["event"] = np.arange(NUMBER, dtype=np.int64)[::turn]
        paths.append(write(folder / f"{place}.root", columns))
    return paths[0], paths[1]


def ids(schema: dict[str, Any], files: tuple[Path, ...], name: str = "a", **sample: Any) -> Any:
    store = read_samples(load_schema(schema), [Sample(name, files, **sample)], BadInput())
    return [tuple(pair) for pair in store.events["event_id"].tolist()], store


@pytest.mark.parametrize("size", [2000, 2**24])
@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ((0, None), range(NUMBER)),
        ((10, 13), range(10, 13)),
        ((1490, None), range(1490, NUMBER)),
        ((1490, 10_000), range(1490, NUMBER)),
        ((0, 1), range(1)),
    ],
)
def test_entries_are_those_of_each_file(
    toy_schema: dict[str, Any],
    files: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    entries: tuple[int, int | None],
    expected: range,
) -> None:
    monkeypatch.setattr(iterate, "_CHUNK_BYTES", size * 50)
    found, _ = ids(toy_schema, files, entries=entries)
    assert found == [(file, entry) for file in (0, 1) for entry in expected]


def test_entries_after_the_end(toy_schema: dict[str, Any], files: tuple[Path, Path]) -> None:
    with pytest.raises(InputError, match="has 1500, which ends before entry 1500") as caught:
        ids(toy_schema, files, entries=(NUMBER, None))
    assert caught.value.reason == Reason.NO_ENTRIES


@pytest.mark.parametrize("key", [None, "event"])
def test_a_fraction_is_among_a_larger_one(
    toy_schema: dict[str, Any],
    files: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    key: str | None,
) -> None:
    """Whatever the chunks, and whatever the sample is called or stands."""
    schema = {**toy_schema, "key": key}
    taken = {part: ids(schema, files, fraction=part)[0] for part in (0.01, 0.1, 0.5, 1.0)}
    for part, found in taken.items():
        total = 2 * NUMBER
        spread = 5 * np.sqrt(2 * total * part * (1 - part))
        assert abs(len(found) - total * part) <= spread
        assert len(found) > 0
    small, tenth, half, whole = (set(taken[part]) for part in (0.01, 0.1, 0.5, 1.0))
    assert small < tenth < half < whole
    monkeypatch.setattr(iterate, "_CHUNK_BYTES", 200_000)
    assert ids(schema, files, "other", fraction=0.1)[0] == taken[0.1]
    some = ids(schema, files, fraction=0.1, entries=(200, 900))[0]
    assert some == [(file, entry) for file, entry in taken[0.1] if 200 <= entry < 900]


def test_a_fraction_follows_the_key(toy_schema: dict[str, Any], files: tuple[Path, Path]) -> None:
    """Every simulation of an event is taken, or none."""
    _, store = ids({**toy_schema, "key": "event"}, files, fraction=0.1)
    file = store.events["event_id"][:, 0]
    key = store.events["key"]
    assert sorted(key[file == 0].tolist()) == sorted(key[file == 1].tolist())
    _, store = ids(toy_schema, files, fraction=0.1)
    places = store.events["event_id"]
    assert places[places[:, 0] == 0, 1].tolist() != places[places[:, 0] == 1, 1].tolist()


def test_a_fraction_of_a_second_sample_is_that_of_its_own_files(
    toy_schema: dict[str, Any], files: tuple[Path, Path]
) -> None:
    """Samples before it do not matter."""
    alone, _ = ids(toy_schema, files[1:], fraction=0.1)
    samples = [Sample("a", files[:1]), Sample("b", files[1:], fraction=0.1)]
    store = read_samples(load_schema(toy_schema), samples, BadInput())
    second = store.events["event_id"][store.events["domain"] == 1]
    assert second[:, 1].tolist() == [entry for _, entry in alone]
    assert int((store.events["domain"] == 0).sum()) == NUMBER


@pytest.mark.parametrize("key", [None, "event"])
def test_streams_take_the_same(
    toy_schema: dict[str, Any], files: tuple[Path, Path], key: str | None
) -> None:
    options = {"entries": (200, 900), "fraction": 0.1}
    schema = {**toy_schema, "key": key}
    _, store = ids(schema, files, **options)
    samples = [Sample("a", files, **options)]
    feed = StreamedFeed(dataclasses.replace(store, hits={}), load_schema(schema), samples, 32)
    steps = [step.sort().values for step in torch.arange(len(store)).flip(0).split(40)]
    assert len(steps) > 3
    for found, events in zip(feed.batches(steps), steps, strict=True):
        expected = store.batch(events)
        for name in ("pos", "x", "ptr", "event_id"):
            assert torch.equal(found[name], expected[name])


STANDARD = {
    "features": {"charge": {"mean": 2, "scale": 1.5}, "t": {"mean": 0, "scale": 50}},
    "centre": [0, 0, 1],
    "length": 30,
}


def test_standardise(toy_schema: dict[str, Any], files: tuple[Path, Path]) -> None:
    """It is for the model: what is read stays."""
    schema = load_schema({**toy_schema, "standardise": STANDARD})
    assert schema.standardise is not None
    assert schema.standardise.features["charge"].scale == 1.5
    assert schema.standardise.centre == (0, 0, 1)
    _, plain = ids(toy_schema, files[:1], entries=(0, 5))
    _, fixed = ids({**toy_schema, "standardise": STANDARD}, files[:1], entries=(0, 5))
    assert bool((plain.hits["x"] == fixed.hits["x"]).all())


@pytest.mark.parametrize(
    ("update", "what"),
    [
        ({"features": {"charge": {"mean": 2, "scale": 1.5}}}, "the features charge, t, got charge"),
        ({"features": {}}, "got none"),
        ({"features": {**STANDARD["features"], "q": {"mean": 0, "scale": 1}}}, "charge, t, q"),
        ({"features": {**STANDARD["features"], "t": {"mean": 0, "scale": 0}}}, "scale"),
        ({"features": {**STANDARD["features"], "t": {"mean": float("nan"), "scale": 1}}}, "mean"),
        ({"features": {**STANDARD["features"], "t": {"mean": 0, "scale": float("inf")}}}, "scale"),
        ({"centre": [0, 0]}, "centre"),
        ({"centre": [0, 0, float("inf")]}, "centre"),
        ({"length": 0}, "length"),
        ({"length": float("inf")}, "length"),
    ],
)
def test_what_standardise_refuses(
    toy_schema: dict[str, Any], update: dict[str, Any], what: str
) -> None:
    with pytest.raises(SchemaError, match=f"(?s)standardise.*{what}"):
        load_schema({**toy_schema, "standardise": {**STANDARD, **update}})
