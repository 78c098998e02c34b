"""Events on disk as columns, to be mapped into memory, and the cache made of them."""

from hitclr.io.feeding.cache import Cache, cache_folder
from hitclr.io.feeding.entries import Entry, clear, list_entries
from hitclr.io.feeding.event_folder import open_events
from hitclr.io.feeding.event_folder_writer import EventFolderWriter
from hitclr.io.feeding.feed import Feed, StoredFeed
from hitclr.io.feeding.open_feed import FeedKind, describe_file, open_feed
from hitclr.io.feeding.plain import fingerprint
from hitclr.io.feeding.stream import StreamedFeed

__all__ = [
    "Cache",
    "Entry",
    "EventFolderWriter",
    "Feed",
    "FeedKind",
    "StoredFeed",
    "StreamedFeed",
    "cache_folder",
    "clear",
    "describe_file",
    "fingerprint",
    "list_entries",
    "open_events",
    "open_feed",
]
