"""What is in a ROOT file: its trees, their branches, and a look at the first values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import awkward as ak
import numpy as np
import uproot

from hitclr.io.files import find_tree, open_root, tree_names

__all__ = [
    "BranchSummary",
    "FileSummary",
    "Look",
    "Shape",
    "TreeSummary",
    "summarise_file",
    "summarise_tree",
]

Shape = Literal["one", "list", "nested", "structure", "unreadable"]
"""What an entry of a branch holds: one value, a list, lists of lists, only further branches, or
something that cannot be read."""

_ENTRIES = 1000
_OBJECT_ENTRIES = 100  # uproot unpacks C++ objects in Python, one entry after the other
_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Look:
    """The values in the first entries of a numeric branch.

    Attributes:
        entries: how many entries were looked at.
        values: how many values they hold together.
        minimum: the smallest finite value; None where there is none.
        maximum: the largest finite value; None where there is none.
        nan: how many values are NaN.
        infinite: how many values are infinite.
    """

    entries: int
    values: int
    minimum: float | None
    maximum: float | None
    nan: int = 0
    infinite: int = 0

    @property
    def per_entry(self) -> float:
        """The mean number of values per entry; 0 where no entry was looked at."""
        return self.values / self.entries if self.entries else 0.0

    @property
    def constant(self) -> bool:
        """Whether there are several values, all the same finite one."""
        odd = self.nan or self.infinite
        return self.values > 1 and self.minimum == self.maximum and not odd

    @property
    def range(self) -> str:
        """The range in words, and what is not finite.

        >>> Look(entries=2, values=5, minimum=0.25, maximum=10.0, nan=1).range
        '0.25 to 10, 1 NaN'
        """
        parts = []
        if self.constant:
            parts.append(f"always {_number(self.minimum)}")
        elif self.values == 1 and self.minimum is not None:
            parts.append(_number(self.minimum))
        elif self.minimum is not None:
            parts.append(f"{_number(self.minimum)} to {_number(self.maximum)}")
        parts += [f"{n} {what}" for n, what in ((self.nan, "NaN"), (self.infinite, "inf")) if n]
        return ", ".join(parts) or "no values"


@dataclass(frozen=True)
class BranchSummary:
    """One branch of a tree, or one field of an RNTuple.

    Attributes:
        name: the full name, as a schema takes it.
        type: the type in words: ``vector<double>``, ``int32``, ``group`` for a structure,
            ``unsupported`` where it cannot be read.
        shape: what an entry holds.
        dtype: numpy's name of the numbers in it (``float64``); empty where it holds none.
        look: the first values of a numeric branch.
        problem: why the branch cannot be read; empty where it can.
        counter: whether it is ROOT's own count of the values in other branches.
    """

    name: str
    type: str
    shape: Shape
    dtype: str = ""
    look: Look | None = None
    problem: str = ""
    counter: bool = False


@dataclass(frozen=True)
class TreeSummary:
    """One tree of a file.

    Attributes:
        path: the path in the file, without cycle number.
        kind: ``TTree`` or ``RNTuple``.
        entries: the number of entries.
        branches: all branches, in the order of the file.
    """

    path: str
    kind: Literal["TTree", "RNTuple"]
    entries: int
    branches: tuple[BranchSummary, ...]

    @property
    def hit_lists(self) -> tuple[BranchSummary, ...]:
        """The branches that could hold one number per hit: lists of numbers, of any length."""
        return tuple(
            b for b in self.branches if b.shape == "list" and b.dtype and b.type[-1] == ">"
        )


@dataclass(frozen=True)
class FileSummary:
    """The trees of a ROOT file.

    Attributes:
        path: the file.
        trees: all trees and RNTuples, in the order of the file; empty where there is none.
    """

    path: str
    trees: tuple[TreeSummary, ...]


def summarise_file(path: str | Path) -> FileSummary:
    """Summarise every tree and RNTuple of a file.

    At most the first 1000 entries of a branch are read, fewer where entries are very large.

    Raises:
        InputError: the file is missing, empty, not a ROOT file or damaged. A single branch that
            cannot be read is no error: its `BranchSummary.problem` says why.
    """
    with open_root(path) as directory:
        trees = tuple(
            summarise_tree(find_tree(directory, name, path), name) for name in tree_names(directory)
        )
    return FileSummary(str(path), trees)


def summarise_tree(tree: Any, name: str) -> TreeSummary:
    """Summarise an open uproot tree or RNTuple.

    Args:
        tree: the tree.
        name: its path in the file.
    """
    entries, items = int(tree.num_entries), list(tree.items(recursive=True))
    counters = {id(getattr(branch, "count_branch", None)) for _, branch in items}
    return TreeSummary(
        path=name,
        kind="TTree" if isinstance(tree, uproot.TTree) else "RNTuple",
        entries=entries,
        branches=tuple(
            _summarise_branch(str(key), branch, entries, counter=id(branch) in counters)
            for key, branch in items
        ),
    )


def _summarise_branch(name: str, branch: Any, entries: int, *, counter: bool) -> BranchSummary:
    if branch.keys():
        return BranchSummary(name, _tidy(_typename(branch)), "structure")
    try:
        values = branch.array(entry_stop=_entries_to_read(branch, entries), library="ak")
    except Exception as error:  # noqa: BLE001 - any failure on damaged or exotic data is possible
        problem = _reason(_typename(branch), error)
        return BranchSummary(name, "unsupported", "unreadable", problem=problem)
    kind = values.type.content
    depth, dtype = _depth_and_dtype(kind)
    shape: Shape = "one" if depth == 0 else "list" if depth == 1 else "nested"
    return BranchSummary(
        name=name,
        type=_words(kind),
        shape=shape,
        dtype=dtype,
        look=_look(values) if dtype else None,
        # In a split vector of structures ROOT names the first member too, which counts nothing.
        counter=counter and shape == "one",
    )


def _typename(branch: Any) -> str:
    """ROOT's name of a branch's type; ``unknown`` also where it lies in a damaged block."""
    try:
        return str(branch.typename)
    except Exception:  # noqa: BLE001 - any failure on damaged bytes is possible
        return "unknown"


def _entries_to_read(branch: Any, entries: int) -> int:
    objects = isinstance(getattr(branch, "interpretation", None), uproot.AsObjects)
    most = min(entries, _OBJECT_ENTRIES if objects else _ENTRIES)
    total = int(getattr(branch, "uncompressed_bytes", 0))  # RNTuple fields do not say
    if total * most > _BYTES * entries:
        most = max(1, _BYTES * entries // total)
    return most


def _look(values: Any) -> Look:
    flat = np.asarray(ak.drop_none(ak.flatten(values, axis=None)))
    finite = flat[np.isfinite(flat)]
    nan = int(np.isnan(flat).sum())
    return Look(
        entries=len(values),
        values=flat.size,
        minimum=finite.min().item() if finite.size else None,
        maximum=finite.max().item() if finite.size else None,
        nan=nan,
        infinite=flat.size - finite.size - nan,
    )


def _number(value: float | None) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _is_text(kind: Any) -> bool:
    return kind.parameter("__array__") in ("string", "bytestring")


def _depth_and_dtype(kind: Any) -> tuple[int, str]:
    """How many lists lie around the values, and the dtype of the values where they are numbers."""
    depth = 0
    while isinstance(kind, (ak.types.ListType, ak.types.RegularType, ak.types.OptionType)):
        if _is_text(kind):
            return depth, ""
        depth += not isinstance(kind, ak.types.OptionType)
        kind = kind.content
    numeric = isinstance(kind, ak.types.NumpyType) and kind.primitive.startswith(
        ("int", "uint", "float", "bool")
    )
    return depth, kind.primitive if numeric else ""


def _words(kind: Any) -> str:
    """An awkward type in the words that a physicist reads."""
    if _is_text(kind):
        return "string"
    if isinstance(kind, ak.types.NumpyType):
        return {"float64": "double", "float32": "float"}.get(kind.primitive, str(kind.primitive))
    if isinstance(kind, ak.types.ListType):
        return f"vector<{_words(kind.content)}>"
    if isinstance(kind, ak.types.RegularType):
        return f"{_words(kind.content)}[{kind.size}]"
    if isinstance(kind, ak.types.OptionType):
        return f"optional<{_words(kind.content)}>"
    if isinstance(kind, ak.types.RecordType):
        more = f", … {len(kind.fields) - 4} more" if len(kind.fields) > 4 else ""
        return f"struct({', '.join(kind.fields[:4])}{more})"
    return "variant" if isinstance(kind, ak.types.UnionType) else "unknown"


def _tidy(typename: str) -> str:
    """ROOT's name of a structure, without what does not help to recognise it.

    >>> _tidy("std::vector<KM3NETDAQ::JDAQSuperFrame>"), _tidy("(group of a:int32_t)")
    ('vector<JDAQSuperFrame>', 'group')
    """
    if not typename or typename.startswith("(group of") or typename == "unknown":
        return "group"
    head, bracket, inner = typename.partition("<")
    return head.rsplit("::", 1)[-1] + (bracket + _tidy(inner) if bracket else "")


def _reason(typename: str, error: Exception) -> str:
    kind = "its type" if typename == "unknown" else f"its type {typename}"
    text = str(error).strip().splitlines()
    detail = f"{type(error).__name__}: {text[0].strip()}" if text else type(error).__name__
    if isinstance(error, uproot.interpretation.identify.UnknownInterpretation):
        return f"uproot has no reading rule for {kind}"
    if "cannot produce Awkward Arrays" in detail or "CannotBeAwkward" in detail:
        return f"{kind} holds pointers or C++ objects, which do not become arrays"
    if "wrong number of bytes" in detail:
        return f"the stored bytes do not fit {kind}"
    return f"reading {kind} fails with {detail}"
