"""The tables of accuracies, from cells whose numbers are known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hitclr.errors import HitclrError
from hitclr.studies.accuracy_tables import accuracy_tables
from hitclr.studies.study_tables import ScoredCell

THROWS = ("nominal", "low", "high")
AXES = {"gain": {"low": 0.8, "nominal": 1.0, "high": 1.2}}


def cell(method, seed, right, *, target=None, lost=(), domain="mc"):
    """39 events of known class under each throw, the first ``right`` of which are answered rightly.

    ``lost`` are pairs of a throw and a key that are not there. The rows are in no order.
    """
    throws = range(3) if target is None else [THROWS.index(target)]
    throw = np.repeat(np.array(list(throws), dtype=np.int32), 40)
    key = np.tile(np.arange(40), len(throws))
    y = (key % 2).astype(np.int8)
    answered = np.where(key < np.repeat(right, 40), key % 2, 1 - key % 2)
    y[key == 39] = -1
    scores = np.full((len(key), 2), 0.2, dtype=np.float32)
    scores[np.arange(len(key)), answered] = 0.8
    kept = [(THROWS[t], k) not in lost for t, k in zip(throw, key, strict=True)]
    rows = np.random.default_rng(seed).permutation(np.flatnonzero(kept))
    arrays = (throw[rows], 1000 - 7 * key[rows], y[rows], scores[rows])
    return ScoredCell(method, domain, target, seed, *arrays)


def tables(*cells, **options):
    return accuracy_tables(cells, throws=THROWS, nominal="nominal", axes=AXES, seed=1, **options)


def find(rows, **wanted):
    (found,) = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    return found


@pytest.fixture(scope="module")
def made():
    return tables(
        cell("good", 1, [39, 30, 36]),
        cell("good", 2, [36, 30, 35]),
        cell("bad", 1, [20, 10, 12]),
        cell("bad", 2, [20, 12, 12]),
        cell("adapted", 1, [33], target="low"),
        cell("adapted", 2, [32], target="low"),
    )


def test_summary_by_hand(made):
    rows = {row["quantity"]: row for row in made["summary"] if row["method"] == "good"}
    nominal, low, high = 75 / 78, 60 / 78, 71 / 78
    expected = {
        "mean": (nominal + low + high) / 3,
        "worst": low,
        "nominal": nominal,
        "area gain": (low + 2 * nominal + high) / 4,
    }
    assert {name: row["value"] for name, row in rows.items()} == pytest.approx(expected)
    mean = rows["mean"]
    assert mean["seeds"] == pytest.approx({"1": 105 / 117, "2": 101 / 117})
    assert mean["spread"] == pytest.approx(np.std([105 / 117, 101 / 117], ddof=1))
    assert mean["low"] < mean["value"] < mean["high"]
    assert (mean["interval"], mean["throws"], mean["events"]) == ("events and seeds", 3, 39)


def test_curve_by_hand(made):
    point = find(made["curve"], method="good", throw="nominal")
    assert point["value"] == pytest.approx(75 / 78)
    assert point["spread"] == pytest.approx(np.std([1, 36 / 39], ddof=1))
    assert point["low"] < point["value"] < point["high"]
    assert [row["throw"] for row in made["curve"] if row["method"] == "adapted"] == ["low"]


def test_a_mean_over_some_throws_is_none_over_all(made):
    assert not [row for row in made["summary"] if row["method"] == "adapted"]


def test_comparisons(made):
    whole = find(made["comparisons"], first="good", second="bad", quantity="mean")
    assert whole["difference"] == pytest.approx((206 - 86) / 2 / 117)
    assert 0 < whole["low"] < whole["difference"] < whole["high"]
    assert (whole["throws"], whole["events"], whole["seeds"]) == (3, 39, 2)
    worst = find(made["comparisons"], first="good", second="bad", quantity="worst")
    assert worst["difference"] == pytest.approx((60 - 22) / 78)
    adapted = find(made["comparisons"], first="good", second="adapted", quantity="mean")
    assert (adapted["throws"], adapted["difference"]) == (1, pytest.approx(-5 / 78))


def test_seeds_are_paired():
    """Each seed of one is so much better than the same seed of the other: no spread is left."""
    made = tables(
        *[cell("one", seed, [n, n, n]) for seed, n in ((3, 27), (2, 7), (1, 39))],
        *[cell("two", seed, [n, n, n]) for seed, n in ((2, 10), (3, 30))],
    )
    row = find(made["comparisons"], quantity="mean")
    assert row["difference"] == pytest.approx(-3 / 39)
    assert row["spread"] == pytest.approx(0, abs=1e-12)
    assert row["seeds"] == 2, "those that both have"
    assert find(made["summary"], method="one", quantity="mean")["value"] == pytest.approx(73 / 117)
    assert find(made["summary"], method="two", quantity="mean")["spread"] > 0.3


def test_the_worst_throw_is_chosen_anew_in_each_resampling():
    """Three throws with other events right are as good: the lowest is too low, by chance."""
    one = cell("one", 1, [20, 20, 20])
    right = (one.key // 7 + 13 * one.throw) % 39 < 20
    scores = np.where((one.y == right)[:, None], [0.2, 0.8], [0.8, 0.2])
    made = tables(ScoredCell("one", "mc", None, 1, one.throw, one.key, one.y, scores))
    middles = {row["quantity"]: (row["low"] + row["high"]) / 2 for row in made["summary"]}
    values = {row["quantity"]: row["value"] for row in made["summary"]}
    assert middles["worst"] > values["worst"] + 0.02
    assert middles["mean"] == pytest.approx(values["mean"], abs=0.01)


def test_events_are_paired_by_key():
    """Of the first 10 and the first 20 events that are right, one is in the other."""
    made = tables(cell("one", 1, [20, 20, 20]), cell("two", 1, [10, 10, 10]))
    row = find(made["comparisons"], quantity="nominal")
    p = 10 / 39
    half = 1.96 * np.sqrt(p * (1 - p) / 39)  # unpaired it would be half as much again
    assert row["high"] - row["low"] == pytest.approx(2 * half, rel=0.1)


def test_holm_for_each_quantity(made):
    for quantity, wanted in (("mean", 3), ("worst", 3), ("nominal", 1), ("area gain", 1)):
        rows = [row for row in made["comparisons"] if row["quantity"] == quantity]
        assert len(rows) == wanted
        rows.sort(key=lambda row: row["p"])
        assert rows[0]["p_holm"] == pytest.approx(min(1, wanted * rows[0]["p"]))
        assert all(row["survives"] == (row["p_holm"] < 0.05) for row in rows)


def test_events_that_a_method_lacks_count_for_none():
    lost = [("low", key) for key in range(9)]
    made = tables(cell("one", 1, [39, 18, 39]), cell("two", 1, [39, 39, 39], lost=lost))
    point = find(made["curve"], method="one", throw="low")
    assert (point["value"], point["events"]) == (pytest.approx(9 / 30), 30)
    assert find(made["curve"], method="one", throw="high")["events"] == 39


def test_a_throw_loses_an_event_for_all():
    lost = [("low", key) for key in range(9)]
    made = tables(cell("one", 1, [39, 18, 39], lost=lost), cell("one", 2, [39, 18, 39], lost=lost))
    assert find(made["summary"], quantity="worst")["value"] == pytest.approx(9 / 30)


def test_a_throw_without_an_event_in_common_has_no_value():
    first = [("low", key) for key in range(20)]
    second = [("low", key) for key in range(20, 40)]
    made = tables(cell("one", 1, [9, 9, 9], lost=first), cell("two", 1, [9, 9, 9], lost=second))
    assert find(made["curve"], method="one", throw="low")["value"] is None
    mean = find(made["summary"], method="one", quantity="mean")
    assert (mean["value"], mean["low"]) == (None, None)
    row = find(made["comparisons"], quantity="mean")
    assert (row["p"], row["p_holm"], row["survives"]) == (None, None, None)


def test_a_seed_that_is_not_done_is_left_out():
    """Seed 1 has two targets, seed 2 one: what the method can do is seen from seed 1."""
    made = tables(
        cell("dann", 1, [30], target="low"),
        cell("dann", 2, [39], target="low"),
        cell("dann", 1, [31], target="high"),
    )
    assert [(row["throw"], row["value"]) for row in made["curve"]] == [
        ("low", pytest.approx(30 / 39)),
        ("high", pytest.approx(31 / 39)),
    ]


def test_all_targets_make_a_line():
    cells = [
        cell("dann", seed, [30 + seed], target=target)
        for seed, target in itertools.product((1, 2), THROWS)
    ]
    mean = find(tables(*cells)["summary"], quantity="mean")
    assert mean["seeds"] == pytest.approx({"1": 31 / 39, "2": 32 / 39})


def test_one_seed_says_that_its_interval_is_of_events():
    made = tables(cell("good", 1, [37, 30, 36]), cell("bad", 1, [20, 10, 12]))
    for row in (*made["summary"], *made["curve"], *made["comparisons"]):
        assert row["interval"] == "events"
        assert row["spread"] is None
        assert row["low"] is not None
    assert {row["seeds"] for row in made["comparisons"]} == {1}


def test_the_same_key_in_two_classes_is_two_events():
    one = cell("one", 1, [10, 10, 10])
    same = ScoredCell("one", "mc", None, 1, one.throw, (1000 - one.key) // 14, one.y, one.scores)
    found, expected = tables(same), tables(one)
    assert found["summary"][0]["value"] == expected["summary"][0]["value"]
    assert found["summary"][0]["events"] == 39


def test_an_event_twice_is_refused():
    one = cell("one", 1, [10, 10, 10])
    twice = ScoredCell("one", "mc", None, 1, one.throw, one.key // 70, one.y, one.scores)
    with pytest.raises(HitclrError, match=r"once under a throw, \d+ stand there again"):
        tables(twice)


def test_the_seed_gives_the_draws():
    cells = [cell("good", 1, [37, 30, 36]), cell("bad", 1, [20, 10, 12])]
    assert tables(*cells) == tables(*cells)
    assert tables(*cells, resamplings=50) != tables(*cells)
