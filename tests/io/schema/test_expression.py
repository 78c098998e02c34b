"""The expression language: what it computes, against plain Python, and its faults."""

from __future__ import annotations

import copy
import math
import pickle
import statistics

import awkward as ak
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitclr.errors import SchemaError
from hitclr.io.schema import expression as module
from hitclr.io.schema.expression import Expression, UnequalLengthsError

X = [[1.0, -2.5, 4.0], [], [0.25]]
COLUMNS = {
    "x": ak.Array(X),
    "f": ak.values_astype(ak.Array(X), np.float32),
    "k": ak.Array([[3, 1, 2], [], [7]]),
    "b": ak.Array([[True, False, True], [], [False]]),
    "tracks.E": ak.Array([[10.0, 20.0], [30.0], []]),
    "Evt/hits/hits.pos.x": ak.Array(X),
    "e": ak.Array([2.0, -1.0, 0.5]),
    "g": ak.Array(np.array([2.0, -1.0, 0.5], dtype=np.float32)),
    "n": ak.Array([4, 0, -3]),
    "i": ak.Array(np.array([4, 0, -3], dtype=np.int32)),
    "u": ak.Array(np.array([1, 0, 200], dtype=np.uint8)),
    "flag": ak.Array([True, False, True]),
}
NAN = math.nan


def value(text, columns=COLUMNS):
    return Expression(text).evaluate(columns)


def same(array, expected):
    """Equal numbers in equal lists, NaN equal to NaN."""
    assert isinstance(array, ak.Array)
    assert array.ndim == (2 if isinstance(expected[0], list) else 1)
    if array.ndim == 2:
        assert ak.num(array).tolist() == [len(event) for event in expected]
        expected = [number for event in expected for number in event]
        array = ak.flatten(array)
    np.testing.assert_array_equal(ak.to_numpy(array), np.array(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", X),
        ("`Evt/hits/hits.pos.x` > 0.5", [[True, False, True], [], [False]]),
        ("x + e", [[3.0, -0.5, 6.0], [], [0.75]]),
        ("e - x * 2", [[0.0, 7.0, -6.0], [], [0.0]]),
        ("where(x > 0, x, 0)", [[1.0, 0.0, 4.0], [], [0.25]]),
        ("x if flag else -x", [[1.0, -2.5, 4.0], [], [0.25]]),
        ("0 < x < 3", [[True, False, False], [], [True]]),
        ("0 < x and x < 3 or x == 4", [[True, False, True], [], [True]]),
        ("not x > 0", [[False, True, False], [], [False]]),
        ("~(x > 0) | b", [[True, True, True], [], [False]]),
        ("(x > 0) & b", [[True, False, True], [], [False]]),
        ("k & 1", [[1, 1, 0], [], [1]]),
        ("~n", [-5, -1, 2]),
        ("k in (1, 7)", [[False, True, False], [], [True]]),
        ("k not in [1, 7]", [[True, False, True], [], [False]]),
        ("n in (-3, 4.0)", [True, False, True]),
        ("x[0]", [1.0, NAN, 0.25]),
        ("x[-1]", [4.0, NAN, 0.25]),
        ("x[1]", [-2.5, NAN, NAN]),
        ("x[-2]", [-2.5, NAN, NAN]),
        ("k[2] + 1", [3.0, NAN, NAN]),
        ("(x * 2)[0]", [2.0, NAN, 0.5]),
        ("count(x)", [3, 0, 1]),
        ("sum(x)", [2.5, 0.0, 0.25]),
        ("sum(x > 0)", [2, 0, 1]),
        ("mean(k)", [2.0, NAN, 7.0]),
        ("min(x)", [-2.5, NAN, 0.25]),
        ("max(k)", [3.0, NAN, 7.0]),
        ("median(x)", [1.0, NAN, 0.25]),
        ("median(`tracks.E`)", [15.0, 30.0, NAN]),
        ("any(x > 3)", [True, False, False]),
        ("all(x > 0)", [False, True, True]),
        ("x - mean(x)", [[1 - 2.5 / 3, -2.5 - 2.5 / 3, 4 - 2.5 / 3], [], [0.0]]),
        ("sum(x) + sum(tracks.E)", [32.5, 30.0, 0.25]),
        ("clip(x, -1, e)", [[1.0, -1.0, 2.0], [], [0.25]]),
        ("n % 3", [1, 0, 0]),
        ("n // 3", [1, 0, -1]),
        ("+n", [4, 0, -3]),
        ("n // u", [4.0, NAN, -1.0]),
        ("3 % n", [3.0, NAN, -0.0]),
        ("1 / n", [0.25, math.inf, -1 / 3]),
        ("n ** -1", [0.25, math.inf, -1 / 3]),
        ("2 ** n", [16.0, 1.0, 0.125]),
        ("n ** 2", [16, 0, 9]),
        ("flag ** 2 + flag", [2, 0, 2]),
        ("flag + flag", [2, 0, 2]),
        ("-flag", [-1, 0, -1]),
        ("u + 300", [301, 300, 500]),
        ("u > -1", [True, True, True]),
        ("isnan(x[0])", [False, True, False]),
        ("isfinite(1 / e + inf)", [False, False, False]),
        ("round(x)", [[1.0, -2.0, 4.0], [], [0.0]]),
        ("1", [1, 1, 1]),
        ("2 ** 3 // 3 + True", [3, 3, 3]),
        ("9**9**9", [math.inf] * 3),
        ("9223372036854775807 + 1", [2.0**63] * 3),
        ("pi", [math.pi] * 3),
        ("1 if 2 > 1 else 0", [1, 1, 1]),
        ("\n  x\n  + 1 ", [[2.0, -1.5, 5.0], [], [1.25]]),
    ],
)
def test_values(text, expected):
    same(value(text), expected)


# A grammar: trees of tuples, written as text and evaluated event by event in plain Python.

NUMBERS = st.integers(-4, 4) | st.integers(-12, 12).map(lambda quarter: quarter / 4)
EVENT_NAMES = ("e", "n", "flag")
HIT_NAMES = ("x", "k", "b")
BINARY = ("+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=", "and", "or", "minimum", "maximum")
UNARY = ("-", "+", "not", "abs", "sqrt", "floor", "isnan")
OVER_HITS = ("sum", "count", "mean", "min", "max", "median", "any", "all")


def trees(depth, hits):
    """Trees of event level, or with hits; those with hits hold at least one list."""
    leaf = st.sampled_from([("name", name) for name in (HIT_NAMES if hits else EVENT_NAMES)])
    if depth == 0:
        return leaf if hits else leaf | st.tuples(st.just("number"), NUMBERS)
    same, event = trees(depth - 1, hits), trees(depth - 1, False)
    other = same | event
    branches = [
        leaf,
        st.tuples(st.just("unary"), st.sampled_from(UNARY), same),
        st.tuples(st.just("binary"), st.sampled_from(BINARY), same, other),
        st.tuples(st.just("if"), other, other, same),
        st.tuples(st.just("in"), same, st.lists(NUMBERS, min_size=1, max_size=3)),
        st.tuples(st.just("chain"), other, same, other),
    ]
    if not hits:
        inner = trees(depth - 1, True)
        branches.append(st.tuples(st.just("hits"), st.sampled_from(OVER_HITS), inner))
        branches.append(st.tuples(st.just("element"), st.integers(-3, 3), inner))
    return st.one_of(branches)


def written(tree):
    kind, *rest = tree
    if kind in ("name", "number"):
        return str(rest[0])
    if kind == "unary" or kind == "hits":
        return f"({rest[0]} {written(rest[1])})" if rest[0] in "-+not" else call(rest)
    if kind == "binary":
        named = rest[0] in ("minimum", "maximum")
        return call(rest) if named else f"({written(rest[1])} {rest[0]} {written(rest[2])})"
    if kind == "if":
        return f"({written(rest[0])} if {written(rest[1])} else {written(rest[2])})"
    if kind == "in":
        return f"({written(rest[0])} in {rest[1]})"
    if kind == "chain":
        return f"({written(rest[0])} < {written(rest[1])} <= {written(rest[2])})"
    return f"({written(rest[1])})[{rest[0]}]"


def call(parts):
    return f"{parts[0]}({', '.join(written(part) for part in parts[1:])})"


def plain(tree, event):
    """The value for one event: a number, or a list of numbers."""
    kind, *rest = tree
    if kind == "name":
        return event[rest[0]]
    if kind == "number":
        return rest[0]
    if kind == "hits":
        return over_hits(rest[0], plain(rest[1], event))
    if kind == "element":
        hits = plain(rest[1], event)
        return float(hits[rest[0]]) if -len(hits) <= rest[0] < len(hits) else NAN
    if kind == "in":
        return each(lambda a: a in rest[1], plain(rest[0], event))
    if kind in ("unary", "binary"):
        return each(PLAIN[kind][rest[0]], *(plain(part, event) for part in rest[1:]))
    return each(PLAIN[kind], *(plain(part, event) for part in rest))


def each(function, *operands):
    lists = [operand for operand in operands if isinstance(operand, list)]
    if not lists:
        return function(*operands)
    full = [
        operand if isinstance(operand, list) else [operand] * len(lists[0]) for operand in operands
    ]
    return [function(*numbers) for numbers in zip(*full, strict=True)]


def over_hits(name, hits):
    if name == "count":
        return len(hits)
    if name == "sum":
        return sum(hits)
    if name in ("any", "all"):
        return {"any": any, "all": all}[name](hits)
    if not hits or any(math.isnan(hit) for hit in hits):
        return NAN
    if name == "mean":
        return float(np.float64(sum(hits)) / len(hits))
    return float({"min": min, "max": max, "median": statistics.median}[name](hits))


def extreme(function):
    return lambda a, b: NAN if math.isnan(a) or math.isnan(b) else function(a, b)


PLAIN = {
    "unary": {
        "-": lambda a: -a,
        "+": lambda a: +a,
        "not": lambda a: not a,
        "abs": abs,
        "sqrt": lambda a: math.sqrt(a) if a >= 0 else NAN,
        "floor": lambda a: math.floor(a) if math.isfinite(a) else a,
        "isnan": math.isnan,
    },
    "binary": {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: float(np.float64(a) / np.float64(b)),
        "<": lambda a, b: a < b,
        "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b,
        ">=": lambda a, b: a >= b,
        "==": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
        "and": lambda a, b: bool(a) and bool(b),
        "or": lambda a, b: bool(a) or bool(b),
        "minimum": extreme(min),
        "maximum": extreme(max),
    },
    "if": lambda yes, condition, no: yes if condition else no,
    "chain": lambda a, b, c: a < b <= c,
}


@st.composite
def events(draw):
    quarters = st.integers(-40, 40).map(lambda quarter: quarter / 4)
    found = []
    for _ in range(draw(st.integers(1, 5))):
        hits = draw(st.integers(0, 4))
        found.append(
            {
                "x": draw(st.lists(quarters, min_size=hits, max_size=hits)),
                "k": draw(st.lists(st.integers(-5, 5), min_size=hits, max_size=hits)),
                "b": draw(st.lists(st.booleans(), min_size=hits, max_size=hits)),
                "e": draw(quarters),
                "n": draw(st.integers(-5, 5)),
                "flag": draw(st.booleans()),
            }
        )
    return found


TYPES = {"x": np.float64, "k": np.int64, "b": np.bool_}
DTYPES = st.sampled_from(["?", "i1", "u2", "i4", "i8", "u8", "f2", "f4", "f8"])


@given(trees(3, True) | trees(3, False), events(), st.integers(1, 8))
@settings(max_examples=150, deadline=None)
def test_any_expression_equals_plain_python(tree, rows, block):
    columns = {name: ak.Array([row[name] for row in rows]) for name in rows[0]}
    columns |= {name: ak.values_astype(columns[name], TYPES[name]) for name in TYPES}
    with pytest.MonkeyPatch.context() as patch, np.errstate(all="ignore"):
        patch.setattr(module, "_BLOCK", block)
        found = value(written(tree), columns)
        same(found, [plain(tree, row) for row in rows])


@given(
    trees(3, True),
    st.lists(DTYPES, min_size=6),
)
@settings(max_examples=80, deadline=None)
def test_every_type_of_column_is_taken(tree, dtypes):
    columns = {
        name: ak.values_astype(COLUMNS[name], dtype)
        for name, dtype in zip((*HIT_NAMES, *EVENT_NAMES), dtypes, strict=False)
    }
    assert ak.num(value(written(tree), columns)).tolist() == [3, 0, 1]


def test_the_median_of_half_precision():
    lists = ak.values_astype(ak.Array([[1.0, 0.5, 4.0, 2.0], [], [0.25]]), "float16")
    found = value("median(b)", {"b": lists})
    assert ak.to_numpy(found).dtype == np.float16
    assert np.array_equal(ak.to_numpy(found), [1.5, np.nan, 0.25], equal_nan=True)


def test_blocks_change_nothing(monkeypatch):
    random = np.random.default_rng(3)
    counts = random.integers(0, 9, 60)
    columns = {
        "x": ak.unflatten(random.normal(size=counts.sum()), counts),
        "t": ak.unflatten(random.normal(size=2 * counts.sum()), 2 * counts),
        "e": ak.Array(random.normal(size=60)),
    }
    texts = ["x * e + sum(t)", "sum(x) * t - x[0]", "count(t) + e", "e", "2", "std(t) + median(x)"]
    whole = [value(text, columns) for text in texts]
    for block in (1, 7, 50):
        monkeypatch.setattr(module, "_BLOCK", block)
        for text, expected in zip(texts, whole, strict=True):
            assert ak.array_equal(value(text, columns), expected, equal_nan=True), text


def test_names_in_order_of_appearance_and_once():
    found = Expression("b.x if `a b` > 1 and sqrt(x) else x + pi * b.x + `µ/é` + sum")
    assert found.names == ("b.x", "a b", "x", "µ/é", "sum")
    assert Expression("`pi` + pi").names == ("pi",)
    assert Expression("3").names == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", ()),
        ("a", (("a",),)),
        ("a + b * a", (("a", "b"),)),
        ("a[0] > 1 and b[2] < c", (("a",), ("b",), ("c",))),
        ("sum(a * b) / count(c) + d", (("a", "b"), ("c",), ("d",))),
        ("a - mean(a)", (("a",),)),
        ("a - mean(b) if any(c) else d", (("c",), ("b",), ("a", "d"))),
        ("sum(a - min(b))", (("b",), ("a",))),
    ],
)
def test_columns_that_are_combined_number_by_number(text, expected):
    assert set(Expression(text).together) == set(expected)


def test_an_expression_is_a_value():
    a, b = Expression("sqrt(x) + x[0]"), Expression("sqrt(x) + x[0]")
    assert a == b
    assert hash(a) == hash(b)
    assert a != Expression("sqrt(x)+x[0]")
    with pytest.raises(AttributeError):
        a.text = "1"
    for other in (pickle.loads(pickle.dumps(a)), copy.deepcopy(a)):  # noqa: S301 - our own bytes
        assert other == a
        same(other.evaluate(COLUMNS), value("sqrt(x) + x[0]").tolist())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tracks.e + 1", r"reads the column 'tracks.e', which is not there. Did you mean tracks.E"),
        ("1 + sum(n)", r"'1 \+ sum\(n\)' .* at 'sum\(n\)': .*one number per event"),
        ("sum(sum(x))", "one number per event"),
        ("sum(1)", "one number per event"),
        ("n[0]", "one number per event"),
        ("1 + (x & 1)", r"at 'x & 1': & \| ~ take truth values or integers"),
        ("~x", "take truth values or integers"),
    ],
)
def test_faults_at_evaluation(text, message):
    expression = Expression(text)
    with pytest.raises(SchemaError, match=message):
        expression.evaluate(COLUMNS)


@pytest.mark.parametrize(
    "column",
    [
        ak.Array(["a", "b", "c"]),
        ak.Array([["a"], [], ["b"]]),
        ak.Array([1, None, 2]),
        ak.Array([[1], None, []]),
        ak.Array([[1], [None], []]),
        ak.Array([{"y": 1}] * 3),
        ak.Array([[{"y": 1}], [], []]),
        ak.Array([1, [2], 3]),
        ak.Array([[[1]], [], []]),
        ak.Array(np.zeros(3, dtype="M8[s]")),
        ak.Array(np.zeros(3, dtype=np.complex128)),
    ],
    ids=str,
)
def test_what_is_no_number_is_refused(column):
    with pytest.raises(SchemaError, match=r"'y \+ 1' reads the column 'y': expected a number"):
        value("y + 1", {"y": column})


def test_unequal_lengths_name_the_first_entry(monkeypatch):
    columns = {"a": ak.Array([[1], [], [2, 3], [4]]), "b": ak.Array([[1], [], [2], []])}
    for block in (1, 100):
        monkeypatch.setattr(module, "_BLOCK", block)
        with pytest.raises(UnequalLengthsError, match=r"at 'a \+ b': .* of different") as error:
            value("2 * (a + b)", columns)
        assert error.value.entry == 2
        assert "entry 2 has 2 and 1 values" in str(error.value)
    same(value("sum(a) + sum(b)", columns), [2, 0, 7, 4])


def test_columns_of_different_numbers_of_events():
    with pytest.raises(SchemaError, match="'b', which has 1 events: expected 2, as 'a' has"):
        value("a + b", {"a": ak.Array([1, 2]), "b": ak.Array([1])})


def test_a_constant_needs_a_column_to_count_events():
    with pytest.raises(SchemaError, match="'1' must read a column"):
        value("1", {})
    same(value("1.5", {"x": ak.Array([[1], []])}), [1.5, 1.5])


def test_no_warnings_and_no_global_state():
    before = np.geterr()
    same(value("log(e - 2) + sqrt(-1) + 0 / n", COLUMNS), [NAN] * 3)
    assert np.geterr() == before
