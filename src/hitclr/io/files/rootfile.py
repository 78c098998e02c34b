"""Opening ROOT files and finding things in them, with errors that say where and what to do."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import awkward as ak
import uproot
from uproot.source.file import MultithreadedFileSource

from hitclr.errors import InputError, nearest
from hitclr.io.files.consistency import (
    ContradictionError,
    check_branch,
    check_keys,
    check_lists,
    check_pages,
    check_tree,
    checked,
)
from hitclr.io.files.names import FileName, is_remote
from hitclr.io.files.remote_source import RemoteSource
from hitclr.io.files.start import check_start
from hitclr.io.policy import SKIP_IT, Reason
from hitclr.io.schema import Record

__all__ = [
    "branch_names",
    "find_tree",
    "open_root",
    "read_branch",
    "read_known_branch",
    "require_branches",
    "tree_names",
]

_TREE_CLASSES = ("TTree", "TNtuple", "TNtupleD", "ROOT::RNTuple")


@contextmanager
def open_root(path: FileName) -> Iterator[Any]:
    """Open a ROOT file for reading, an uproot directory.

    Local files are read with threads of uproot's own, files on servers by byte ranges
    (`RemoteSource`).

    Args:
        path: a local path, or a URL.

    Raises:
        InputError: the file is missing, empty, not a ROOT file, or damaged; or its server does not
            give it, or not in parts.
        MissingExtraError: the package that reads URLs of this kind is not installed.
        SettingsError: the URL cannot be used.
    """
    file = path if "://" in str(path) else Path(path)
    check_start(file)
    handler = RemoteSource if is_remote(file) else MultithreadedFileSource
    try:
        # As a key, so that nothing after a colon is taken for an object in the file.
        directory = uproot.open({file: None}, handler=handler, array_cache=None, object_cache=None)
    except Exception as error:
        raise _damaged(file, error) from error
    try:
        yield directory
    finally:
        directory.close()


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
    """The tree called ``name`` in an open file, after a look at what the file says twice.

    Raises:
        InputError: there is none, it cannot be read, or what it says of itself differs.
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
        folder, *inner = directory, *name.split("/")[:-1]
        check_keys(folder, _TREE_CLASSES)
        for part in inner:
            folder = folder[part]
            check_keys(folder, _TREE_CLASSES)
        check_tree(tree)
    except Exception as error:
        raise _damaged(file, error, tree=name) from error
    return tree


def branch_names(tree: Any) -> list[str]:
    """The names of all branches, nested ones with slashes."""
    return [str(name) for name in tree.keys(recursive=True)]


def require_branches(tree: Any, wanted: Sequence[str], file: str | Path) -> None:
    """Check that a tree has all the branches that are ``wanted``, each with all entries.

    Raises:
        InputError: some are missing; the message has all of them, with the closest names. Or one
            has another number of entries than the tree.
    """
    known = branch_names(tree)
    there = set(known)
    missing = [name for name in wanted if name not in there]
    if not missing:
        for name in wanted:
            try:
                check_branch(tree, name)
            except Exception as error:
                raise _damaged(file, error, tree=str(tree.name), branch=name) from error
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
    require_branches(tree, [branch], file)
    return read_known_branch(tree, branch, file, start, stop)


def read_known_branch(
    tree: Any,
    branch: str,
    file: FileName,
    start: int,
    stop: int | None,
    record: Record | None = None,
) -> ak.Array:
    """As `read_branch`, for a branch that `require_branches` was asked for before.

    Args:
        tree: the open tree.
        branch: the branch.
        file: the file that it is in.
        start: the first entry.
        stop: the entry after the last; None for all.
        record: what the bytes of a TTree's branch are; None for what the file says.

    Raises:
        InputError: the branch holds no numbers, or cannot be read.
    """
    name = str(tree.name)
    try:
        return _read(tree, branch, start, stop, record)
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


def _read(tree: Any, branch: str, start: int, stop: int | None, record: Record | None) -> ak.Array:
    """The values of one branch, with the checks that uproot leaves out."""
    column = tree[branch]
    total = int(tree.num_entries)
    stop = total if stop is None else min(stop, total)
    if isinstance(column, uproot.TBranch):
        how = checked(column, record)
        return column.array(how, entry_start=start, entry_stop=stop, library="ak")
    check_pages(column, start, stop)
    array = column.array(entry_start=start, entry_stop=stop, library="ak")
    check_lists(array, stop - start)
    return array


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
    if isinstance(error, ContradictionError):
        detail = str(error)
    elif isinstance(error, zlib.error):
        detail = f"a compressed block does not unpack ({detail})"
    message = f"expected readable data, the file is damaged or cut short: {detail}"
    advice = f"copy or produce the file again, or {SKIP_IT}"
    if isinstance(error, ConnectionError):
        message = f"expected readable data, the server does not give it: {cause[0]}"
        advice = f"try again, copy the file here, or {SKIP_IT}"
    return InputError(
        message,
        reason=Reason.DAMAGED_FILE,
        file=file,
        tree=tree,
        branch=branch,
        entry=entry,
        advice=advice,
    )
