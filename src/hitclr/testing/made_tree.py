"""A made-up tree with the branches that a schema names, and what the schema should make of it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot
from numpy.typing import NDArray

from hitclr.errors import SchemaError
from hitclr.io import Column, HitSelection, LabelRule, Schema
from hitclr.io.schema import Expression

__all__ = ["MadeTree", "make_tree", "one_per_event"]

_EVENTS = 400
_MOST_HITS = 12
_MOST_GUESSES = 8
_NUMBER = re.compile(r"(?<![\w.])\d+\.?\d*(?:[eE][+-]?\d+)?")


@dataclass(frozen=True)
class MadeTree:
    """Branches, made up for a schema or read of a file: for each event a number or a list.

    Attributes:
        schema: the schema that they are made for.
        branches: the branches, [B] or [B, var].
        columns: these and what is looked up by them and derived of them.
    """

    schema: Schema
    branches: Mapping[str, ak.Array]
    columns: Mapping[str, ak.Array]

    def kept(self) -> ak.Array:
        """Which hits the schema selects [B, var] bool."""
        keep = ak.ones_like(self.columns[self.schema.positions.branches[0]], dtype=np.bool_)
        for selection in self.schema.select_hits:
            if isinstance(selection, HitSelection):
                values = self.columns[selection.branch]
                low = -np.inf if selection.min is None else selection.min
                high = np.inf if selection.max is None else selection.max
                keep = keep & (values >= low) & (values <= high)
            else:
                keep = keep & (Expression(selection).evaluate(self.columns) != 0)
        return keep

    def labels(self) -> NDArray[np.int64]:
        """The number of the class of each event [B], -1 where there is none, or more than one."""
        rule = self.schema.label
        if rule is None:
            return np.zeros(_EVENTS, dtype=np.int64)
        if rule.conditions:
            conditions = [one.evaluate(self.columns) for one in rule.conditions.values()]
            # In a flat tree that was read, the hits of an event have its condition in common.
            single = [one[:, 0] if one.ndim == 2 else one for one in conditions]
            member = np.stack([ak.to_numpy(condition) != 0 for condition in single])
        else:
            columns = [one_per_event(self.columns[one.branch], one) for one in rule.columns]
            rows = np.stack(columns, 1)
            member = np.stack(
                [(rows[:, None] == np.array(v)).all(2).any(1) for v in rule.values.values()]
            )
        return np.where(member.sum(0) == 1, member.argmax(0), -1)

    def has_plain_names(self) -> bool:
        """Whether an RNTuple can have these branches.

        Slashes are a TTree's, and a structure holds no numbers beside its members.
        """
        names = list(self.branches)
        return not any(
            "/" in name or any(other.startswith(f"{name}.") for other in names) for name in names
        )

    def write(self, path: Path, form: str) -> None:
        """Write the tree as a ``ttree`` or an ``rntuple``."""
        flat = self.schema.layout == "flat"
        made = dict(self._rows()) if flat else dict(self.branches)
        with uproot.recreate(path) as file:
            if form == "rntuple":
                file.mkrntuple(self.schema.tree, _nested(made))
                return
            types = {name: ak.type(column).content for name, column in made.items()}
            tree = file.mktree(self.schema.tree, types, counter_name=_counter)
            tree.extend(made)

    def _rows(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """One number per hit: numbers of events are repeated."""
        counts = ak.num(self.columns[self.schema.positions.branches[0]])
        for name, column in self.branches.items():
            numbers = ak.to_numpy(ak.flatten(column) if column.ndim == 2 else column)
            yield name, numbers if column.ndim == 2 else np.repeat(numbers, ak.to_numpy(counts))


def make_tree(schema: Schema) -> MadeTree:
    """Make up some hundred events for a schema, among them such as its conditions are true for.

    Raises:
        SchemaError: there are no values for which all its expressions can be computed.
    """
    return _Maker(schema).make()


class _Maker:
    """Makes the tree of one schema: which branch is a list, and what is in it."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.random = np.random.default_rng(1)
        rule = schema.label
        self.event_columns = [
            *(rule.columns if rule else ()),
            *schema.observers.values(),
            *(column for column in (schema.key, schema.weight) if column is not None),
        ]
        self.hit_names = [
            *schema.hit_branches(),
            *(one.branch for one in schema.select_hits if isinstance(one, HitSelection)),
        ]
        least = max((column.index or 0 for column in self.event_columns), default=0) + 1
        self.counts = self.random.integers(least, least + _MOST_HITS, _EVENTS)
        self.columns = schema.columns(rule)
        self.sources = schema.sources(self.columns)
        self.conditions = list(schema.conditions(rule))
        self.special = _special_numbers(schema, self.conditions)

    def make(self) -> MadeTree:
        fault: SchemaError | None = None
        for lists in self._guesses():
            branches = {name: self._values(name, name in lists) for name in self.sources}
            self._put_labels(branches)
            try:
                return MadeTree(self.schema, branches, self._derived(branches))
            except SchemaError as error:
                fault = error
        raise fault if fault is not None else SchemaError("the schema names no branch")

    def _guesses(self) -> Iterator[set[str]]:
        """Which branches are lists: where the schema does not say, one way after the other."""
        known = set(self.hit_names) | {c.branch for c in self.event_columns if c.index is not None}
        single = {c.branch for c in self.event_columns if c.index is None} | {*self.schema.group_by}
        if self.schema.layout == "flat":
            known -= single
        open_ = [name for name in self.sources if name not in known | single]
        tried, rest = open_[:_MOST_GUESSES], open_[_MOST_GUESSES:]
        for choice in itertools.product((True, False), repeat=len(tried)):
            yield known | {*rest} | {name for name, is_list in zip(tried, choice) if is_list}  # noqa: B905

    def _derived(self, branches: Mapping[str, ak.Array]) -> dict[str, ak.Array]:
        """All columns, if every expression can be computed and has a value where one is wanted."""
        columns = dict(branches)
        for name, expression in self.schema.derivations(
            [*self.columns, *(n for condition in self.conditions for n in condition.names)]
        ).items():
            columns[name] = expression.evaluate(columns)
        for condition in self.conditions:
            of_hits = condition.text in self.schema.select_hits
            if condition.evaluate(columns).ndim == 2 and not of_hits:
                message = f"{condition.text!r} is a condition for events and is true for hits"
                raise SchemaError(message)
        for name in self.hit_names:
            if columns[name].ndim != 2:
                message = f"{name} is used as a column of hits and has one number for each event"
                raise SchemaError(message)
        for column in self.event_columns:
            if (columns[column.branch].ndim == 2) != (column.index is not None):
                what = "one number" if column.index is not None else "a list of numbers"
                message = (
                    f"{column.branch} is used as a column of events "
                    f"{'without' if column.index is None else 'with'} an index and has {what} for "
                    f"each event"
                )
                raise SchemaError(message)
        return columns

    def _values(self, name: str, is_list: bool) -> ak.Array:
        number = int(self.counts.sum()) if is_list else _EVENTS
        if name in self._numbering():
            values: NDArray[Any] = np.arange(number, dtype=np.int64)
        elif name in self._whole():
            values = self.random.integers(0, 100, number)
        else:
            values = self.random.normal(0.0, 30.0, number)
        if self.special.size and name not in self._numbering() and name in self._tested():
            chosen = self.random.choice(self.special, number)
            values = np.where(self.random.random(number) < 0.8, chosen, values)
            values = values.astype(np.int64) if name in self._whole() else values
        return ak.unflatten(values, self.counts) if is_list else ak.Array(values)

    def _numbering(self) -> set[str]:
        """Branches whose values tell events apart."""
        key = [self.schema.key.branch] if self.schema.key is not None else []
        return {*self.schema.sources(key), *self.schema.group_by}

    def _whole(self) -> set[str]:
        """Branches with whole numbers."""
        rule = self.schema.label.columns if self.schema.label else ()
        names = [*self.schema.hit_columns.values(), *(column.branch for column in rule)]
        return {*self.schema.sources(names), *self.schema.group_by}

    def _tested(self) -> set[str]:
        """Branches that conditions look at."""
        names = [name for condition in self.conditions for name in condition.names]
        names += [one.branch for one in self.schema.select_hits if isinstance(one, HitSelection)]
        names += (
            [column.branch for column in self.schema.label.columns] if self.schema.label else []
        )
        return set(self.schema.sources(names))

    def _put_labels(self, branches: dict[str, ak.Array]) -> None:
        """Give the events the values of one class after the other."""
        rule = self.schema.label
        values = [value for values in (rule.values.values() if rule else ()) for value in values]
        for place, column in enumerate(rule.columns if rule and values else ()):
            if column.branch not in branches:
                continue
            wanted = np.resize([value[place] for value in values], _EVENTS)
            branches[column.branch] = _with_element(branches[column.branch], column, wanted)


def one_per_event(array: ak.Array, column: Column) -> NDArray[Any]:
    """The numbers [B] of an event column; NaN where a list ends before the column's index."""
    if column.index is not None:
        array = ak.fill_none(ak.pad_none(array, column.index + 1)[:, column.index], np.nan)
    return np.asarray(ak.to_numpy(array))


def _counter(name: str) -> str:
    """The branch with the lengths of the lists of another, as a TTree has it."""
    return "number_" + re.sub(r"\W", "_", name)


def _with_element(array: ak.Array, column: Column, wanted: NDArray[Any]) -> ak.Array:
    """An array with other numbers for the events, or for one element of their lists."""
    if column.index is None or array.ndim == 1:
        return ak.Array(wanted)
    return ak.where(ak.local_index(array) == column.index, wanted[:, np.newaxis], array)


def _special_numbers(schema: Schema, conditions: Iterable[Expression]) -> NDArray[np.float64]:
    """Numbers at which a condition may turn, and those around."""
    texts = [condition.text for condition in conditions] + list(schema.derive.values())
    found = {float(number) for text in texts for number in _NUMBER.findall(text)}
    for one in schema.select_hits:
        if isinstance(one, HitSelection):
            found |= {float(end) for end in (one.min, one.max) if end is not None}
    if isinstance(schema.label, LabelRule):
        for values in schema.label.values.values():
            found |= {float(number) for value in values for number in value}
    around = {sign * number + step for number in found for sign in (1, -1) for step in (-1, 0, 1)}
    return np.array(sorted(around))


def _nested(columns: Mapping[str, ak.Array]) -> dict[str, ak.Array]:
    """Columns ``hits.x`` as members ``x`` of a structure ``hits``, as an RNTuple has them."""
    groups: dict[str, dict[str, ak.Array]] = {}
    for name, column in columns.items():
        stem, _, member = name.partition(".")
        groups.setdefault(stem, {})[member] = ak.Array(column)
    made = {}
    for stem, members in groups.items():
        if "" in members:
            made[stem] = members[""]
            continue
        inner = _nested(members)
        lists = all(column.ndim == 2 for column in inner.values())
        made[stem] = ak.zip(inner, depth_limit=2 if lists else 1)
    return made
