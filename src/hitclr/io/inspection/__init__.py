"""What is in a ROOT file, what its branches probably are, a first schema, and checks of one."""

from hitclr.io.inspection.check import SchemaCheck, check_schema, iterate_checks
from hitclr.io.inspection.guess import guess_file
from hitclr.io.inspection.inspect import summarise_file, summarise_tree
from hitclr.io.inspection.propose import propose_schema

__all__ = [
    "SchemaCheck",
    "check_schema",
    "guess_file",
    "iterate_checks",
    "propose_schema",
    "summarise_file",
    "summarise_tree",
]
