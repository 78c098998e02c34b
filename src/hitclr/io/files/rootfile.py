"""Opening ROOT files and finding things in them, with errors that say where and what to do."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import awkward as ak
import uproot

from hitclr.errors import InputError, nearest
from hitclr.io.policy import SKIP_IT, Reason

__all__ = [
    "branch_names",
    "find_tree",
    "open_root",
    "read_branch",
    "require_branches",
    "tree_names",
]

_TREE_CLASSES = ("TTree", "TNtuple", "TNtupleD", "ROOT::RNTuple")


@contextmanager
def open_root(path: str | Path) -> Iterator[Any]:
    """Open a ROOT file for reading, an uproot directory.

    Raises:
        InputError: the file is missing, empty, not a ROOT file, or damaged.
    """
    file = Path(path)
    if not file.is_file():
        beside = [p.name for p in file.parent.iterdir()] if file.parent.is_dir() else []
        near = nearest(file.name, beside)
        message = "expected a ROOT file, there is no such file"
        advice = (
            f"check the path; in the same folder: {', '.join(near)}"
            if near
            else "check the path; the folder holds nothing with a name like it"
        )
        if file.is_dir():
            message = "expected a ROOT file, this is a folder"
            advice = f"name the files in it: {file}/*.root"
        raise InputError(message, reason=Reason.MISSING_FILE, file=file, advice=advice)
    if not os.access(file, os.R_OK):
        message = "expected a readable file, this one may not be read by this user"
        raise InputError(
            message,
            reason=Reason.DAMAGED_FILE,
            file=file,
            advice="ask for the permission, or copy the file",
        )
    if file.stat().st_size == 0:
        message = "expected a ROOT file, this one is empty (0 bytes)"
        raise InputError(
            message,
            reason=Reason.DAMAGED_FILE,
            file=file,
            advice="copy or produce it again; the job that wrote it probably died",
        )
    with file.open("rb") as raw:
        magic = raw.read(4)
    if magic != b"root":
        message = f"expected a ROOT file (first bytes b'root'), this one starts with {magic!r}"
        raise InputError(
            message,
            reason=Reason.NOT_ROOT,
            file=file,
            advice="give a .root file",
        )
    _check_length(file)
    try:
        directory = uproot.open(file)
    except Exception as error:
        raise _damaged(file, error) from error
    try:
        yield directory
    finally:
        directory.close()


def _check_length(file: Path) -> None:
    """Compare the length that the header of a ROOT file states (``fEND``) with the file's own.

    Raises:
        InputError: the file is shorter, or the header makes no sense.
    """
    with file.open("rb") as raw:
        header = raw.read(24)
    length = file.stat().st_size
    if len(header) == 24:
        (version,) = struct.unpack(">i", header[4:8])
        # Files beyond 2 GB have 8-byte pointers and a version that is larger by 1,000,000.
        large = version >= 1_000_000
        (stated,) = struct.unpack(">q" if large else ">i", header[12 : 20 if large else 16])
        if version > 0 and 0 < stated <= length:
            return
        detail = f"its header says {stated} bytes (format version {version})"
    else:
        detail = "not even its header is whole"
    message = (
        f"expected a whole ROOT file, this one is damaged or cut short: {detail}, it has {length}"
    )
    raise InputError(
        message,
        reason=Reason.DAMAGED_FILE,
        file=file,
        advice=f"copy or produce the file again, or {SKIP_IT}",
    )


def tree_names(directory: Any) -> list[str]:
    """The paths of all trees and RNTuples in a file, without cycle numbers.

    Raises:
        InputError: the file's list of objects cannot be read.
    """
    try:
        classes = directory.classnames(recursive=True)
    except Exception as error:
        raise _damaged(directory.file_path, error) from error
    names = [name.rsplit(";", 1)[0] for name, kind in classes.items() if kind in _TREE_CLASSES]
    return list(dict.fromkeys(names))


def find_tree(directory: Any, name: str, file: str | Path) -> Any:
    """The tree called ``name`` in an open file.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    known = tree_names(directory)
    if name not in known:
        near = nearest(name, known) or known
        message = f"expected a tree named {name!r}, the file has none of that name"
        advice = f"the file has: {', '.join(near)}" if known else "the file has no tree at all"
        raise InputError(message, reason=Reason.MISSING_TREE, file=file, tree=name, advice=advice)
    try:
        tree = directory[name]
        # An RNTuple reads its header and footer only now.
        _ = tree.num_entries, tree.keys()
    except Exception as error:
        raise _damaged(file, error, tree=name) from error
    return tree


def branch_names(tree: Any) -> list[str]:
    """The names of all branches, nested ones with slashes."""
    return [str(name) for name in tree.keys(recursive=True)]


def require_branches(tree: Any, wanted: Sequence[str], file: str | Path) -> None:
    """Check that a tree has all the branches that are ``wanted``.

    Raises:
        InputError: some are missing; the message has all of them, with the closest names.
    """
    known = branch_names(tree)
    there = set(known)
    missing = [name for name in wanted if name not in there]
    if not missing:
        return
    lines = []
    for name in missing:
        near = nearest(name, known)
        lines.append(f"{name} (closest: {', '.join(near)})" if near else name)
    message = (
        f"expected the branches that the schema names, {len(missing)} of {len(wanted)} are "
        f"missing: {'; '.join(lines)}"
    )
    raise InputError(
        message,
        reason=Reason.MISSING_BRANCH,
        file=file,
        tree=str(tree.name),
        branch=missing[0],
        advice=f"mend the names in the schema; `hitclr inspect {file}` lists all {len(known)}",
    )


def read_branch(
    tree: Any, branch: str, file: str | Path, start: int = 0, stop: int | None = None
) -> ak.Array:
    """The values of one branch for the entries ``start`` to ``stop``.

    Raises:
        InputError: the branch does not exist, holds no numbers, or cannot be read.
    """
    name = str(tree.name)
    require_branches(tree, [branch], file)
    try:
        return tree[branch].array(entry_start=start, entry_stop=stop, library="ak")
    except (uproot.interpretation.objects.CannotBeAwkward, NotImplementedError) as error:
        detail = str(error).strip().splitlines()
        message = (
            f"expected numbers or lists of numbers, the branch holds "
            f"{getattr(tree[branch], 'typename', 'something else')}, which uproot cannot turn into "
            f"an array{': ' + detail[0] if detail else ''}"
        )
        raise InputError(
            message,
            reason=Reason.WRONG_TYPE,
            file=file,
            tree=name,
            branch=branch,
            advice=f"name another branch; `hitclr inspect {file}` lists those that can be read",
        ) from error
    except Exception as error:
        raise _damaged(file, error, tree=name, branch=branch, entry=start) from error


def _damaged(
    file: str | Path,
    error: Exception,
    *,
    tree: str | None = None,
    branch: str | None = None,
    entry: int | None = None,
) -> InputError:
    cause = str(error).strip().splitlines()
    detail = f"{type(error).__name__}: {cause[0]}" if cause else type(error).__name__
    if isinstance(error, zlib.error):
        detail = f"a compressed block does not unpack ({detail})"
    message = f"expected readable data, the file is damaged or cut short: {detail}"
    return InputError(
        message,
        reason=Reason.DAMAGED_FILE,
        file=file,
        tree=tree,
        branch=branch,
        entry=entry,
        advice=f"copy or produce the file again, or {SKIP_IT}",
    )
