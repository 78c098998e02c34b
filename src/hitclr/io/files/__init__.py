"""ROOT files: their names, opening them, and finding trees and branches in them."""

from hitclr.io.files.rootfile import (
    branch_names,
    find_tree,
    open_root,
    read_branch,
    require_branches,
    tree_names,
)

__all__ = [
    "branch_names",
    "find_tree",
    "open_root",
    "read_branch",
    "require_branches",
    "tree_names",
]
