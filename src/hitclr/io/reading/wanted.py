"""What is read of a tree for a sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hitclr.io.layouts import lacking_branches
from hitclr.io.schema import Expression, LabelRule, Lookup, Schema

__all__ = ["Wanted", "wanted_columns"]


@dataclass(frozen=True)
class Wanted:
    """What is read of a tree for a sample.

    Attributes:
        branches: the branches, each once.
        lookups: the columns that are looked up by them.
        derived: the columns that are derived of these, in order.
        lacking: the observers, and perhaps the weight (``""``), that an unlabelled sample lacks.
    """

    branches: tuple[str, ...]
    lookups: dict[str, Lookup]
    derived: dict[str, Expression]
    lacking: frozenset[str]


WEIGHT = ""
"""Stands for the weight among the names of observers, none of which is empty."""


def wanted_columns(tree: Any, schema: Schema, labelling: str | LabelRule | None) -> Wanted:
    """What is to be read.

    Data have no Monte Carlo truth: observers and weights that an unlabelled sample lacks are
    unknown, not an error.
    """
    lacking = set()
    if labelling is None:
        truth = dict(schema.observers)
        if schema.weight is not None:
            truth[WEIGHT] = schema.weight
        lacking = {
            name
            for name, column in truth.items()
            if lacking_branches(tree, schema.sources([column.branch]))
        }
    columns = schema.columns(labelling, without=lacking)
    return Wanted(
        schema.sources(columns),
        schema.lookups(columns),
        schema.derivations(columns),
        frozenset(lacking),
    )
