"""ROOT in and out: schema, reader, inspection, writer."""

from hitclr.io.chunk import Chunk
from hitclr.io.event_writer import EventFormat, EventWriter
from hitclr.io.policy import BadInput, Policy, Reason
from hitclr.io.reader import Progress, check_samples, iterate_file, read_samples
from hitclr.io.samples import Sample, Use, class_names, expand_files
from hitclr.io.schema import (
    Column,
    Feature,
    HitSelection,
    LabelRule,
    Positions,
    Schema,
    load_schema,
)
from hitclr.io.writer import FriendWriter

__all__ = [
    "BadInput",
    "Chunk",
    "Column",
    "EventFormat",
    "EventWriter",
    "Feature",
    "FriendWriter",
    "HitSelection",
    "LabelRule",
    "Policy",
    "Positions",
    "Progress",
    "Reason",
    "Sample",
    "Schema",
    "Use",
    "check_samples",
    "class_names",
    "expand_files",
    "iterate_file",
    "load_schema",
    "read_samples",
]
