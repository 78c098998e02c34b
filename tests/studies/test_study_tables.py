"""The tables of a study, from cells whose numbers are known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hitclr.studies.study_tables import (
    ScoredCell,
    confusion_rows,
    invariance_rows,
    score_rows,
    study_tables,
)

THROWS = ("low", "nominal", "high")
AXES = {"gain": {"low": 0.8, "nominal": 1.0, "high": 1.2}}
CLASSES = ("a", "b")


def cell(method, seed, right, *, throws=(0, 1, 2), target=None, domain="mc", width=None):
    """39 events of known class a throw, the first ``right`` of them answered rightly, with 0.8."""
    throw = np.repeat(np.array(throws, dtype=np.int32), 40)
    key = np.tile(np.arange(40), len(throws))
    answered = np.where(key < np.repeat(right, 40), key % 2, 1 - key % 2)
    y = (key % 2).astype(np.int8)
    y[key == 39] = -1
    scores = np.full((len(key), 2), 0.2, dtype=np.float32)
    scores[np.arange(len(key)), answered] = 0.8
    embedding = None
    if width:
        events = np.random.default_rng(seed).standard_normal((40, width))
        embedding = np.concatenate([events * (-1) ** t for t in throws]).astype(np.float16)
    return ScoredCell(method, domain, target, seed, throw, key, y, scores, embedding)


def find(rows, **wanted):
    (found,) = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    return found


@pytest.fixture(scope="module")
def cells():
    return [
        cell("good", 1, [30, 39, 36], width=3),
        cell("good", 2, [30, 36, 36]),
        cell("bad", 1, [10, 20, 12]),
        cell("adapted", 1, [33], throws=(0,), target="low", width=3),
        cell("good", 1, [9, 9, 9], domain="other"),
    ]


def test_scores_of_cells(cells):
    rows = score_rows(cells, THROWS, CLASSES)
    one = {"method": "bad", "seed": 1, "throw": "low"}
    row = find(rows, **one, metric="efficiency a")
    assert (row["value"], row["events"]) == (pytest.approx(5 / 20), 20)
    assert row["low"] < row["value"] < row["high"]
    assert find(rows, **one, metric="purity b")["value"] == pytest.approx(5 / (5 + 15))
    ece = find(rows, method="good", domain="mc", seed=1, throw="nominal", metric="ECE")
    assert ece["value"] == pytest.approx(0.2)
    assert find(rows, method="adapted", metric="ECE")["target"] == "low"
    assert len(rows) == (4 * 3 + 1) * 5


def test_confusion_is_summed_over_seeds(cells):
    rows = confusion_rows(cells, THROWS, CLASSES)
    matrix = find(rows, method="good", domain="mc", throw="nominal")["matrix"]
    assert np.sum(matrix) == 2 * 39
    assert np.trace(matrix) == 39 + 36
    assert find(rows, method="bad", throw="low")["matrix"] == [[5, 15], [14, 5]]


def test_invariance_is_against_the_nominal_throw(cells):
    rows = invariance_rows(cells, THROWS, "nominal")
    assert {(row["method"], row["seed"]) for row in rows} == {("good", 1)}
    assert len(rows) == 2 * 3
    for throw in ("low", "high"):
        assert find(rows, throw=throw, metric="alignment")["value"] == pytest.approx(4)
        assert find(rows, throw=throw, metric="CKA")["value"] == pytest.approx(1)


def test_the_same_key_in_two_classes_is_two_events():
    """Files of single classes may count from 0 each: 19 keys are 38 events, enough to compare."""
    one = cell("good", 1, [30, 39, 36], width=3)
    kept = one.key >= 2
    arrays = (one.throw, one.key // 2, one.y, one.scores, one.embedding)
    pairs = ScoredCell("good", "mc", None, 1, *(array[kept] for array in arrays))
    rows = invariance_rows([pairs], THROWS, "nominal")
    assert find(rows, throw="low", metric="alignment")["value"] == pytest.approx(4)


def test_all_tables(cells):
    options = {"throws": THROWS, "nominal": "nominal", "axes": AXES, "classes": CLASSES}
    made = study_tables(cells, **options, seed=3)
    assert {row["domain"] for row in made["summary"]} == {"mc", "other"}
    assert find(made["summary"], domain="other", quantity="mean")["value"] == pytest.approx(9 / 39)
    assert {row["domain"] for row in made["comparisons"]} == {"mc"}
    assert made == study_tables(cells, **options, seed=3)
    json.dumps(made, allow_nan=False)
    empty = study_tables([], throws=THROWS, nominal="nominal", axes=AXES, classes=CLASSES)
    assert not any(empty.values())
