"""What is in a ROOT file, what its branches probably are, and a first schema for it."""

from hitclr.io.inspection.guess import guess_file
from hitclr.io.inspection.inspect import summarise_file, summarise_tree
from hitclr.io.inspection.propose import propose_schema

__all__ = ["guess_file", "propose_schema", "summarise_file", "summarise_tree"]
