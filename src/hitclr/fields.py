"""The names of batch attributes, each with its shape, dtype and unit.

Every other module takes the names from here. ``N`` is the number of hits in a batch, ``B`` the
number of events, ``F`` the number of features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "AXIS",
    "BATCH",
    "DOMAIN",
    "EDGE_INDEX",
    "EVENT_ID",
    "FEATURE_NAMES",
    "FIELDS",
    "HIT_PREFIX",
    "KEY",
    "LABEL",
    "POS",
    "PTR",
    "UNKNOWN_LABEL",
    "WEIGHT",
    "Field",
    "X",
    "is_hit_field",
]

POS = "pos"
X = "x"
BATCH = "batch"
PTR = "ptr"
LABEL = "y"
EVENT_ID = "event_id"
DOMAIN = "domain"
KEY = "key"
AXIS = "axis"
WEIGHT = "weight"
EDGE_INDEX = "edge_index"
FEATURE_NAMES = "feature_names"

HIT_PREFIX = "hit_"
"""Further hit-level columns (a module id, a truth tag) are named with this prefix."""

UNKNOWN_LABEL = -1
"""The value of ``y`` where the class of an event is not known."""


@dataclass(frozen=True)
class Field:
    """One attribute of a batch.

    Attributes:
        name: the attribute's name.
        level: whether there is one row per hit, per event, per edge, or one for the batch.
        shape: the shape in words.
        dtype: the dtype in words.
        meaning: what it is, and its unit.
    """

    name: str
    level: Literal["hit", "event", "edge", "batch"]
    shape: str
    dtype: str
    meaning: str


FIELDS: tuple[Field, ...] = (
    Field(POS, "hit", "[N, 3]", "float32", "hit position, in the unit that the schema names"),
    Field(X, "hit", "[N, F]", "float32", "hit features in the schema's order, in its units"),
    Field(BATCH, "hit", "[N]", "int64", "the event that a hit belongs to"),
    Field(PTR, "batch", "[B+1]", "int64", "offsets: event i has the hits ptr[i] to ptr[i+1]"),
    Field(LABEL, "event", "[B]", "int64", "class index; -1 where unknown"),
    Field(EVENT_ID, "event", "[B, 2]", "int64", "(file index, entry in the tree)"),
    Field(DOMAIN, "event", "[B]", "int64", "index of the sample or throw"),
    Field(KEY, "event", "[B]", "int64", "the event's number, the same in all its simulations"),
    Field(AXIS, "event", "[B, 3]", "float32", "unit vector that the detector singles out"),
    Field(WEIGHT, "event", "[B]", "float32", "the event's weight in the loss"),
    Field(EDGE_INDEX, "edge", "[2, E]", "int64", "neighbour -> hit, ordered by hit"),
    Field(FEATURE_NAMES, "batch", "[F]", "FeatureNames", "the names of the columns of x"),
)


def is_hit_field(name: str) -> bool:
    """Tell whether the attribute ``name`` has one row per hit.

    >>> [is_hit_field(name) for name in ("pos", "hit_dom_id", "y")]
    [True, True, False]
    """
    return name in (POS, X, BATCH) or name.startswith(HIT_PREFIX)
