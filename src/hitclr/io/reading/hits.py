"""The hits of a chunk: flattened, selected, checked, put into columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hitclr import fields
from hitclr.io.policy import SKIP_IT, Reason
from hitclr.io.reading.columns import (
    Bools,
    Ints,
    Numbers,
    any_per_event,
    list_parts,
    offsets_of,
    ragged_median,
    ragged_minimum,
)
from hitclr.io.reading.table import Table
from hitclr.io.schema import Expression, Feature, HitSelection, Schema

__all__ = ["Hits", "hit_columns", "judge_hits", "read_hits"]


@dataclass(frozen=True)
class Hits:
    """Flat columns [N] by branch, and the offsets [n+1] int64 of the events in them."""

    columns: Mapping[str, Numbers]
    ptr: Ints

    @property
    def counts(self) -> Ints:
        """The number of hits of each event [n] int64."""
        return np.diff(self.ptr)

    def where(self, keep: Bools) -> Hits:
        """The hits that ``keep`` [N] names; events stay, if need be empty."""
        kept = offsets_of(keep)[self.ptr]
        return Hits({name: column[keep] for name, column in self.columns.items()}, kept)

    def of(self, events: Bools) -> Hits:
        """The hits of the ``events`` [n]; the others are dropped."""
        if events.all():
            return self
        counts = self.counts
        keep = np.repeat(events, counts)
        ptr = offsets_of(counts[events])
        return Hits({name: column[keep] for name, column in self.columns.items()}, ptr)


def read_hits(schema: Schema, table: Table) -> Hits:
    """The hits that the schema keeps of all events; those that do not fit together are blamed.

    Raises:
        InputError: a branch does not hold a list of numbers per event.
    """
    hits = _flatten(schema, table)
    table.verdicts.blame(
        hits.counts == 0,
        Reason.NO_HITS,
        "expected at least one hit, this entry has none",
        branch=schema.positions.branches[0],
    )
    if schema.select_hits:
        keep = np.ones(int(hits.ptr[-1]), dtype=np.bool_)
        for selection in schema.select_hits:
            keep &= _kept(selection, table, hits)
        hits = hits.where(keep)
        table.verdicts.blame(
            hits.counts == 0,
            Reason.NOT_SELECTED,
            "expected at least one hit that the schema's select_hits keeps, this entry has none",
            branch=_names(schema.select_hits[0])[0],
            advice=f"change select_hits in the schema, or {SKIP_IT}",
        )
    return hits


def _names(selection: HitSelection | str) -> tuple[str, ...]:
    if isinstance(selection, HitSelection):
        return (selection.branch,)
    return Expression(selection).names


def _flatten(schema: Schema, table: Table) -> Hits:
    """Flat columns of all events; those with unequal lengths are blamed and become empty."""
    parts = {name: list_parts(table[name], name, table.source) for name in schema.hit_branches()}
    for branch in schema.hit_columns.values():
        if parts[branch][1].dtype.kind not in "iub":
            message = "expected integers for a hit column, the branch holds fractional numbers"
            raise table.source.error(
                message,
                Reason.WRONG_TYPE,
                branch=branch,
                entry=None,
                advice="name it under features instead of hit_columns",
            )
    first = next(iter(parts))
    counts = parts[first][0]
    bad = np.zeros(len(counts), dtype=np.bool_)
    for name, (own, _) in parts.items():
        other = own != counts
        if other.any():
            entry = int(np.flatnonzero(other)[0])
            what = (
                f"expected the same number of hits in all hit branches, this entry has "
                f"{own[entry]} values in {name} and {counts[entry]} in {first}"
            )
            table.verdicts.blame(other, Reason.UNEQUAL_LENGTHS, what, branch=name)
            bad |= other
    kept = np.where(bad, 0, counts)
    ptr = offsets_of(kept)
    if not bad.any():
        return Hits({name: values for name, (_, values) in parts.items()}, ptr)
    return Hits({name: values[np.repeat(~bad, own)] for name, (own, values) in parts.items()}, ptr)


def _kept(selection: HitSelection | str, table: Table, hits: Hits) -> Bools:
    """Whether each hit [N] fulfils a condition; events whose lists do not fit are blamed."""
    if isinstance(selection, HitSelection):
        array = table[selection.branch]
    else:
        array = table.evaluate(Expression(selection))
    if array.ndim == 1:  # a number of the event
        counts, values = hits.counts, np.repeat(np.asarray(array), hits.counts)
    else:
        counts, values = list_parts(array, _names(selection)[0], table.source)
    other = (counts != hits.counts) & (hits.counts > 0)
    table.verdicts.blame(
        other,
        Reason.UNEQUAL_LENGTHS,
        f"expected as many values in {', '.join(_names(selection))}, by which the schema selects "
        f"hits, as the entry has hits",
        branch=_names(selection)[0],
    )
    unlike = counts != hits.counts
    keep = np.zeros(int(hits.ptr[-1]), dtype=np.bool_)
    ours, theirs = np.repeat(~unlike, hits.counts), np.repeat(~unlike, counts)
    values = values[theirs]
    if isinstance(selection, str):
        keep[ours] = (values != 0) & ~np.isnan(values)
        return keep
    chosen = np.ones(len(values), dtype=np.bool_)
    if selection.min is not None:
        chosen &= values >= selection.min
    if selection.max is not None:
        chosen &= values <= selection.max
    keep[ours] = chosen
    return keep


def judge_hits(schema: Schema, hits: Hits, table: Table) -> None:
    """Blame events with too many hits, values that are not finite, or no positions."""
    verdicts = table.verdicts
    if schema.max_hits is not None:
        verdicts.blame(
            hits.counts > schema.max_hits,
            Reason.TOO_MANY_HITS,
            f"expected at most {schema.max_hits} hits (the schema's max_hits), this entry has more",
            branch=schema.positions.branches[0],
            advice=f"raise max_hits, select fewer hits in the schema, or {SKIP_IT}",
        )
    used = [*schema.positions.branches, *(feature.branch for feature in schema.features)]
    for branch in dict.fromkeys(used):
        values = hits.columns[branch]
        if values.dtype.kind != "f":
            continue
        with np.errstate(over="ignore"):
            finite = np.isfinite(values.astype(np.float32, copy=False))
        if not finite.all():
            what = "expected numbers that fit float32, this entry has NaN, inf or larger ones"
            bad = any_per_event(~finite, hits.ptr)
            verdicts.blame(bad, Reason.NOT_FINITE, what, branch=branch)
    verdicts.blame(
        _nowhere(schema, hits) & (hits.counts > 1),
        Reason.ZERO_POSITIONS,
        "expected hit positions, all hits of this entry are at exactly (0, 0, 0): the file has "
        "no calibrated positions",
        branch=schema.positions.branches[0],
        advice=f"calibrate the file first, or {SKIP_IT}",
    )


def _nowhere(schema: Schema, hits: Hits) -> Bools:
    """Whether all hits of an event [n] are at the origin."""
    columns = [hits.columns[branch] for branch in schema.positions.branches]
    some = hits.counts > 0
    suspect: Bools = some.copy()
    for column in columns:  # the first hit alone tells for nearly every event
        suspect[some] &= column[hits.ptr[:-1][some]] == 0
    if not suspect.any():
        return suspect
    somewhere = np.zeros(int(hits.ptr[-1]), dtype=np.bool_)
    for column in columns:
        somewhere |= column != 0
    suspect &= ~any_per_event(somewhere, hits.ptr)
    return suspect


def hit_columns(schema: Schema, hits: Hits) -> dict[str, Numbers]:
    """Positions [N, 3] and features [N, F] float32, and hit columns [N] int64."""
    total = int(hits.ptr[-1])
    pos = np.empty((total, 3), dtype=np.float32)
    for place, branch in enumerate(schema.positions.branches):
        pos[:, place] = hits.columns[branch]
    x = np.empty((total, len(schema.features)), dtype=np.float32)
    for place, feature in enumerate(schema.features):
        x[:, place] = _relative(feature, hits)
    made = {fields.POS: pos, fields.X: x}
    for name, branch in schema.hit_columns.items():
        made[fields.HIT_PREFIX + name] = hits.columns[branch].astype(np.int64)
    return made


def _relative(feature: Feature, hits: Hits) -> Numbers:
    """A feature, relative to what the schema says."""
    values = hits.columns[feature.branch]
    if feature.relative_to == "nothing":
        return values
    if values.dtype.kind in "iu":
        # Nanoseconds since 1970 fit int64 but not float64: the first hit's go before the cast.
        whole = values.astype(np.int64)
        values = whole - np.repeat(whole[hits.ptr[:-1]], hits.counts)
    values = values.astype(np.float64)
    of_event = ragged_minimum if feature.relative_to == "minimum" else ragged_median
    shifted: Numbers = values - np.repeat(of_event(values, hits.ptr), hits.counts)
    return shifted
