"""Formulas in a schema: a small language over columns that cannot run code.

The text is parsed to Python's syntax tree, and only the pieces that are listed here go on to a
tree of constants, columns and known functions. That tree is walked; nothing is ever compiled.
"""

from __future__ import annotations

import ast
import functools
import itertools
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import awkward as ak
import numpy as np

from hitclr.errors import SchemaError, did_you_mean
from hitclr.io.schema.functions import (
    ALL_OF,
    ANY_OF,
    CONSTANTS,
    FUNCTIONS,
    NOT,
    ONE_OF,
    OPERATORS,
    Array,
    Function,
    Ints,
    Operand,
    element,
    flatten,
)

__all__ = ["Expression", "UnequalLengthsError"]

_MAX_LENGTH = 1000
_MAX_DEPTH = 50
_BLOCK = 2**17  # hits that are computed at once: what lies between stays small and in the cache
_BACKTICKS = "a name in backticks stands by itself, as a column"
_ALLOWED = (
    "allowed: numbers, pi, inf, nan, True, False; columns (a, a.b, or any name in backticks); "
    "+ - * / // % **; < <= > >= == !=; and, or, not, &, |, ~; x in (1, 2); a if c else b; x[0]; "
    f"the functions {', '.join(FUNCTIONS)}"
)


class UnequalLengthsError(SchemaError):
    """An expression combines lists of different lengths.

    Attributes:
        entry: the first position in the arrays where the lengths differ.
    """

    def __init__(self, message: str, entry: int) -> None:
        super().__init__(message)
        self.entry = entry


class _Call(NamedTuple):
    function: Function
    arguments: tuple[Any, ...]
    piece: str


_Node = bool | int | float | str | _Call  # a constant, the name of a column, or a call


@dataclass(frozen=True)
class Expression:
    """A formula over columns; immutable, and equal to another with the same text.

    Attributes:
        text: the formula.
        names: the columns that it reads, each once, in order of appearance.
        together: of these the groups that it combines number by number, so that their lists must
            have one length. What is reduced first, as by ``sum(...)`` or ``[0]``, is a group of
            its own.

    Raises:
        SchemaError: the text is not in the language; the message shows the piece at fault.

    >>> charge = Expression("sum(q) / n")
    >>> charge.names
    ('q', 'n')
    >>> charge.together
    (('q',), ('n',))
    >>> charge.evaluate({"q": ak.Array([[1.0, 2.0], []]), "n": ak.Array([2, 1])}).tolist()
    [1.5, 0.0]
    """

    text: str
    names: tuple[str, ...] = field(init=False, repr=False, compare=False)
    together: tuple[tuple[str, ...], ...] = field(init=False, repr=False, compare=False)
    _tree: _Node = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parser = _Parser(self.text)
        object.__setattr__(self, "_tree", parser.parse())
        object.__setattr__(self, "names", tuple(dict.fromkeys(parser.names)))
        groups: list[tuple[str, ...]] = []
        groups.append(_combined(self._tree, groups))
        object.__setattr__(self, "together", tuple(dict.fromkeys(filter(None, groups))))

    def evaluate(self, columns: Mapping[str, ak.Array]) -> ak.Array:
        """The formula's value for each event.

        Args:
            columns: arrays with one entry per event: numbers [B], or lists of numbers [B, var].

        Returns:
            Numbers [B], or lists of numbers [B, var] where a list column is read and not reduced.

        Raises:
            SchemaError: a column is missing, holds something else than numbers, or has another
                number of events; or a function is given what it cannot take.
            UnequalLengthsError: two lists of one event have different lengths.
        """
        read = self._read(columns)
        if not columns:
            message = f"the expression {self.text!r} must read a column: there is none"
            raise SchemaError(message)
        events = len(next(iter(columns.values())) if not read else columns[self.names[0]])
        lists = [ptr for _, ptr in read.values() if ptr is not None]
        longest = max(lists, key=lambda ptr: int(ptr[-1]), default=np.zeros(1, dtype=np.int64))
        cuts = np.searchsorted(longest, np.arange(_BLOCK, longest[-1], _BLOCK)).tolist()
        found: Array | None = None
        with np.errstate(all="ignore"):
            for start, stop in itertools.pairwise([0, *cuts, events]):
                flat, ptr = _Walk(self.text, read, start, stop).value(self._tree)
                if not isinstance(flat, np.ndarray):
                    return ak.Array(np.full(events, flat))
                if found is None:
                    found = np.empty(events if ptr is None else ptr[-1], dtype=flat.dtype)
                span = slice(start, stop) if ptr is None else slice(ptr[start], ptr[stop])
                found[span] = flat
        content = ak.contents.NumpyArray(found)
        if ptr is not None:
            content = ak.contents.ListOffsetArray(ak.index.Index64(ptr), content)
        return ak.Array(content)

    def _read(self, columns: Mapping[str, ak.Array]) -> dict[str, tuple[Array, Ints | None]]:
        """The columns that the formula reads, of one number of events."""
        read: dict[str, tuple[Array, Ints | None]] = {}
        for name in self.names:
            what = f"the expression {self.text!r} reads the column {name!r}"
            try:
                column, first = columns[name], columns[self.names[0]]
            except KeyError:
                message = f"{what}, which is not there. {did_you_mean(name, list(columns))}"
                raise SchemaError(message) from None
            if len(column) != len(first):
                message = (
                    f"{what}, which has {len(column)} events: expected {len(first)}, as "
                    f"{self.names[0]!r} has"
                )
                raise SchemaError(message)
            try:
                flat, ptr = flatten(column)
            except (TypeError, ValueError):
                message = (
                    f"{what}: expected a number, or a list of numbers, for each event and none "
                    f"missing, it holds {column.type.content}"
                )
                raise SchemaError(message) from None
            for _, known in read.values():
                if ptr is not None and known is not None and np.array_equal(ptr, known):
                    ptr = known  # one object for one list structure
            read[name] = flat, ptr
        return read


def _combined(node: _Node, reduced: list[tuple[str, ...]]) -> tuple[str, ...]:
    """The columns that a piece combines number by number; those reduced in it go to ``reduced``."""
    if not isinstance(node, _Call):
        return (node,) if isinstance(node, str) else ()
    parts = [_combined(argument, reduced) for argument in node.arguments]
    names = tuple(dict.fromkeys(itertools.chain(*parts)))
    if not node.function.over_hits:
        return names
    reduced.append(names)
    return ()


def _short(text: str) -> str:
    return repr(text if len(text) <= 120 else f"{text[:117]}...")


class _Parser:
    """From text to a tree of known pieces."""

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            message = f"expected an expression as text, got {text!r}"
            raise SchemaError(message)
        self.text = text
        self.names: list[str] = []
        self._source = b""
        # the names in backticks that have not been met, by their first and last byte
        self._quoted: dict[tuple[int, int | None], str] = {}

    def parse(self) -> _Node:
        if len(self.text) > _MAX_LENGTH:
            raise self._refusal(self.text, f"it has more than {_MAX_LENGTH} characters")
        one_line = re.sub(r"[\n\r\t\f]", " ", self.text).strip()
        try:
            self._source = one_line.encode()
            masked = re.sub(rb"`([^`]*)`", self._mask, self._source)
            if b"`" in masked:
                raise self._refusal(self.text, "a backtick is not closed")
            if b"#" in masked:
                raise self._refusal(self.text, "comments are not part of the language")
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # what Python merely warns of is refused
                tree = ast.parse(masked.decode(), mode="eval")
        except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
            what = str(error.msg if isinstance(error, SyntaxError) else error) or "nested too deep"
            why = f"it cannot be parsed ({what}); a name that is not plain goes in backticks"
            raise self._refusal(self.text, why) from None
        node = self._node(tree.body, 1)
        for name in self._quoted.values():
            raise self._refusal(name, _BACKTICKS)
        return node

    def _mask(self, match: re.Match[bytes]) -> bytes:
        if not match[1].strip():
            raise self._refusal(match[0].decode(), "there is no name between the backticks")
        self._quoted[match.span()] = match[1].decode()
        return b"_" * len(match[0])  # as long, so that positions stay

    def _refusal(self, at: ast.expr | str, why: str) -> SchemaError:
        piece = at if isinstance(at, str) else self._piece(at)
        where = "" if piece == self.text else f"\n  the piece: {_short(piece)}"
        message = f"the expression {_short(self.text)} is refused: {why}{where}\n  {_ALLOWED}"
        return SchemaError(message)

    def _piece(self, node: ast.expr) -> str:
        return self._source[node.col_offset : node.end_col_offset].decode(errors="replace")

    def _node(self, node: ast.expr, depth: int) -> _Node:
        if depth > _MAX_DEPTH:
            raise self._refusal(node, f"it is nested more than {_MAX_DEPTH} deep")
        below = functools.partial(self._node, depth=depth + 1)
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name() | ast.Attribute():
                return self._name(node)
            case ast.UnaryOp():
                value = below(node.operand)
                if isinstance(node.op, ast.USub) and isinstance(value, (int, float)):
                    return -value  # a constant still: an index, a member of a list
                return self._call(OPERATORS[type(node.op)], node, value)
            case ast.BinOp() if type(node.op) in OPERATORS:
                return self._call(
                    OPERATORS[type(node.op)], node, below(node.left), below(node.right)
                )
            case ast.BoolOp():
                function = ALL_OF if isinstance(node.op, ast.And) else ANY_OF
                return self._call(function, node, *(below(value) for value in node.values))
            case ast.Compare():
                return self._compare(node, depth)
            case ast.IfExp():
                yes, condition, no = below(node.body), below(node.test), below(node.orelse)
                return self._call(FUNCTIONS["where"], node, condition, yes, no)
            case ast.Subscript():
                value, index = below(node.value), below(node.slice)
                if isinstance(index, bool) or not isinstance(index, int):
                    raise self._refusal(node, "an index is a whole number: x[0], x[-1]")
                return self._call(element(index), node, value)
            case ast.Call():
                return self._function(node, depth)
        kind = type(getattr(node, "op", node)).__name__
        raise self._refusal(node, f"{kind} is not part of the language")

    def _call(self, function: Function, node: ast.expr, *arguments: _Node) -> _Call:
        return _Call(function, arguments, self._piece(node))

    def _constant(self, node: ast.Constant) -> bool | int | float:
        value = node.value
        if not isinstance(value, (bool, int, float)):
            raise self._refusal(node, f"{type(value).__name__} is no number")
        if isinstance(value, int) and value >= 2**63:
            raise self._refusal(node, "the integer is too large for 64 bits")
        return value

    def _name(self, node: ast.Name | ast.Attribute) -> _Node:
        parts: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            parts.insert(0, inner.attr)
            inner = inner.value
        if not isinstance(inner, ast.Name):
            raise self._refusal(node, "a dot is only allowed in a dotted name (a.b.c)")
        name = self._quoted.pop((node.col_offset, node.end_col_offset), None)
        if name is None:
            parts.insert(0, inner.id)
            name = ".".join(parts)
            if (inner.col_offset, inner.end_col_offset) in self._quoted:
                raise self._refusal(node, _BACKTICKS)
            if any(part.startswith("__") for part in parts):
                raise self._refusal(node, "a name must not begin with two underscores")
            if name in CONSTANTS:
                return CONSTANTS[name]
        self.names.append(name)
        return name

    def _compare(self, node: ast.Compare, depth: int) -> _Node:
        for part in (node.left, *node.comparators) if len(node.ops) > 1 else ():
            if isinstance(part, ast.BinOp) and isinstance(part.op, (ast.BitAnd, ast.BitOr)):
                why = "& and | bind more tightly than comparisons: write (a > 1) & (b > 2), or and"
                raise self._refusal(part, why)
        parts, left = [], self._node(node.left, depth + 1)
        for op, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(op, (ast.In, ast.NotIn)):
                if len(node.ops) > 1:
                    raise self._refusal(node, "in does not stand in a chain of comparisons")
                found = self._call(ONE_OF, node, left, *self._numbers(right, depth))
                return found if isinstance(op, ast.In) else self._call(NOT, node, found)
            if type(op) not in OPERATORS:
                raise self._refusal(node, f"{type(op).__name__} is not part of the language")
            value = self._node(right, depth + 1)
            parts.append(self._call(OPERATORS[type(op)], node, left, value))
            left = value
        return parts[0] if len(parts) == 1 else self._call(ALL_OF, node, *parts)

    def _numbers(self, node: ast.expr, depth: int) -> list[_Node]:
        if isinstance(node, (ast.Tuple, ast.List)) and node.elts:
            numbers = [self._node(element, depth + 1) for element in node.elts]
            if all(isinstance(number, (int, float)) for number in numbers):
                return numbers
        raise self._refusal(node, "in is followed by numbers: x in (1, 2)")

    def _function(self, node: ast.Call, depth: int) -> _Node:
        name = self._piece(node.func)
        if not isinstance(node.func, ast.Name) or name not in FUNCTIONS:
            near = did_you_mean(name.rsplit(".", 1)[-1], [*FUNCTIONS])
            raise self._refusal(node, f"no function is called {_short(name)}. {near}")
        function = FUNCTIONS[name]
        if node.keywords or len(node.args) != function.arity:
            advice = "; see minimum and maximum" if name in ("min", "max") else ""
            why = f"{name} takes {function.arity} argument(s), given by position{advice}"
            raise self._refusal(node, why)
        return self._call(function, node, *(self._node(a, depth + 1) for a in node.args))


class _Values(NamedTuple):
    """A constant, or the values of some events laid end to end.

    Lists have the offsets [B+1] of all events. Columns with lists of the same lengths share them.
    """

    flat: Operand
    ptr: Ints | None


@dataclass(frozen=True)
class _Walk:
    """One walk over the tree, for the events from ``start`` to ``stop``."""

    text: str
    read: Mapping[str, tuple[Array, Ints | None]]
    start: int
    stop: int

    def value(self, node: _Node) -> _Values:
        if isinstance(node, _Call):
            return self._apply(node, [self.value(argument) for argument in node.arguments])
        if not isinstance(node, str):
            return _Values(node, None)
        flat, ptr = self.read[node]
        if ptr is None:
            return _Values(flat[self.start : self.stop], None)
        return _Values(flat[ptr[self.start] : ptr[self.stop]], ptr)

    def _apply(self, node: _Call, values: list[_Values]) -> _Values:
        if node.function.over_hits:
            flat, ptr = values[0]
            if ptr is None:
                why = "it is about the hits of an event, but is given one number per event"
                raise SchemaError(self._at(node, why))
            own = ptr[self.start : self.stop + 1]
            return _Values(node.function.call(flat, own - own[0]), None)
        operands, ptr = self._aligned(node, values)
        try:
            result = node.function.call(*operands)
        except (TypeError, ValueError, OverflowError) as error:
            raise SchemaError(self._at(node, str(error))) from error
        if not any(isinstance(operand, np.ndarray) for operand in operands):
            result = np.asarray(result).item()  # a constant again, which takes on others' types
        return _Values(result, ptr)

    def _aligned(self, node: _Call, values: list[_Values]) -> tuple[list[Operand], Ints | None]:
        """The operands with one number per hit where any of them has, and the offsets then."""
        lists = [ptr for _, ptr in values if ptr is not None]
        if not lists:
            return [flat for flat, _ in values], None
        ptr = lists[0]
        for other in lists[1:]:
            if other is not ptr:
                counts, there = np.diff(ptr), np.diff(other)
                entry = int(np.flatnonzero(counts != there)[0])
                why = (
                    f"it combines lists of different lengths: entry {entry} has {counts[entry]} "
                    f"and {there[entry]} values"
                )
                raise UnequalLengthsError(self._at(node, why), entry)
        operands = [
            np.repeat(flat, np.diff(ptr[self.start : self.stop + 1]))
            if own is None and isinstance(flat, np.ndarray)
            else flat
            for flat, own in values
        ]
        return operands, ptr

    def _at(self, node: _Call, why: str) -> str:
        piece = _short(node.piece)
        return f"the expression {_short(self.text)} cannot be evaluated at {piece}: {why}"
