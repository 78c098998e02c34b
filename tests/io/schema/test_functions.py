"""What the functions of an expression compute, and in which type, against numpy."""

from __future__ import annotations

import math

import awkward as ak
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitclr.io.schema.expression import Expression
from hitclr.io.schema.functions import FUNCTIONS

X = [[1.0, -2.5, 4.0], [], [0.25]]
COLUMNS = {
    "f": ak.values_astype(ak.Array(X), np.float32),
    "k": ak.Array([[3, 1, 2], [], [7]]),
    "b": ak.Array([[True, False, True], [], [False]]),
    "e": ak.Array([2.0, -1.0, 0.5]),
    "g": ak.Array(np.array([2.0, -1.0, 0.5], dtype=np.float32)),
    "n": ak.Array([4, 0, -3]),
    "i": ak.Array(np.array([4, 0, -3], dtype=np.int32)),
    "u": ak.Array(np.array([1, 0, 200], dtype=np.uint8)),
    "flag": ak.Array([True, False, True]),
}


def value(text, columns):
    return Expression(text).evaluate(columns)


@pytest.mark.parametrize(
    ("text", "dtype"),
    [
        ("f", np.float32),
        ("f * 0.1 + 3", np.float32),
        ("f / 2", np.float32),
        ("f ** 2", np.float32),
        ("sqrt(2) * f", np.float32),
        ("arctan2(f, 1)", np.float32),
        ("where(f > 0, f, 0.5)", np.float32),
        ("clip(f, -1, 1.5)", np.float32),
        ("f * g", np.float32),
        ("f * e", np.float64),
        ("sum(f)", np.float32),
        ("mean(f)", np.float32),
        ("std(f)", np.float32),
        ("max(f)", np.float32),
        ("median(f)", np.float32),
        ("f[0]", np.float64),
        ("k[0]", np.float64),
        ("i + 1", np.int32),
        ("i * n", np.int64),
        ("i / i", np.float64),
        ("i % 2", np.int32),
        ("i // i", np.float64),
        ("i ** 2", np.int32),
        ("i ** i", np.float64),
        ("u + 1", np.uint8),
        ("u + 300", np.int64),
        ("u - (-1)", np.int64),
        ("sqrt(u)", np.float64),
        ("sin(flag)", np.float64),
        ("abs(i)", np.int32),
        ("ceil(i)", np.int32),
        ("sum(k)", np.int64),
        ("sum(b)", np.int64),
        ("max(k)", np.float64),
        ("count(f)", np.int64),
        ("f > 0", np.bool_),
        ("any(k)", np.bool_),
        ("flag * 2.5", np.float64),
        ("1", np.int64),
        ("1.0", np.float64),
        ("1 > 2", np.bool_),
    ],
)
@pytest.mark.parametrize("events", [3, 0])
def test_types_do_not_depend_on_the_data(text, dtype, events):
    columns = {name: column[:events] for name, column in COLUMNS.items()}
    found = value(text, columns)
    assert len(found) == events
    flat = ak.flatten(found) if found.ndim == 2 else found
    assert ak.to_numpy(flat).dtype == dtype


ELEMENT = {
    **{name: getattr(np, name) for name in ("sqrt", "exp", "expm1", "log", "log10", "log1p")},
    **{name: getattr(np, name) for name in ("log2", "sin", "cos", "tan", "arcsin", "arccos")},
    **{name: getattr(np, name) for name in ("arctan", "sinh", "cosh", "tanh", "radians")},
    **{name: getattr(np, name) for name in ("degrees", "abs", "floor", "ceil", "round", "sign")},
    **{name: getattr(np, name) for name in ("isfinite", "isnan")},
}
TWO = {name: getattr(np, name) for name in ("arctan2", "hypot", "minimum", "maximum")}
HITS = {
    "sum": np.sum,
    "mean": np.mean,
    "std": np.std,
    "min": np.min,
    "max": np.max,
    "median": np.median,
    "any": np.any,
    "all": np.all,
    "count": len,
}


def test_every_function_is_compared_with_numpy():
    assert {*ELEMENT, *TWO, *HITS, "where", "clip"} == set(FUNCTIONS)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_element_functions_are_numpys_bit_for_bit(dtype):
    random = np.random.default_rng(1)
    a, b = random.normal(size=(2, 101)).astype(dtype)
    columns = {"a": ak.unflatten(a, [50, 0, 51]), "b": ak.unflatten(b, [50, 0, 51])}
    with np.errstate(all="ignore"):
        for name, function in ELEMENT.items():
            found = ak.to_numpy(ak.flatten(value(f"{name}(a)", columns)))
            np.testing.assert_array_equal(found, function(a), err_msg=name, strict=True)
        for name, function in TWO.items():
            found = ak.to_numpy(ak.flatten(value(f"{name}(a, b)", columns)))
            np.testing.assert_array_equal(found, function(a, b), err_msg=name, strict=True)


@pytest.mark.parametrize("name", HITS)
@given(
    st.lists(
        st.lists(st.floats(-100, 100) | st.sampled_from([math.nan, math.inf]), max_size=12),
        max_size=6,
    ),
    st.booleans(),
)
@settings(deadline=None)
def test_functions_over_hits_equal_loops(name, events, truth):
    empty = {"count": 0, "sum": 0, "any": False, "all": True}.get(name, math.nan)
    column = ak.values_astype(ak.Array([*events, [0.0]])[:-1], np.float64)
    text = f"{name}(x > 0)" if truth else f"{name}(x)"
    with np.errstate(all="ignore"):
        arrays = [np.array(event) > 0 if truth else np.array(event) for event in events]
        expected = [HITS[name](array) if len(array) else empty for array in arrays]
    found = ak.to_numpy(value(text, {"x": column}))
    np.testing.assert_allclose(found.astype(float), expected, rtol=1e-12, atol=1e-10)


def test_float32_is_summed_in_double_precision():
    numbers = np.array([1e8, 1, -1e8], dtype=np.float32)  # 1e8 + 1 is 1e8 in float32
    columns = {"x": ak.unflatten(numbers, [3])}
    assert value("sum(x)", columns)[0] == 1
    assert value("mean(x)", columns)[0] == np.float32(1 / 3)
    assert value("std(x)", columns)[0] == np.float32(numbers.astype(np.float64).std())


@pytest.mark.parametrize("text", ["sqrt(x**2 + e)", "x - mean(x)", "x[-1] * e", "sum(x > e)"])
def test_any_form_of_the_same_lists_gives_the_same_bits(text):
    numbers = np.random.default_rng(5).normal(size=12).astype(np.float32)
    plain = ak.from_regular(ak.Array(numbers.reshape(4, 3)))
    e = ak.Array(np.arange(4))
    expected = value(text, {"x": plain, "e": e})
    for other in (
        ak.Array(numbers.reshape(4, 3)),
        ak.to_regular(plain),
        ak.concatenate([plain[:1], plain])[1:],
        plain[[3, 2, 1, 0]][::-1],
        ak.concatenate([plain[:2], plain[2:]]),
        ak.Array(np.stack([numbers, numbers], 1)[:, 0].reshape(4, 3)),
    ):
        assert ak.array_equal(value(text, {"x": other, "e": e}), expected, dtype_exact=True)
