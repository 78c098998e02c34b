"""ROOT in and out: schema, reader, inspection, writer."""

from hitclr.io.feeding import Feed, FeedKind, StoredFeed, StreamedFeed
from hitclr.io.files import FileName, expand_files
from hitclr.io.policy import BadInput, Policy, Reason
from hitclr.io.reading import (
    Chunk,
    Progress,
    Sample,
    Use,
    check_samples,
    class_names,
    iterate_file,
    read_samples,
)
from hitclr.io.schema import (
    Column,
    Feature,
    HitSelection,
    LabelRule,
    LookupTable,
    Positions,
    Record,
    Schema,
    load_schema,
)
from hitclr.io.writing import EventFormat, EventWriter, ResultWriter, result_writer

__all__ = [
    "BadInput",
    "Chunk",
    "Column",
    "EventFormat",
    "EventWriter",
    "Feature",
    "Feed",
    "FeedKind",
    "FileName",
    "HitSelection",
    "LabelRule",
    "LookupTable",
    "Policy",
    "Positions",
    "Progress",
    "Reason",
    "Record",
    "ResultWriter",
    "Sample",
    "Schema",
    "StoredFeed",
    "StreamedFeed",
    "Use",
    "check_samples",
    "class_names",
    "expand_files",
    "iterate_file",
    "load_schema",
    "read_samples",
    "result_writer",
]
