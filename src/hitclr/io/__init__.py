"""ROOT in and out: schema, reader, inspection, writer."""

from hitclr.io.schema import Column, Feature, HitSelection, LabelRule, Positions, Schema, load_schema

__all__ = ["Column", "Feature", "HitSelection", "LabelRule", "Positions", "Schema", "load_schema"]
