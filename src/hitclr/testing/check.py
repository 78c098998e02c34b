"""One clause of a contract as a check that says what was broken and why it matters."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

__all__ = ["Check"]

_LIBRARIES = frozenset({"torch", "torch_geometric", "lightning", "numpy", "awkward", "uproot"})


class Check:
    """One clause of a contract.

    Args:
        find_fault: looks at the object under test and returns what is wrong with it, or None. The
            first line of its docstring is the clause, the rest says why it matters.
        gpu: whether it needs a GPU; without one it passes.

    Attributes:
        name: the name of ``find_fault``, without underscores at the front: an id for pytest.
        title: the clause.
        why: why it matters.
        gpu: whether it needs a GPU.

    >>> def even(number):
    ...     '''The number is even.
    ...
    ...     Pairs are made of it.
    ...     '''
    ...     return f"got {number}" if number % 2 else None
    >>> Check(even)(3)
    Traceback (most recent call last):
        ...
    AssertionError: int breaks the contract: The number is even.
      got 3
      why it matters: Pairs are made of it.
    """

    def __init__(self, find_fault: Callable[..., str | None], *, gpu: bool = False) -> None:
        title, _, why = (inspect.getdoc(find_fault) or find_fault.__name__).partition("\n")
        self.name = find_fault.__name__.lstrip("_")
        self.title = title.strip()
        self.why = " ".join(why.split())
        self.gpu = gpu
        self._find_fault = find_fault

    def __call__(self, subject: Any, *context: Any) -> None:
        """Run the check.

        Raises:
            AssertionError: the subject breaks the clause, or raised an error.
        """
        if self.gpu and not torch.cuda.is_available():
            return
        cause: Exception | None = None
        try:
            fault = self._find_fault(subject, *context)
        except Exception as error:  # noqa: BLE001 - what is under test may raise anything
            cause = error
            fault = f"it raised {type(error).__name__}: {error}\n  where: {_place(error)}"
        if fault is not None:
            message = (
                f"{_describe(subject)} breaks the contract: {self.title}\n"
                f"  {fault}\n  why it matters: {self.why}"
            )
            raise AssertionError(message) from cause

    def __repr__(self) -> str:
        return f"Check({self.name})"


def _describe(subject: Any) -> str:
    """The name of a class or function; the class of an object, with the object's own name."""
    name = getattr(subject, "__name__", None)
    if isinstance(name, str):
        return name
    own = getattr(subject, "name", None)
    return f"{type(subject).__name__} {own!r}" if isinstance(own, str) else type(subject).__name__


def _place(error: Exception) -> str:
    """The last line of the traceback that is not in a library below hitclr."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if not _LIBRARIES & set(Path(frame.filename).parts)]
    last = (ours or frames)[-1]
    return f"{last.filename}, line {last.lineno}"
