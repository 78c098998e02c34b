"""ROOT in and out: schema, reader, inspection, writer."""

from hitclr.io.policy import BadInput, Policy, Reason
from hitclr.io.reading import (
    Chunk,
    Progress,
    Sample,
    Use,
    check_samples,
    class_names,
    expand_files,
    iterate_file,
    read_samples,
)
from hitclr.io.schema import (
    Column,
    Feature,
    HitSelection,
    LabelRule,
    Positions,
    Schema,
    load_schema,
)
from hitclr.io.writing import EventFormat, EventWriter, FriendWriter

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
