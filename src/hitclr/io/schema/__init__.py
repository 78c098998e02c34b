"""How the branches of a ROOT tree become events."""

from hitclr.io.schema.schema import (
    Column,
    Feature,
    HitSelection,
    LabelRule,
    Positions,
    Schema,
    load_schema,
)

__all__ = [
    "Column",
    "Feature",
    "HitSelection",
    "LabelRule",
    "Positions",
    "Schema",
    "load_schema",
]
