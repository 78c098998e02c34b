"""The pytest hooks of the conformance kit, for the conftest.py of a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from hitclr.testing.example import Example

__all__ = ["pytest_hitclr_example"]


@pytest.hookspec(firstresult=True)
def pytest_hitclr_example(kind: str, name: str) -> Example | None:
    """An example of a registered thing, for ``pytest --hitclr-conformance``.

    The kit makes things with their default options, events for them from the plugin's own
    detectors and schemas, and files for schemas. Where that is not enough, say here what to take.

    Args:
        kind: ``schema``, ``schema-maker``, ``augmentation``, ``encoder`` or ``method``.
        name: the name under which it is registered.

    Returns:
        A `hitclr.testing.Example`, or None for what the kit does by itself.
    """
