"""From awkward arrays of one chunk of entries to flat, checked numpy columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from hitclr.errors import InputError
from hitclr.io.files import FileName
from hitclr.io.policy import Reason
from hitclr.io.schema import Column, LabelRule

__all__ = [
    "Source",
    "any_per_event",
    "event_values",
    "first_of_event",
    "jagged",
    "key_values",
    "label_values",
    "list_parts",
    "offsets_of",
    "ragged_median",
    "ragged_minimum",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Numbers = NDArray[Any]


@dataclass(frozen=True)
class Source:
    """Where a chunk comes from, for messages.

    Attributes:
        file: the file.
        tree: the tree's name.
        entries: [n] int64, for each event the entry of the tree that it begins with.
    """

    file: FileName
    tree: str
    entries: Ints

    def error(
        self, what: str, reason: Reason, *, branch: str | None, entry: int | None, advice: str
    ) -> InputError:
        """An `InputError` in this tree."""
        return InputError(
            what,
            reason=reason,
            file=self.file,
            tree=self.tree,
            branch=branch,
            entry=entry,
            advice=advice,
        )


def list_parts(array: ak.Array, branch: str, source: Source) -> tuple[Ints, Numbers]:
    """The lengths [n] int64 of a branch's lists, and the numbers in them laid end to end.

    No number is copied where that can be avoided. A missing one (in a field of optional numbers) is
    NaN, a missing list is empty.

    Raises:
        InputError: the branch does not hold a list of numbers per entry.
    """
    if array.ndim != 2 or array.fields or not _is_number(array):
        message = (
            f"expected a list of numbers per entry (one per hit), the branch holds "
            f"{array.type.content}"
        )
        raise source.error(
            message,
            Reason.WRONG_TYPE,
            branch=branch,
            entry=None,
            advice=f"name a branch with one value per hit; see `hitclr inspect {source.file}`",
        )
    layout = array.layout
    if not _is_plain(layout):
        filled = ak.fill_none(ak.fill_none(array, [], axis=0), np.nan, axis=-1)
        layout = ak.to_packed(ak.from_regular(filled, axis=1)).layout
    if not _is_plain(layout):  # whatever else awkward has
        lists = ak.Array(layout)
        return ak.to_numpy(ak.num(lists)).astype(np.int64), ak.to_numpy(ak.flatten(lists))
    offsets = np.asarray(layout.offsets.data, dtype=np.int64)
    return np.diff(offsets), np.asarray(layout.content.data)[offsets[0] : offsets[-1]]


def _is_plain(layout: Any) -> bool:
    """Whether an array is offsets and a flat buffer."""
    return isinstance(layout, ak.contents.ListOffsetArray) and isinstance(
        layout.content, ak.contents.NumpyArray
    )


def offsets_of(counts: Ints | Bools) -> Ints:
    """Offsets [n+1] int64 from the number of values of each event [n], or of each mark."""
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])


def jagged(counts: Ints, values: Numbers) -> ak.Array:
    """Lists of the given lengths [n] of numbers laid end to end, without copying them."""
    offsets = ak.index.Index64(offsets_of(counts))
    return ak.Array(ak.contents.ListOffsetArray(offsets, ak.contents.NumpyArray(values)))


def first_of_event(array: ak.Array) -> tuple[ak.Array, Bools]:
    """The first of each event's values, and whether all of them are the same [n] bool.

    NaN is the same as NaN.
    """
    lists = ak.from_regular(array, axis=1)
    counts = ak.to_numpy(ak.num(lists)).astype(np.int64)
    values = ak.to_numpy(ak.flatten(lists))
    ptr = offsets_of(counts)
    first = values[ptr[:-1]]
    repeated = np.repeat(first, counts)
    same = values == repeated
    if values.dtype.kind == "f":
        same |= np.isnan(values) & np.isnan(repeated)
    return ak.Array(first), ~any_per_event(~same, ptr)


def event_values(array: ak.Array, column: Column, source: Source) -> tuple[Floats | Ints, Bools]:
    """One number per entry.

    Returns:
        The values [n], int64 where the branch has integers and no ``index``, float64 otherwise;
        and whether each is there [n] bool. A missing one is NaN.

    Raises:
        InputError: the branch does not hold numbers, or has several per entry and no ``index``.
    """
    if not _is_number(array) or array.fields or array.ndim > 2:
        message = f"expected numbers, the branch holds {array.type.content}"
        advice = "name a branch with numbers"
    elif array.ndim == 2 and column.index is None:
        message = f"expected one number per entry, the branch holds {array.type.content}"
        advice = f"say which one: {{branch: {column.branch}, index: 0}}"
    elif array.ndim == 1 and column.index is not None:
        message = f"an index ({column.index}) is given, but the branch has one number per entry"
        advice = "leave the index out"
    else:
        present = ~ak.to_numpy(ak.is_none(array))
        if column.index is None:
            values = ak.to_numpy(array if present.all() else ak.fill_none(array, np.nan))
            kind = np.float64 if values.dtype.kind == "f" else np.int64
            return values.astype(kind), present
        lists = ak.from_regular(ak.fill_none(array, [], axis=0), axis=1)
        present = ak.to_numpy(ak.num(lists)) > column.index
        found = np.full(len(lists), np.nan)
        chosen = ak.fill_none(lists[present][:, column.index], np.nan)
        found[present] = ak.to_numpy(chosen).astype(np.float64)
        return found, present
    raise source.error(message, Reason.WRONG_TYPE, branch=column.branch, entry=None, advice=advice)


def key_values(array: ak.Array, column: Column, source: Source) -> tuple[Ints, Bools]:
    """One integer per entry, exact.

    Returns:
        The values [n] int64, and whether each is one [n] bool: it is there, and finite, whole and
        within int64 (where the branch has floating-point numbers, below 2**53, up to which they
        hold every integer).

    Raises:
        InputError: as for `event_values`.
    """
    _, present = event_values(array, column, source)  # refuses what holds no numbers
    found = np.zeros(len(present), dtype=np.int64)
    array = array[present]
    if column.index is not None:
        array = ak.from_regular(array, axis=1)[:, column.index]
    present[present] = ~ak.to_numpy(ak.is_none(array))
    given = ak.to_numpy(ak.drop_none(array))
    if given.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            good = (np.abs(given) < 2.0**53) & (given == np.floor(given))
    else:
        good = given <= np.iinfo(np.int64).max
    places = np.flatnonzero(present)
    found[places[good]] = given[good].astype(np.int64)
    present[places[~good]] = False
    return found, present


def label_values(
    columns: Sequence[Floats | Ints], rule: LabelRule, classes: Sequence[str]
) -> NDArray[np.int64]:
    """The class index of each entry [n] int64 by a rule; -1 where no value matches."""
    labels = np.full(len(columns[0]), -1, dtype=np.int64)
    for name, values in rule.values.items():
        for value in values:
            match = np.ones(len(labels), dtype=np.bool_)
            for column, number in zip(columns, value, strict=True):
                match &= column == number
            labels[match] = classes.index(name)
    return labels


def any_per_event(flags: Bools, ptr: Ints) -> Bools:
    """Whether any hit of each event [B] is flagged [N]."""
    total = offsets_of(flags)
    return total[ptr[1:]] > total[ptr[:-1]]


def ragged_minimum(values: Floats, ptr: Ints) -> Floats:
    """The smallest value of each event [B]; NaN for an event without hits."""
    return _ordered(values, ptr, lambda counts: (0 * counts, 0 * counts))


def ragged_median(values: Floats, ptr: Ints) -> Floats:
    """The median of each event [B]; NaN for an event without hits."""
    return _ordered(values, ptr, lambda counts: ((counts - 1) // 2, counts // 2))


def _ordered(values: Floats, ptr: Ints, places: Callable[[Ints], tuple[Ints, Ints]]) -> Floats:
    """The mean of two of each event's values in rising order [B]; NaN without hits."""
    lists = ak.contents.ListOffsetArray(ak.index.Index64(ptr), ak.contents.NumpyArray(values))
    ordered = np.asarray(ak.flatten(ak.sort(lists, axis=1, highlevel=False), highlevel=False).data)
    counts = np.diff(ptr)
    some = np.flatnonzero(counts > 0)
    low, high = places(counts[some])
    starts = ptr[:-1][some]
    found = np.full(len(counts), np.nan)
    found[some] = 0.5 * (ordered[starts + low] + ordered[starts + high])
    return found


def _is_number(array: ak.Array) -> bool:
    content = array.type.content
    while hasattr(content, "content"):
        if "__array__" in content.parameters:  # a string is a list of bytes
            return False
        content = content.content
    name = str(getattr(content, "primitive", ""))
    return name == "bool" or name.startswith(("int", "uint", "float"))
