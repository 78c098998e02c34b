"""From files to events, by a schema, under the bad-input policy."""

from hitclr.io.reading.chunk import Chunk
from hitclr.io.reading.reader import Progress, check_samples, iterate_file, read_samples
from hitclr.io.reading.samples import Sample, Use, class_names, expand_files

__all__ = [
    "Chunk",
    "Progress",
    "Sample",
    "Use",
    "check_samples",
    "class_names",
    "expand_files",
    "iterate_file",
    "read_samples",
]
