"""What an entry of a tree is: an event, or a hit."""

from hitclr.io.layouts.branches import lacking_branches
from hitclr.io.layouts.event_tree import EventTree
from hitclr.io.layouts.flat import FlatTree
from hitclr.io.layouts.jagged import JaggedTree

__all__ = ["EventTree", "FlatTree", "JaggedTree", "lacking_branches"]
