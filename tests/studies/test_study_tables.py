"""The tables of a study, from cells whose numbers are known."""

from __future__ import annotations

import numpy as np
import pytest

from hitclr.studies.study_tables import ScoredCell, study_tables

THROWS = ("nominal", "low", "high")
AXES = {"gain": {"low": 0.8, "nominal": 1.0, "high": 1.2}}


def cell(method, seed, right, *, target=None, domain="mc", embedding=False):
    """40 events under each throw; ``right`` of each throw are answered rightly, the first ones."""
    throws = range(3) if target is None else [THROWS.index(target)]
    throw = np.repeat(np.array(list(throws), dtype=np.int32), 40)
    key = np.tile(np.arange(40), len(throws))
    y = (key % 2).astype(np.int8)
    y[key == 39] = -1
    answered = np.where(key < np.repeat(right, 40), key % 2, 1 - key % 2)
    scores = np.full((len(key), 2), 0.2, dtype=np.float32)
    scores[np.arange(len(key)), answered] = 0.8
    random = np.random.default_rng(seed)
    hidden = random.standard_normal((len(key), 3)).astype(np.float16) if embedding else None
    return ScoredCell(method, domain, target, seed, throw, key, y, scores, hidden)


def tables(cells):
    return study_tables(
        cells, throws=THROWS, nominal="nominal", axes=AXES, classes=("a", "b"), seed=1
    )


def find(rows, **wanted):
    (found,) = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    return found


@pytest.fixture(scope="module")
def made():
    return tables(
        [
            cell("good", 1, [39, 30, 36], embedding=True),
            cell("good", 2, [36, 30, 36]),
            cell("bad", 1, [20, 10, 12]),
            cell("bad", 2, [20, 12, 12]),
            cell("adapted", 1, [33], target="low"),
            cell("adapted", 2, [33], target="low"),
        ]
    )


def test_summary_and_curve(made):
    mean = find(made["summary"], method="good", quantity="mean")
    nominal, low, high = (39 + 36) / 2 / 39, 30 / 39, 36 / 39
    assert mean["value"] == pytest.approx((nominal + low + high) / 3)
    assert mean["low"] < mean["value"] < mean["high"]
    assert mean["seeds"]["1"] == pytest.approx((39 + 30 + 36) / 3 / 39)
    assert mean["spread"] == pytest.approx(np.std([105 / 117, 102 / 117], ddof=1))
    assert find(made["summary"], method="good", quantity="worst")["value"] == pytest.approx(low)
    area = find(made["summary"], method="good", quantity="area gain")["value"]
    assert area == pytest.approx((low + 2 * nominal + high) / 4)
    point = find(made["curve"], method="good", throw="nominal")
    assert point["value"] == pytest.approx(nominal)
    assert point["spread"] == pytest.approx(np.std([1.0, 36 / 39], ddof=1))


def test_comparisons_are_over_common_throws(made):
    whole = find(made["comparisons"], first="good", second="bad", quantity="mean")
    assert whole["throws"] == 3
    assert whole["difference"] > 0
    assert whole["low"] > 0
    assert whole["p"] <= whole["p_holm"]
    assert whole["survives"]
    adapted = find(made["comparisons"], first="good", second="adapted", quantity="mean")
    assert adapted["throws"] == 1
    assert adapted["difference"] == pytest.approx((30 - 33) / 39)
    assert not [
        row
        for row in made["comparisons"]
        if row["second"] == "adapted" and row["quantity"] == "nominal"
    ]
    means = [row for row in made["comparisons"] if row["quantity"] == "mean"]
    smallest = min(means, key=lambda row: row["p"])
    assert smallest["p_holm"] == pytest.approx(min(1, len(means) * smallest["p"]))


def test_scores_of_cells_and_confusion(made):
    row = find(made["scores"], method="bad", seed=1, throw="low", metric="efficiency a")
    assert row["value"] == pytest.approx(5 / 20)
    row = find(made["scores"], method="bad", seed=1, throw="low", metric="purity b")
    assert row["value"] == pytest.approx(5 / (5 + 15))
    row = find(made["scores"], method="good", seed=1, throw="nominal", metric="ECE")
    assert row["value"] == pytest.approx(0.2, abs=1e-6)
    matrix = find(made["confusion"], method="good", throw="nominal")["matrix"]
    assert np.sum(matrix) == 2 * 39
    assert np.trace(matrix) == 39 + 36


def test_invariance_is_of_cells_with_embeddings(made):
    assert {(row["method"], row["seed"]) for row in made["invariance"]} == {("good", 1)}
    assert {row["throw"] for row in made["invariance"]} == {"low", "high"}


def test_targets_that_are_not_done_from_all_seeds_are_left_out():
    done = [
        cell("dann", 1, [30], target="low"),
        cell("dann", 2, [30], target="low"),
        cell("dann", 1, [30], target="high"),
    ]
    found = tables(done)
    assert [row["throw"] for row in found["curve"]] == ["low"]


def test_one_seed_is_marked():
    found = tables([cell("good", 1, [39, 30, 36])])
    assert not found["summary"][0]["seeds_drawn"]
    assert found["summary"][0]["spread"] is None
    assert found["comparisons"] == []
    assert tables([])["summary"] == []
