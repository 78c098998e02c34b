"""From files to events, by a schema, under the bad-input policy."""

from hitclr.io.reading.chunk import Chunk, read_chunk
from hitclr.io.reading.iterate import iterate_file, open_event_tree
from hitclr.io.reading.reader import Progress, Sink, check_samples, named, read_into, read_samples
from hitclr.io.reading.samples import Sample, Use, class_names
from hitclr.io.reading.single import read_single
from hitclr.io.reading.wanted import Wanted

__all__ = [
    "Chunk",
    "Progress",
    "Sample",
    "Sink",
    "Use",
    "Wanted",
    "check_samples",
    "class_names",
    "iterate_file",
    "named",
    "open_event_tree",
    "read_chunk",
    "read_into",
    "read_samples",
    "read_single",
]
