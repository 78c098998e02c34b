"""The schema: how the branches of a ROOT tree become events.

A schema is data, read from YAML or built in Python. It cannot run code. Branch names are written
as uproot shows them, nested ones with slashes (``Evt/hits/hits.pos.x``) or, in an RNTuple, dots.
Wherever a branch is named, a derived column may be.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from hitclr import fields
from hitclr.errors import SchemaError
from hitclr.io.schema.expression import Expression
from hitclr.io.schema.label_rule import LabelRule
from hitclr.io.schema.lookup import Lookup, LookupTable
from hitclr.io.schema.parts import (
    Column,
    Feature,
    HitSelection,
    Part,
    Positions,
    Standardisation,
    listed,
    parsed,
)
from hitclr.io.schema.record import Record
from hitclr.validation import explain, read_mapping

__all__ = ["Layout", "Schema", "load_schema"]

Layout = Literal["jagged", "flat"]
"""What an entry of the tree is: an event with lists of hits, or a hit."""

_RESERVED = frozenset(field.name for field in fields.FIELDS)


class Schema(Part):
    """How the branches of a ROOT tree become events.

    Attributes:
        name: the schema's name.
        description: one or two sentences for people.
        tree: the name of the TTree or RNTuple in the file.
        layout: ``jagged``: an entry is an event, the hit branches hold a list per entry, be they
            branches of their own or members of structures. ``flat``: an entry is a hit.
        group_by: the branches whose values the hits of an event share, in a flat tree; a column
            that is used as an event's (a label, an observer) has one value in an event, too.
        rows: whether the hits of an event follow one another in a flat tree (``contiguous``, where
            others are an error), or may stand anywhere (``any``, for which a file's columns must
            fit into memory).
        records: branches with structures whose bytes the file does not describe, ``branch:
            record``; their members are written ``branch.member``.
        tables: tables of numbers, looked up by integers of the hits or events: a geometry, a
            calibration. Their columns are written ``table.column``, wherever a branch may be.
        derive: further columns, ``name: expression`` (see `Expression`), of hits or events. A later
            one may use an earlier one.
        select: the condition for events; the others are left out, which is no fault.
        max_hits: an event with more hits than this is at fault.
        positions: the branches with the hit positions.
        features: the hit features, in the order of the columns of ``x``.
        hit_columns: further integer hit columns ``name: branch`` that augmentations may need (a
            module id, a channel); in a batch they are called ``hit_<name>``.
        select_hits: hits to keep: limits of a branch, or expressions; all conditions must hold.
        label: the rule for the class; without one each sample is a class of its own.
        observers: further event columns ``name: column`` (energy, run); missing values are NaN.
        key: the column that numbers the events: simulations of one event under several throws have
            one number. They are kept on one side when events are divided, and paired as views. In a
            batch it is called ``key``. Every sample must have it, unlabelled ones too.
        axis: the direction that the detector singles out (the drift, the vertical), in the
            coordinates of the positions, of any length; rotations turn about it. In a batch it is
            the unit vector ``axis``.
        weight: the column with the weight of an event in the loss of methods that weigh events; in
            a batch it is called ``weight``. Without one all have the same.
        standardise: fixed numbers to standardise inputs with; without, those of the training events
            are measured and stored with the model.
    """

    name: str
    description: str = ""
    tree: str
    layout: Layout = "jagged"
    group_by: tuple[str, ...] = ()
    rows: Literal["contiguous", "any"] = "contiguous"
    records: Mapping[str, Record] = Field(default_factory=dict)
    tables: Mapping[str, LookupTable] = Field(default_factory=dict)
    derive: Mapping[str, str] = Field(default_factory=dict)
    select: str | None = None
    positions: Positions
    features: tuple[Feature, ...] = Field(min_length=1)
    hit_columns: Mapping[str, str] = Field(default_factory=dict)
    select_hits: tuple[HitSelection | str, ...] = ()
    max_hits: int | None = Field(default=None, ge=1)
    label: LabelRule | None = None
    observers: Mapping[str, Column] = Field(default_factory=dict)
    key: Column | None = None
    axis: tuple[float, float, float] | None = None
    weight: Column | None = None
    standardise: Standardisation | None = None

    @field_validator("group_by", "select_hits", mode="before")
    @classmethod
    def _one_of_several(cls, value: Any) -> Any:
        return [value] if isinstance(value, (str, Mapping, HitSelection)) else value

    @field_validator("derive")
    @classmethod
    def _derived_in_order(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        names = list(value)
        for place, (name, text) in enumerate(value.items()):
            later = [used for used in parsed(text).names if used in names[place:]]
            if later:
                message = (
                    f"{name} is derived from {', '.join(later)}: expected branches and columns "
                    f"derived before it; put {'them' if len(later) > 1 else 'it'} first, or give "
                    f"the derived column a name that is no branch's"
                )
                raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _columns_of_tables(self) -> Schema:
        for name, table in self.tables.items():
            if not name.isidentifier():
                message = f"{name!r} is not usable as a table's name: letters, digits, underscores"
                raise ValueError(message)
            made = [key for key in table.keys if key in self.derive or key in self._lookups]
            if made:
                message = (
                    f"the keys of the table {name}: expected branches, these are derived or looked "
                    f"up: {', '.join(made)}"
                )
                raise ValueError(message)
        both = [name for name in self._lookups if name in self.derive]
        if both:
            message = f"derived columns and columns of tables have one name: {', '.join(both)}"
            raise ValueError(message)
        return self

    @field_validator("select", "select_hits")
    @classmethod
    def _expressions(cls, value: Any) -> Any:
        for text in listed(value):
            if isinstance(text, str):
                parsed(text)
        return value

    @model_validator(mode="after")
    def _fitting_layout(self) -> Schema:
        if self.layout == "flat" and not self.group_by:
            message = (
                "expected group_by, the columns that number the events, since the layout is flat: "
                "an entry is a hit"
            )
            raise ValueError(message)
        if self.layout != "flat" and (self.group_by or self.rows != "contiguous"):
            message = (
                "group_by and rows are for `layout: flat`, in which an entry is a hit; here an "
                "entry is an event"
            )
            raise ValueError(message)
        derived = [name for name in self.group_by if name in self.derive]
        if derived:
            message = f"group_by: expected branches, these are derived: {', '.join(derived)}"
            raise ValueError(message)
        if len(set(self.group_by)) < len(self.group_by):
            message = f"group_by names a column twice: {', '.join(self.group_by)}"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _standardised_features(self) -> Schema:
        if self.standardise is None:
            return self
        names, given = set(self.feature_names), set(self.standardise.features)
        if names != given:
            message = (
                f"standardise.features: expected the features {', '.join(self.feature_names)}, got "
                f"{', '.join(self.standardise.features) or 'none'}"
            )
            raise ValueError(message)
        return self

    @field_validator("axis")
    @classmethod
    def _some_direction(
        cls, value: tuple[float, float, float] | None
    ) -> tuple[float, float, float] | None:
        if value is not None and not (all(map(math.isfinite, value)) and any(value)):
            message = "expected a direction: three finite numbers that are not all zero"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _distinct_names(self) -> Schema:
        names = [feature.name for feature in self.features]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            message = f"each feature needs a name of its own, these come twice: {', '.join(twice)}"
            raise ValueError(message)
        taken = ("num_nodes", "edge_", "face")
        bad = [
            n
            for n in self.observers
            if n in _RESERVED or fields.is_hit_field(n) or n.startswith(taken)
        ]
        if bad:
            message = (
                f"these observer names are taken by hitclr or PyTorch Geometric: "
                f"{', '.join(sorted(bad))}"
            )
            raise ValueError(message)
        for name in (*self.observers, *self.hit_columns):
            if not name.isidentifier():
                message = f"{name!r} is not usable as a name: letters, digits, underscores"
                raise ValueError(message)
            if "index" in name or "batch" in name:
                message = (
                    f"{name!r} is not usable as a name: PyTorch Geometric shifts the values of "
                    f"columns whose name contains 'index' or 'batch'"
                )
                raise ValueError(message)
        return self

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the columns of ``x``."""
        return tuple(feature.name for feature in self.features)

    def hit_branches(self) -> Iterator[str]:
        """Every column with one value per hit that becomes part of an event, without repetition."""
        names = [
            *self.positions.branches,
            *(feature.branch for feature in self.features),
            *self.hit_columns.values(),
        ]
        yield from dict.fromkeys(names)

    def conditions(self, labelling: str | LabelRule | None) -> Iterator[Expression]:
        """Every expression that selects hits or events, or decides on their class."""
        if self.select is not None:
            yield Expression(self.select)
        for selection in self.select_hits:
            if isinstance(selection, str):
                yield Expression(selection)
        if isinstance(labelling, LabelRule):
            yield from labelling.conditions.values()

    def columns(
        self, labelling: str | LabelRule | None, without: Collection[str] = ()
    ) -> tuple[str, ...]:
        """Every branch or derived column that events are made of, each once.

        Args:
            labelling: the label, the rule or neither that holds for a sample.
            without: observers to leave out; an empty name stands for the weight.
        """
        names = [*self.group_by, *self.hit_branches()]
        names += [one.branch for one in self.select_hits if isinstance(one, HitSelection)]
        names += [name for condition in self.conditions(labelling) for name in condition.names]
        if isinstance(labelling, LabelRule):
            names += [column.branch for column in labelling.columns]
        if self.key is not None:
            names.append(self.key.branch)
        if self.weight is not None and "" not in without:
            names.append(self.weight.branch)
        names += [one.branch for name, one in self.observers.items() if name not in without]
        return tuple(dict.fromkeys(names))

    def derivations(self, wanted: Iterable[str]) -> dict[str, Expression]:
        """The derived columns among those ``wanted``, and those that they need, in order."""
        needed = set(wanted)
        found = {}
        for name, text in reversed(list(self.derive.items())):
            if name in needed:
                found[name] = Expression(text)
                needed.update(found[name].names)
        return dict(reversed(list(found.items())))

    def lookups(self, wanted: Iterable[str]) -> dict[str, Lookup]:
        """The columns of tables among those ``wanted`` and those that they are derived from."""
        names = list(wanted)
        names += [name for one in self.derivations(names).values() for name in one.names]
        return {name: self._lookups[name] for name in dict.fromkeys(names) if name in self._lookups}

    def sources(self, wanted: Iterable[str]) -> tuple[str, ...]:
        """The branches that the columns ``wanted`` are, or are made from, each once."""
        names = list(wanted)
        made: dict[str, Expression | Lookup] = {**self.derivations(names), **self.lookups(names)}
        names += [name for one in made.values() for name in one.names]
        return tuple(name for name in dict.fromkeys(names) if name not in made)

    @property
    def _lookups(self) -> dict[str, Lookup]:
        return {
            f"{name}.{column}": Lookup(name, table, column)
            for name, table in self.tables.items()
            for column in table.columns
        }

    def to_yaml(self) -> str:
        """The schema as YAML that `load_schema` reads back."""
        plain = self.model_dump(mode="json", exclude_defaults=True)
        return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)


def load_schema(source: str | Path | Mapping[str, Any]) -> Schema:
    """Read a schema from a YAML file, or from a mapping of the same form.

    Raises:
        SchemaError: the file cannot be read, is not YAML, or is no valid schema; the message names
            the key at fault and the nearest known one.
    """
    if isinstance(source, Mapping):
        where, content = "the schema", source
    else:
        where = f"the schema file {source}"
        content = read_mapping(Path(source), "the schema file", "name: ..., tree: ...", SchemaError)
    try:
        return Schema.model_validate(content)
    except ValidationError as error:
        message = f"{where} is not valid:\n{explain(error, Schema)}"
        raise SchemaError(message) from error
