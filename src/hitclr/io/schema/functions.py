"""What an expression may call: plain numpy functions on flat columns.

A function over elements takes arrays [n] and Python numbers and gives an array [n]. A function
over hits takes the hits of all events laid end to end [N] and the offsets [B+1] and gives one
number per event [B]. Python numbers are weak, as in numpy 2: ``x * 0.5`` keeps the type of ``x``.
Callers silence numpy's warnings.
"""

from __future__ import annotations

import ast
import functools
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ALL_OF",
    "ANY_OF",
    "CONSTANTS",
    "FUNCTIONS",
    "NOT",
    "ONE_OF",
    "OPERATORS",
    "Array",
    "Function",
    "Ints",
    "Operand",
    "element",
    "flatten",
]

Array = NDArray[Any]
Operand = Array | bool | int | float
Ints = NDArray[np.int64]

CONSTANTS: Mapping[str, float] = {"pi": math.pi, "inf": math.inf, "nan": math.nan}


@dataclass(frozen=True)
class Function:
    """A function of the language.

    Attributes:
        call: what computes it.
        arity: how many arguments it takes; None for any number.
        over_hits: it takes the hits of an event together, as ``call(flat [N], ptr [B+1])``.
    """

    call: Callable[..., Any]
    arity: int | None
    over_hits: bool = False


def flatten(column: ak.Array) -> tuple[Array, Ints | None]:
    """A column's numbers end to end, contiguous and in native byte order, and a list's offsets.

    Args:
        column: numbers [B], or lists of numbers [B, var].

    Returns:
        The numbers [B] and None, or the numbers [N] and the offsets [B+1] of the events in them.

    Raises:
        TypeError, ValueError: the column holds something else, or values are missing.
    """
    depth, ptr = column.layout.minmax_depth, None
    if depth == (2, 2):
        lists = ak.to_packed(ak.from_regular(column, axis=1)).layout
        if not isinstance(lists, ak.contents.ListOffsetArray):
            message = "whole lists may be missing"
            raise TypeError(message)
        ptr = np.asarray(lists.offsets.data, dtype=np.int64)
        column = lists.content
    numbers = ak.to_numpy(column, allow_missing=False)
    if depth not in ((1, 1), (2, 2)) or numbers.dtype.kind not in "biuf":
        message = "neither numbers nor lists of numbers"
        raise TypeError(message)
    return np.ascontiguousarray(numbers, dtype=numbers.dtype.newbyteorder("=")), ptr


def _kind(value: Operand) -> str:
    """``b``, ``i``, ``u`` or ``f``."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.dtype.kind
    return "b" if isinstance(value, bool) else "i" if isinstance(value, int) else "f"


def _fit(*operands: Operand) -> tuple[Operand, ...]:
    """Numbers that do not fit the columns' integer type become int64, as a column would be."""
    types = [value.dtype for value in operands if isinstance(value, np.ndarray)]
    common = np.result_type(*types) if types else None
    if common is None or common.kind not in "iu":
        return operands
    limits = np.iinfo(common)
    return tuple(
        np.array([value])
        if isinstance(value, int) and not limits.min <= value <= limits.max
        else value
        for value in operands
    )


def _counted(value: Operand) -> Operand:
    """Truth values as the integers 0 and 1."""
    if isinstance(value, np.ndarray):
        return value.astype(np.int64) if value.dtype.kind == "b" else value
    return int(value) if isinstance(value, bool) else value


def _arithmetic(operation: Callable[[Any, Any], Any], a: Operand, b: Operand) -> Any:
    if _kind(a) == _kind(b) == "b":
        a, b = _counted(a), _counted(b)
    if isinstance(a, int) and isinstance(b, int):
        rough = operation(np.float64(a), np.float64(b))
        if not abs(rough) < 2.0**63:  # beyond int64: 9**9**9 is inf
            return rough
        a = np.int64(a)
    return operation(*_fit(a, b))


def _divided(operation: Callable[[Any, Any], Any], a: Operand, b: Operand) -> Any:
    """``//`` and ``%``: integers by a column in float64, where a zero shows as inf or NaN."""
    exact = isinstance(b, int) and b != 0
    if not exact and _kind(a) in "biu" and _kind(b) in "biu":
        a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    return _arithmetic(operation, a, b)


def _power(a: Operand, b: Operand) -> Any:
    """Integers stay integers under a constant exponent from 0 on, and become float64 otherwise."""
    exact = isinstance(b, int) and b >= 0
    if not exact and _kind(a) in "biu" and _kind(b) in "biu":
        a = np.asarray(a, dtype=np.float64)
    return _arithmetic(operator.pow, _counted(a), b)


def _bits(operation: Callable[..., Any], *operands: Operand) -> Any:
    if any(_kind(value) == "f" for value in operands):
        message = "& | ~ take truth values or integers, not floating-point numbers"
        raise TypeError(message)
    return operation(*_fit(*operands))


def _real(function: Callable[..., Any], *operands: Operand) -> Any:
    """A function of real numbers: integers and truth values become float64 first."""
    return function(
        *(
            (value.astype(np.float64) if value.dtype.kind in "biu" else value)
            if isinstance(value, np.ndarray)
            else float(value)
            for value in operands
        )
    )


def _whole(function: Callable[..., Any], value: Operand) -> Any:
    """Rounding, which leaves integers and truth values alone."""
    return function(value) if _kind(value) == "f" else value


def _signed(function: Callable[..., Any], value: Operand) -> Any:
    return function(_counted(value))


def _fitted(function: Callable[..., Any], *operands: Operand) -> Any:
    return function(*_fit(*operands))


def _where(condition: Operand, a: Operand, b: Operand) -> Any:
    return np.where(condition, *_fit(a, b))


def _clip(value: Operand, low: Operand, high: Operand) -> Any:
    return _fitted(np.minimum, _fitted(np.maximum, value, low), high)


def _all_of(*operands: Operand) -> Any:
    return functools.reduce(np.logical_and, operands)


def _any_of(*operands: Operand) -> Any:
    return functools.reduce(np.logical_or, operands)


def _one_of(value: Operand, *numbers: Operand) -> Any:
    return _any_of(*(np.equal(value, number) for number in numbers))


def _float_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return dtype if dtype.kind == "f" else np.dtype(np.float64)


def _fold(ufunc: np.ufunc, flat: Array, ptr: Ints, empty: Any) -> Array:
    """``ufunc`` over the hits of each event [B], ``empty`` for an event without hits."""
    some = np.diff(ptr) > 0
    found = np.full(len(some), empty, dtype=flat.dtype)
    if some.any():
        found[some] = ufunc.reduceat(flat, ptr[:-1][some])
    return found


def _count(flat: Array, ptr: Ints) -> Array:
    return np.diff(ptr)


def _wide_sum(flat: Array, ptr: Ints) -> Array:
    if flat.dtype.kind == "f":
        return _fold(np.add, flat.astype(np.result_type(flat, np.float64)), ptr, 0)
    return _fold(np.add, flat.astype(np.uint64 if flat.dtype.kind == "u" else np.int64), ptr, 0)


def _sum(flat: Array, ptr: Ints) -> Array:
    total = _wide_sum(flat, ptr)
    return total.astype(flat.dtype) if flat.dtype.kind == "f" else total


def _mean(flat: Array, ptr: Ints) -> Array:
    return (_wide_sum(flat, ptr) / np.diff(ptr)).astype(_float_type(flat.dtype))


def _std(flat: Array, ptr: Ints) -> Array:
    counts = np.diff(ptr)
    away = flat - np.repeat(_wide_sum(flat, ptr) / counts, counts)
    return np.sqrt(_wide_sum(away * away, ptr) / counts).astype(_float_type(flat.dtype))


def _extreme(ufunc: np.ufunc, flat: Array, ptr: Ints) -> Array:
    return _fold(ufunc, flat.astype(_float_type(flat.dtype), copy=False), ptr, np.nan)


def _median(flat: Array, ptr: Ints) -> Array:
    flat = flat.astype(_float_type(flat.dtype), copy=False)
    broken = np.isnan(flat)
    # Awkward Array has no order of half precision.
    wide = np.where(broken, np.inf, flat).astype(np.result_type(flat, np.float32), copy=False)
    lists = ak.contents.ListOffsetArray(ak.index.Index64(ptr), ak.contents.NumpyArray(wide))
    ordered = np.asarray(ak.flatten(ak.sort(lists, axis=1, highlevel=False), highlevel=False).data)
    counts = np.diff(ptr)
    some = np.flatnonzero(counts > 0)
    low = ordered[ptr[some] + (counts[some] - 1) // 2]
    high = ordered[ptr[some] + counts[some] // 2]
    found = np.full(len(counts), np.nan, dtype=flat.dtype)
    found[some] = 0.5 * (low + high)
    found[_fold(np.logical_or, broken, ptr, False)] = np.nan
    return found


def _any(flat: Array, ptr: Ints) -> Array:
    return _fold(np.logical_or, flat != 0, ptr, False)


def _all(flat: Array, ptr: Ints) -> Array:
    return _fold(np.logical_and, flat != 0, ptr, True)


def _pick(index: int, flat: Array, ptr: Ints) -> Array:
    counts = np.diff(ptr)
    there = counts > index if index >= 0 else counts >= -index
    starts = ptr[:-1] if index >= 0 else ptr[1:]
    found = np.full(len(counts), np.nan)
    found[there] = flat[starts[there] + index]
    return found


def _of_elements(call: Callable[..., Any], *first: Any, arity: int = 1) -> Function:
    return Function(functools.partial(call, *first) if first else call, arity)


def _of_hits(call: Callable[..., Any], *first: Any) -> Function:
    return Function(functools.partial(call, *first) if first else call, 1, over_hits=True)


_REAL = (
    *("sqrt", "exp", "expm1", "log", "log10", "log1p", "log2", "sin", "cos", "tan", "arcsin"),
    *("arccos", "arctan", "sinh", "cosh", "tanh", "radians", "degrees"),
)

FUNCTIONS: Mapping[str, Function] = {
    **{name: _of_elements(_real, getattr(np, name)) for name in _REAL},
    "arctan2": _of_elements(_real, np.arctan2, arity=2),
    "hypot": _of_elements(_real, np.hypot, arity=2),
    "abs": _of_elements(_signed, np.abs),
    "sign": _of_elements(_signed, np.sign),
    "floor": _of_elements(_whole, np.floor),
    "ceil": _of_elements(_whole, np.ceil),
    "round": _of_elements(_whole, np.round),
    "minimum": _of_elements(_fitted, np.minimum, arity=2),
    "maximum": _of_elements(_fitted, np.maximum, arity=2),
    "where": _of_elements(_where, arity=3),
    "clip": _of_elements(_clip, arity=3),
    "isfinite": _of_elements(np.isfinite),
    "isnan": _of_elements(np.isnan),
    "count": _of_hits(_count),
    "sum": _of_hits(_sum),
    "mean": _of_hits(_mean),
    "std": _of_hits(_std),
    "min": _of_hits(_extreme, np.minimum),
    "max": _of_hits(_extreme, np.maximum),
    "median": _of_hits(_median),
    "any": _of_hits(_any),
    "all": _of_hits(_all),
}

OPERATORS: Mapping[type[ast.AST], Function] = {
    ast.Add: _of_elements(_arithmetic, np.add, arity=2),
    ast.Sub: _of_elements(_arithmetic, np.subtract, arity=2),
    ast.Mult: _of_elements(_arithmetic, np.multiply, arity=2),
    ast.Div: _of_elements(_fitted, np.true_divide, arity=2),
    ast.FloorDiv: _of_elements(_divided, np.floor_divide, arity=2),
    ast.Mod: _of_elements(_divided, np.remainder, arity=2),
    ast.Pow: _of_elements(_power, arity=2),
    ast.BitAnd: _of_elements(_bits, np.bitwise_and, arity=2),
    ast.BitOr: _of_elements(_bits, np.bitwise_or, arity=2),
    ast.Invert: _of_elements(_bits, np.invert),
    ast.UAdd: _of_elements(_signed, np.positive),
    ast.USub: _of_elements(_signed, np.negative),
    ast.Not: _of_elements(np.logical_not),
    ast.Lt: _of_elements(np.less, arity=2),
    ast.LtE: _of_elements(np.less_equal, arity=2),
    ast.Gt: _of_elements(np.greater, arity=2),
    ast.GtE: _of_elements(np.greater_equal, arity=2),
    ast.Eq: _of_elements(np.equal, arity=2),
    ast.NotEq: _of_elements(np.not_equal, arity=2),
}

ALL_OF = Function(_all_of, None)
ANY_OF = Function(_any_of, None)
NOT = OPERATORS[ast.Not]
ONE_OF = Function(_one_of, None)


def element(index: int) -> Function:
    """What gives the element ``index`` of each event's list as float64, NaN where none is."""
    return _of_hits(_pick, index)
