"""How the branches of a ROOT tree become events."""

from hitclr.io.schema.expression import Expression
from hitclr.io.schema.label_rule import LabelRule
from hitclr.io.schema.lookup import Lookup, LookupTable
from hitclr.io.schema.parts import (
    Column,
    Feature,
    HitSelection,
    Moments,
    Positions,
    Standardisation,
)
from hitclr.io.schema.record import Record
from hitclr.io.schema.schema import Layout, Schema, load_schema

__all__ = [
    "Column",
    "Expression",
    "Feature",
    "HitSelection",
    "LabelRule",
    "Layout",
    "Lookup",
    "LookupTable",
    "Moments",
    "Positions",
    "Record",
    "Schema",
    "Standardisation",
    "load_schema",
]
