"""Modelled and unmodelled shifts, from cells whose numbers are known."""

from __future__ import annotations

import numpy as np
import pytest

from hitclr.studies.scored_cell import ScoredCell
from hitclr.studies.shift_tables import MODELLED, PRICE, UNMODELLED, shift_tables

THROWS = ("nominal", "light-low", "light-high", "dead")
SHIFTS = {"light": ("light-low", "light-high"), "dead": ("dead",)}
EVERY = frozenset(SHIFTS)


def cell(method, seed, right, left_out=None):
    """40 events under each throw, the first ``right`` of which are answered rightly."""
    throw = np.repeat(np.arange(4, dtype=np.int32), 40)
    key = np.tile(np.arange(40), 4)
    y = (key % 2).astype(np.int8)
    answered = np.where(key < np.repeat(right, 40), y, 1 - y)
    scores = np.eye(2, dtype=np.float32)[answered]
    return ScoredCell(method, "mc", None, seed, throw, key, y, scores, left_out=left_out)


def tables(*cells, **modelled):
    return shift_tables(cells, throws=THROWS, shifts=SHIFTS, modelled=modelled, seed=1)


def find(rows, **wanted):
    (found,) = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    return found


@pytest.fixture(scope="module")
def made():
    """Two seeds of a method with views, and of one without."""
    cells = []
    for seed in (1, 2):
        cells += [
            cell("views", seed, [40, 36, 34, 37 + seed]),
            cell("views", seed, [40, 22, 26, 38], "light"),
            cell("views", seed, [40, 36, 34, 24], "dead"),
            cell("plain", seed, [38, 20, 24, 20]),
        ]
    return tables(*cells, views=EVERY, plain=frozenset())


def test_each_training_under_each_shift(made):
    rows = made["shift_scores"]
    row = find(rows, method="views", left_out="light", shift="light")
    assert row["value"] == pytest.approx((22 + 26) / 80)
    assert (row["modelled"], row["throws"]) == (False, 2)
    assert row["low"] < row["value"] < row["high"]
    assert find(rows, method="views", left_out="light", shift="dead")["modelled"] is True
    assert find(rows, method="views", left_out=None, shift="light")["modelled"] is True
    assert find(rows, method="plain", left_out=None, shift="light")["modelled"] is False
    assert len(rows) == 8


def test_a_shift_counts_once_however_many_throws_it_has(made):
    rows = made["shift_summary"]
    shown = find(rows, method="views", group=MODELLED, quantity="mean")
    light, dead = 70 / 80, 38.5 / 40
    assert shown["value"] == pytest.approx((light + dead) / 2)
    assert shown["seeds"] == pytest.approx({"1": (light + 38 / 40) / 2, "2": (light + 39 / 40) / 2})
    assert shown["shifts"] == 2
    hidden = find(rows, method="views", group=UNMODELLED, quantity="mean")
    assert hidden["value"] == pytest.approx((48 / 80 + 24 / 40) / 2)
    worst = find(rows, method="views", group=UNMODELLED, quantity="worst")
    assert worst["value"] == pytest.approx(0.6)
    one = find(rows, method="views", group=UNMODELLED, quantity="shift dead")
    assert one["value"] == pytest.approx(24 / 40)
    assert one["shifts"] == 1
    assert {row["group"] for row in rows if row["method"] == "plain"} == {UNMODELLED}


def test_differences_within_a_group_and_of_the_groups(made):
    rows = made["shift_comparisons"]
    assert {row["group"] for row in rows} == {UNMODELLED, PRICE}, "one method alone is modelled"
    pair = find(rows, group=UNMODELLED, quantity="mean")
    assert (pair["first"], pair["second"], pair["seeds"]) == ("views", "plain", 2)
    assert pair["difference"] == pytest.approx(0.6 - (44 / 80 + 20 / 40) / 2)
    price = find(rows, group=PRICE, quantity="shift light")
    assert (price["first"], price["second"]) == ("views", "views")
    assert price["difference"] == pytest.approx(70 / 80 - 48 / 80)
    assert price["low"] < price["difference"] < price["high"]
    assert price["p_holm"] == price["p"], "one method: one test"


def test_correction_is_within_the_group_and_quantity():
    methods = ("a", "b", "c")
    cells = [cell(m, s, [40, 30 - n, 30, 30 - s]) for n, m in enumerate(methods) for s in (1, 2)]
    rows = tables(*cells, **dict.fromkeys(methods, frozenset()))["shift_comparisons"]
    own = [row for row in rows if row["quantity"] == "shift light"]
    assert len(own) == 3
    lowest = min(own, key=lambda row: row["p"])
    assert lowest["p_holm"] == pytest.approx(min(1.0, 3 * lowest["p"]))


def test_what_is_not_trained_yet_is_left_out():
    cells = [cell("views", 1, [40, 36, 34, 38]), cell("views", 1, [40, 22, 26, 38], "light")]
    found = tables(*cells, views=EVERY)
    hidden = [row for row in found["shift_summary"] if row["group"] == UNMODELLED]
    assert [row["quantity"] for row in hidden if row["quantity"].startswith("shift")] == [
        "shift light"
    ]
    price = [row["quantity"] for row in found["shift_comparisons"] if row["group"] == PRICE]
    assert "shift dead" not in price


def test_a_method_with_fewer_shifts_has_no_mean_over_all():
    cells = [cell("all", 1, [40, 36, 34, 38]), cell("some", 1, [40, 36, 34, 38])]
    rows = tables(*cells, all=EVERY, some=frozenset({"dead"}))["shift_summary"]
    shown = {(row["method"], row["quantity"]) for row in rows if row["group"] == MODELLED}
    assert ("all", "mean") in shown
    assert ("some", "mean") not in shown
    assert ("some", "shift dead") in shown


def test_methods_with_other_shifts_have_no_means_to_be_ranked_by():
    hard = [cell("easy", 1, [40, 39, 39, 4]), cell("hard", 1, [40, 39, 39, 30])]
    made = tables(*hard, easy=frozenset({"light"}), hard=frozenset({"dead"}))
    shown = [row for row in made["shift_summary"] if row["group"] == MODELLED]
    assert [(row["method"], row["quantity"]) for row in shown] == [
        ("easy", "shift light"),
        ("hard", "shift dead"),
    ]


def test_nothing_but_the_nominal_throw():
    one = cell("plain", 1, [40, 1, 1, 1])
    kept = one.throw == 0
    few = ScoredCell("plain", "mc", None, 1, one.throw[kept], one.key[kept], one.y[kept],
                     one.scores[kept])  # fmt: skip
    assert not any(tables(few, plain=EVERY).values())
