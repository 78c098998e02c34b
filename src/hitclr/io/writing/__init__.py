"""Events and results as ROOT files."""

from hitclr.io.writing.event_writer import EventFormat, EventWriter
from hitclr.io.writing.friend import FriendWriter
from hitclr.io.writing.root_output import RootOutput

__all__ = ["EventFormat", "EventWriter", "FriendWriter", "RootOutput"]
