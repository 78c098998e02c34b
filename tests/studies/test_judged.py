"""Which seeds and throws a method is judged on."""

from __future__ import annotations

import numpy as np
import pytest

from hitclr.studies.judged import judge
from hitclr.studies.scored_cell import ScoredCell
from hitclr.studies.study_tables import study_tables

THROWS = ("nominal", "low", "high")


def cell(method, seed, *throws):
    """20 events under each of some throws, all answered rightly."""
    throw = np.repeat(np.array(throws, dtype=np.int32), 20)
    key = np.tile(np.arange(20), len(throws))
    y = (key % 2).astype(np.int8)
    return ScoredCell(method, "mc", None, seed, throw, key, y, np.eye(2, dtype=np.float32)[y])


def judged(*cells):
    found = judge(cells, len(THROWS), name=lambda cell: cell.method, seed=1, resamplings=20)
    return {method: (one.seeds, one.throws) for method, one in found.items()}


@pytest.mark.parametrize(
    ("seeds", "wanted"),
    [
        ({1: [0], 2: [2]}, ([1], [0])),
        ({2: [2], 1: [0]}, ([1], [0])),
        ({1: [0], 2: [2], 3: [2]}, ([2, 3], [2])),
        ({1: [0, 1], 2: [0, 2], 3: [0, 2]}, ([2, 3], [0, 2])),
        ({1: [0, 1], 2: [0, 2]}, ([1], [0, 1])),
        ({1: [0, 1], 2: [0, 2], 3: [1, 2]}, ([1], [0, 1])),
        ({1: [0, 1, 2], 2: [0], 3: [0]}, ([1], [0, 1, 2])),
    ],
)
def test_most_seeds_times_throws_of_the_seeds_with_most_throws(seeds, wanted):
    cells = [cell("dann", seed, throw) for seed, own in seeds.items() for throw in own]
    assert judged(*cells) == {"dann": wanted}


def test_a_method_without_a_throw_is_left_out():
    whole = cell("plain", 1, 0, 1, 2)
    assert judged(whole, cell("dann", 1)) == {"plain": ([1], [0, 1, 2])}
    assert judged(cell("dann", 1)) == {}


def test_seeds_without_a_throw_in_common_leave_the_other_methods_their_tables():
    cells = [cell("plain", seed, 0, 1, 2) for seed in (1, 2)]
    cells += [cell("dann", 1, 0), cell("dann", 2, 2)]
    tables = study_tables(cells, throws=THROWS, nominal="low", axes={}, classes=["a", "b"])
    assert {row["method"] for row in tables["summary"]} == {"plain"}
    assert [row["throw"] for row in tables["curve"] if row["method"] == "dann"] == ["nominal"]
    (mean,) = [row for row in tables["comparisons"] if row["quantity"] == "mean"]
    assert (mean["throws"], mean["seeds"], mean["difference"]) == (1, 1, 0)
