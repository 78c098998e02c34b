"""One clause of a contract as a check that says what was broken and why it matters."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

__all__ = ["Check"]


class Check:
    """One clause of a contract.

    Args:
        find_fault: looks at the object under test and returns what is wrong with it, or None. The
            first line of its docstring is the clause, the rest says why it matters.

    Attributes:
        name: the name of ``find_fault``, without underscores at the front: an id for pytest.
        title: the clause.
        why: why it matters.

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

    def __init__(self, find_fault: Callable[..., str | None]) -> None:
        title, _, why = (inspect.getdoc(find_fault) or find_fault.__name__).partition("\n")
        self.name = find_fault.__name__.lstrip("_")
        self.title = title.strip()
        self.why = " ".join(why.split())
        self._find_fault = find_fault

    def __call__(self, subject: Any, *context: Any) -> None:
        """Run the check.

        Raises:
            AssertionError: the subject breaks the clause.
        """
        fault = self._find_fault(subject, *context)
        if fault is not None:
            message = (
                f"{type(subject).__name__} breaks the contract: {self.title}\n"
                f"  {fault}\n  why it matters: {self.why}"
            )
            raise AssertionError(message)

    def __repr__(self) -> str:
        return f"Check({self.name})"
