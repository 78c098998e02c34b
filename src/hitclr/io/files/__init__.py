"""Files: their names, local or on a server, opening them, and finding trees and branches."""

from hitclr.io.files.expand import expand_files
from hitclr.io.files.fingerprint import fingerprint
from hitclr.io.files.names import FileName, absolute_name, file_name, identity, is_remote
from hitclr.io.files.rootfile import (
    branch_names,
    find_tree,
    open_root,
    read_branch,
    read_known_branch,
    require_branches,
    tree_names,
)

__all__ = [
    "FileName",
    "absolute_name",
    "branch_names",
    "expand_files",
    "file_name",
    "find_tree",
    "fingerprint",
    "identity",
    "is_remote",
    "open_root",
    "read_branch",
    "read_known_branch",
    "require_branches",
    "tree_names",
]
