"""One chunk of entries of a tree, read, checked and flattened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from hitclr import fields
from hitclr.errors import InputError
from hitclr.io.files import branch_names, read_branch
from hitclr.io.policy import SKIP_IT, Reason
from hitclr.io.reading.columns import (
    Source,
    any_per_event,
    event_values,
    key_values,
    label_values,
    ragged_median,
    ragged_minimum,
    require_hit_list,
)
from hitclr.io.schema import LabelRule, Schema

__all__ = ["Chunk", "Fault", "read_chunk"]

_SKIP = f"mend the file, or {SKIP_IT}"


@dataclass(frozen=True)
class Fault:
    """What is wrong with some entries of a chunk.

    Attributes:
        reason: what.
        error: the error for the first such entry, ready to be raised.
    """

    reason: Reason
    error: InputError


@dataclass(frozen=True)
class Chunk:
    """The good events among some consecutive entries of a tree.

    Attributes:
        start: the first entry.
        stop: the entry after the last.
        total: the number of entries in the tree.
        entries: [B] int64, the entries that became events.
        codes: [stop - start] int8, 0 for those, else `Reason.code`.
        labels: [stop - start] int64, the class of every entry, -1 where unknown.
        hits: hit columns [N, ...].
        events: event columns [B, ...]: the label, the key, the axis and the observers.
        ptr: [B+1] int64.
        faults: what is wrong with the others, one for each reason.
    """

    start: int
    stop: int
    total: int
    entries: NDArray[np.int64]
    codes: NDArray[np.int8]
    labels: NDArray[np.int64]
    hits: Mapping[str, NDArray[Any]]
    events: Mapping[str, NDArray[Any]]
    ptr: NDArray[np.int64]
    faults: tuple[Fault, ...]


class _Verdicts:
    """Which entries of a chunk are at fault, the first reason for each, and an error for it."""

    def __init__(self, source: Source, number: int) -> None:
        self.source = source
        self.codes: NDArray[np.int8] = np.zeros(number, dtype=np.int8)
        self.faults: list[Fault] = []

    def blame(
        self,
        bad: NDArray[np.bool_],
        reason: Reason,
        what: str,
        *,
        branch: str | None = None,
        advice: str = _SKIP,
    ) -> None:
        """Mark the entries [n] that are ``bad`` and not yet marked."""
        bad = bad & (self.codes == 0)
        if not bad.any():
            return
        self.codes[bad] = reason.code
        if all(fault.reason != reason for fault in self.faults):
            number = int(bad.sum())
            more = f" ({number} such entries among the {len(bad)} looked at)" if number > 1 else ""
            error = self.source.error(
                what + more,
                reason,
                branch=branch,
                entry=self.source.start + int(np.flatnonzero(bad)[0]),
                advice=advice,
            )
            self.faults.append(Fault(reason, error))


def read_chunk(
    tree: Any,
    schema: Schema,
    labelling: str | LabelRule | None,
    classes: Sequence[str],
    file: Path,
    start: int,
    stop: int,
) -> Chunk:
    """Read the entries ``start`` to ``stop`` and sort the good from the bad.

    Args:
        tree: the uproot tree.
        schema: how branches become events.
        labelling: the class of all entries, the rule for it, or None where it is unknown.
        classes: the class names in the order of ``y``.
        file: for messages.
        start: the first entry.
        stop: the entry after the last.

    Raises:
        InputError: a branch is missing, unreadable or of the wrong type. Faults of single entries
            are not raised but returned.
    """
    source = Source(file, schema.tree, start)
    verdicts = _Verdicts(source, stop - start)

    def read(branch: str) -> ak.Array:
        return read_branch(tree, branch, file, start, stop)

    lists = {name: require_hit_list(read(name), name, source) for name in schema.hit_branches()}
    for branch in schema.hit_columns.values():
        _require_integers(lists[branch], branch, source)
    columns, ptr = _flatten(lists, verdicts)
    verdicts.blame(
        np.diff(ptr) == 0,
        Reason.NO_HITS,
        "expected at least one hit, this entry has none",
        branch=schema.positions.branches[0],
    )
    columns, ptr = _select(schema, columns, ptr)
    _check_hits(schema, columns, ptr, verdicts)
    labels = _labels(labelling, classes, read, verdicts, stop - start)
    keys = _keys(schema, read, verdicts)
    # Data have no Monte Carlo truth: what an unlabelled sample lacks is unknown, not an error.
    lacking = set() if labelling is not None else set(schema.observers) - _present(tree, schema)
    observers = {
        name: np.full(stop - start, np.nan)
        if name in lacking
        else event_values(read(column.branch), column, source)[0]
        for name, column in schema.observers.items()
    }
    good = verdicts.codes == 0
    hits, ptr = _hit_columns(schema, columns, ptr, good)
    events: dict[str, NDArray[Any]] = {fields.LABEL: labels[good]}
    if keys is not None:
        events[fields.KEY] = keys[good]
    if schema.axis is not None:
        events[fields.AXIS] = np.tile(_unit(schema.axis), (len(ptr) - 1, 1))
    events.update({name: values[good] for name, values in observers.items()})
    return Chunk(
        start=start,
        stop=stop,
        total=int(tree.num_entries),
        entries=np.flatnonzero(good) + start,
        codes=verdicts.codes,
        labels=labels,
        hits=hits,
        events=events,
        ptr=ptr,
        faults=tuple(verdicts.faults),
    )


def _present(tree: Any, schema: Schema) -> set[str]:
    """The observers whose branch the tree has."""
    known = set(branch_names(tree))
    return {name for name, column in schema.observers.items() if column.branch in known}


def _require_integers(array: ak.Array, branch: str, source: Source) -> None:
    kind = ak.to_numpy(ak.flatten(array)).dtype.kind
    if kind not in "iub":
        message = "expected integers for a hit column, the branch holds fractional numbers"
        raise source.error(
            message,
            Reason.WRONG_TYPE,
            branch=branch,
            entry=None,
            advice="name it under features instead of hit_columns",
        )


def _flatten(
    lists: Mapping[str, ak.Array], verdicts: _Verdicts
) -> tuple[dict[str, NDArray[Any]], NDArray[np.int64]]:
    """Flat columns of all entries; those with unequal lengths are blamed and become empty."""
    names = list(lists)
    counts = np.stack([ak.to_numpy(ak.num(lists[name])) for name in names])
    unequal = counts != counts[0]
    if unequal.any():
        culprit = int(np.flatnonzero(unequal.any(axis=1))[0])
        entry = int(np.flatnonzero(unequal[culprit])[0])
        what = (
            f"expected the same number of hits in all hit branches, this entry has "
            f"{counts[culprit, entry]} values in {names[culprit]} and {counts[0, entry]} in "
            f"{names[0]}"
        )
        verdicts.blame(unequal.any(axis=0), Reason.UNEQUAL_LENGTHS, what, branch=names[culprit])
    good = ~unequal.any(axis=0)
    kept = np.where(good, counts[0], 0)
    ptr = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
    flat = {name: ak.to_numpy(ak.flatten(array[good])) for name, array in lists.items()}
    return flat, ptr


def _select(
    schema: Schema, columns: dict[str, NDArray[Any]], ptr: NDArray[np.int64]
) -> tuple[dict[str, NDArray[Any]], NDArray[np.int64]]:
    """The hits that the schema keeps."""
    if not schema.select_hits:
        return columns, ptr
    keep = np.ones(int(ptr[-1]), dtype=np.bool_)
    for selection in schema.select_hits:
        values = columns[selection.branch]
        if selection.min is not None:
            keep &= values >= selection.min
        if selection.max is not None:
            keep &= values <= selection.max
    kept = np.concatenate([[0], np.cumsum(keep)]).astype(np.int64)
    return {name: column[keep] for name, column in columns.items()}, kept[ptr]


def _check_hits(
    schema: Schema,
    columns: Mapping[str, NDArray[Any]],
    ptr: NDArray[np.int64],
    verdicts: _Verdicts,
) -> None:
    counts = np.diff(ptr)
    verdicts.blame(
        counts == 0,
        Reason.NOT_SELECTED,
        "expected at least one hit that the schema's select_hits keeps, this entry has none",
        branch=schema.select_hits[0].branch if schema.select_hits else None,
        advice=f"change select_hits in the schema, or {SKIP_IT}",
    )
    used = [*schema.positions.branches, *(feature.branch for feature in schema.features)]
    for branch in dict.fromkeys(used):
        values = columns[branch]
        if values.dtype.kind == "f":
            with np.errstate(over="ignore"):
                bad = any_per_event(~np.isfinite(values.astype(np.float32)), ptr)
            what = "expected numbers that fit float32, this entry has NaN, inf or larger ones"
            verdicts.blame(bad, Reason.NOT_FINITE, what, branch=branch)
    somewhere = np.zeros(int(ptr[-1]), dtype=np.bool_)
    for branch in schema.positions.branches:
        somewhere |= columns[branch] != 0
    verdicts.blame(
        ~any_per_event(somewhere, ptr) & (counts > 1),
        Reason.ZERO_POSITIONS,
        "expected hit positions, all hits of this entry are at exactly (0, 0, 0): the file has "
        "no calibrated positions",
        branch=schema.positions.branches[0],
        advice=f"calibrate the file first, or {SKIP_IT}",
    )


def _labels(
    labelling: str | LabelRule | None,
    classes: Sequence[str],
    read: Any,
    verdicts: _Verdicts,
    number: int,
) -> NDArray[np.int64]:
    """The class of each entry [n]; an unknown one under a rule is blamed."""
    if labelling is None:
        return np.full(number, fields.UNKNOWN_LABEL, dtype=np.int64)
    if isinstance(labelling, str):
        return np.full(number, classes.index(labelling), dtype=np.int64)
    values = [
        event_values(read(column.branch), column, verdicts.source)[0]
        for column in labelling.columns
    ]
    labels = label_values(values, labelling, classes)
    unknown = labels < 0
    if unknown.any():
        first = int(np.flatnonzero(unknown)[0])
        shown = ", ".join(
            "nothing there" if np.isnan(float(v[first])) else f"{float(v[first]):g}" for v in values
        )
        branches = ", ".join(column.branch for column in labelling.columns)
        what = (
            f"expected a value that the label rule knows, this entry has ({shown}) in {branches}; "
            f"classes: {', '.join(labelling.classes)}"
        )
        verdicts.blame(
            unknown,
            Reason.UNKNOWN_LABEL,
            what,
            branch=labelling.columns[0].branch,
            advice=f"add the value to a class of the label rule, or {SKIP_IT}",
        )
    return labels


def _keys(schema: Schema, read: Any, verdicts: _Verdicts) -> NDArray[np.int64] | None:
    """The key of each entry [n], where the schema has one; an entry without is blamed."""
    if schema.key is None:
        return None
    branch = schema.key.branch
    keys, present = key_values(read(branch), schema.key, verdicts.source)
    verdicts.blame(
        ~present,
        Reason.NO_KEY,
        "expected a whole number as the event's key, this entry has none: it is missing, not "
        "finite, fractional or too large",
        branch=branch,
        advice=f"name another column as the schema's key, leave the key out, or {SKIP_IT}",
    )
    return keys


def _unit(axis: tuple[float, float, float]) -> NDArray[np.float32]:
    """The unit vector [3] along an axis."""
    vector = np.array(axis, dtype=np.float64)
    vector /= np.abs(vector).max()  # its square may be too large or too small for a number
    unit: NDArray[np.float32] = (vector / np.linalg.norm(vector)).astype(np.float32)
    return unit


def _hit_columns(
    schema: Schema,
    columns: Mapping[str, NDArray[Any]],
    ptr: NDArray[np.int64],
    good: NDArray[np.bool_],
) -> tuple[dict[str, NDArray[Any]], NDArray[np.int64]]:
    """Positions, features and hit columns of the good entries, and their offsets."""
    counts = np.diff(ptr)
    keep = np.repeat(good, counts)
    kept = np.concatenate([[0], np.cumsum(counts[good])]).astype(np.int64)
    repeat = counts[good]

    def column(branch: str) -> NDArray[Any]:
        return columns[branch][keep]

    features = []
    for feature in schema.features:
        values = column(feature.branch)
        if feature.relative_to != "nothing" and values.dtype.kind in "iu":
            # Nanoseconds since 1970 fit int64 but not float64: the first hit's go before the cast.
            whole = values.astype(np.int64)
            values = whole - np.repeat(whole[kept[:-1]], repeat)
        values = values.astype(np.float64)
        if feature.relative_to == "minimum":
            values -= np.repeat(ragged_minimum(values, kept), repeat)
        elif feature.relative_to == "median":
            values -= np.repeat(ragged_median(values, kept), repeat)
        features.append(values.astype(np.float32))
    pos = np.stack([column(b).astype(np.float32) for b in schema.positions.branches], 1)
    hits: dict[str, NDArray[Any]] = {fields.POS: pos, fields.X: np.stack(features, 1)}
    for name, branch in schema.hit_columns.items():
        hits[fields.HIT_PREFIX + name] = column(branch).astype(np.int64)
    return hits, kept
