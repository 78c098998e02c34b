"""Records: what is refused, and the structure that numpy gets."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from hitclr.io import Record


def test_structure() -> None:
    kind = Record(size=12, fields={"id": (0, ">i4"), "t": (5, "<u4"), "q": (11, "u1")}).dtype
    assert kind.itemsize == 12
    assert kind.names == ("id", "t", "q")
    assert [kind.fields[name][1] for name in ("id", "t", "q")] == [0, 5, 11]  # type: ignore[index]


@pytest.mark.parametrize(
    ("field", "match"),
    [
        ((0, "i4"), "such as >i4, <u4"),
        ((0, ">u3"), "such as >i4, <u4"),
        ((0, ">f2"), "such as >i4, <u4"),
        ((5, ">i4"), "within the 8 bytes"),
        ((-1, "u1"), "within the 8 bytes"),
    ],
)
def test_refusals(field: Any, match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        Record.model_validate({"size": 8, "fields": {"x": field}})
