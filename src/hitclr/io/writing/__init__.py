"""Events as ROOT files, results as ROOT or parquet."""

from hitclr.io.writing.event_writer import EventFormat, EventWriter
from hitclr.io.writing.formats import result_writer
from hitclr.io.writing.friend import FriendWriter
from hitclr.io.writing.output import Output
from hitclr.io.writing.parquet import ParquetWriter, write_parquet
from hitclr.io.writing.results import ResultWriter
from hitclr.io.writing.root_output import RootOutput

__all__ = [
    "EventFormat",
    "EventWriter",
    "FriendWriter",
    "Output",
    "ParquetWriter",
    "ResultWriter",
    "RootOutput",
    "result_writer",
    "write_parquet",
]
