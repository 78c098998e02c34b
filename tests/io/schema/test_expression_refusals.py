"""What an expression must refuse: everything that is not in the language."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hitclr.errors import SchemaError
from hitclr.io.schema.expression import Expression

COLUMNS = {
    "x": ak.Array([[1.0, -2.5, 4.0], [], [0.25]]),
    "k": ak.Array([[3, 1, 2], [], [7]]),
    "tracks.E": ak.Array([[10.0, 20.0], [30.0], []]),
    "e": ak.Array([2.0, -1.0, 0.5]),
    "n": ak.Array([4, 0, -3]),
    "u": ak.Array(np.array([1, 0, 200], dtype=np.uint8)),
    "flag": ak.Array([True, False, True]),
}

HOSTILE = [
    "__import__('os').system('true')",
    "__import__",
    "x.__class__",
    "x.__class__.__mro__[1]",
    "().__class__",
    "(1).real",
    "x[0].y",
    "x.__dict__",
    "eval('1')",
    "exec(x)",
    "open(x)",
    "getattr(x, y)",
    "np.sqrt(x)",
    "x.tofile(y)",
    "sqrt.__call__(x)",
    "sqrt(x)(y)",
    "(lambda: 1)()",
    "lambda: x",
    "[x for x in y]",
    "{x for x in y}",
    "{x: y for x in y}",
    "sum(x for x in y)",
    "[*x]",
    "sqrt(*x)",
    "sqrt(**x)",
    "sqrt(x=1)",
    "sqrt(x, where=y)",
    "sqrt()",
    "sqrt(x, y)",
    "where(x, y)",
    "f'{x}'",
    "f'{x.__class__}'",
    "'text'",
    "b'text'",
    "None",
    "...",
    "1j",
    "(y := x)",
    "x[0:1]",
    "x[:]",
    "x[0, 1]",
    "x[y]",
    "x[True]",
    "x[1.0]",
    "x['a']",
    "x, y",
    "(x, y)",
    "[1, 2]",
    "{}",
    "{1, 2}",
    "x in y",
    "x in ()",
    "x in (1, y)",
    "x in (1, 2) in (3,)",
    "x in 'abc'",
    "x is y",
    "x is not y",
    "x @ y",
    "x ^ 2",
    "x << 2",
    "x >> 2",
    "x > 1 & y < 2",
    "x < y | 1 < 3",
    "await x",
    "yield x",
    "x; y",
    "x = 1",
    "import os",
    "x # and more",
    "x\\\n+ 1",
    "x && y",
    "!x",
    "99999999999999999999",
    "9" * 999,
    "",
    "   ",
    "``",
    "` `",
    "`x",
    "`x`.y",
    "`x`y",
    "y`x`",
    "1`x`",
    "`x``y`",
    "'`x`'",
    "`sqrt`(x)",
    "___",
    "x.___",
    "\0",
    "x\0",
    "\ud800",
    "\ufeff`x` + `y`",
    "\uff53\uff51\uff52\uff54(x)",  # wide letters, which Python takes for sqrt
    "\uff3f\uff3fimport\uff3f\uff3f",
    "(" * 400 + "x" + ")" * 400,
    "-" * 999 + "x",
    "+".join("x" * 60),
    "not " * 240 + "x",
    "x" * 1001,
    "x.real()" * 100,
    "1if x else 2",
    "hits.in",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_refused(text):
    with pytest.raises(SchemaError, match=r"is refused: (?s:.)*allowed: numbers"):
        Expression(text)


@pytest.mark.parametrize("text", [None, 3, b"x", ["x"]])
def test_what_is_no_text_is_refused(text):
    with pytest.raises(SchemaError, match="expected an expression as text"):
        Expression(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("1 + (lambda: y)", ["'1 + (lambda: y)'", "piece: 'lambda: y'", "Lambda is not part"]),
        ("`é` + sqr(x)", ["piece: 'sqr(x)'", "'sqr'", "Did you mean sqrt?"]),
        ("1 + x.sum()", ["piece: 'x.sum()'", "Did you mean sum?"]),
        ("y + min(x, 3)", ["piece: 'min(x, 3)'", "minimum"]),
        ("y + x.__class__", ["piece: 'x.__class__'", "two underscores"]),
        ("y + x ^ 2", ["BitXor is not part"]),
        ("(x > 1 & y < 2)", ["piece: '1 & y'", "(a > 1) & (b > 2)"]),
        ("hits.in", ["backticks"]),
        ("y + `x`.z", ["piece: '`x`.z'", "stands by itself"]),
        ("y + x[0:1]", ["piece: '0:1'", "Slice"]),
        ("+".join("x" * 60), ["more than 50 deep"]),
        ("x" * 1001, ["more than 1000 characters"]),
    ],
)
def test_a_refusal_shows_the_piece(text, parts):
    with pytest.raises(SchemaError) as caught:
        Expression(text)
    for part in parts:
        assert part in str(caught.value)


def test_limits_are_not_in_the_way():
    Expression(" or ".join(["x > 1"] * 100))
    Expression("+".join("x" * 49))
    Expression("(" * 45 + "x" + ")" * 45)
    Expression("x" * 1000)


TOKENS = (
    *("x", "k", "e", "n", "u", "flag", "`x`", "tracks.E", "1", "0", "2.5", "300", "-1", "pi"),
    *("nan", "True", "+", "-", "*", "/", "//", "%", "**", "<", ">=", "==", "&", "|", "~", "and"),
    *("or", "not", "in", "not in", "if", "else", "(", ")", "[", "]", "[0]", ",", ".", "lambda"),
    *("sqrt(", "sum(", "std(", "median(", "where(", "clip(", "abs(", "(1, 2)", "'", '"', "#"),
    *(":", "=", ":=", "\n", "\\", "`", "é", "\ufeff", "@", "{", "}", "f'", "__x__"),
)


@given(st.text() | st.lists(st.sampled_from(TOKENS), max_size=12).map(" ".join))
@settings(max_examples=300, deadline=None)
@example("é`é`+`x`")
@example("\ufeffx")
@example("u + 300 + k[0] % n ** 400")
def test_any_text_parses_or_raises_a_schema_error(text):
    try:
        found = Expression(text).evaluate(COLUMNS)
    except SchemaError:
        return
    assert len(found) == 3
