"""A result table in a JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from hitclr.errors import OutputError
from hitclr.validation import explain

__all__ = ["load_json"]

Model = TypeVar("Model", bound=BaseModel)


def load_json(path: Path, model: type[Model], made_by: str, again: str) -> Model:
    """Read a result table.

    Args:
        path: the file.
        model: what it should hold.
        made_by: what writes such a table, for messages ("run").
        again: how to write it anew, for messages ("train again").

    Raises:
        OutputError: the file is missing, is not JSON, lacks a key, or a value is of another kind
            than expected.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        message = (
            f"expected the result table {path}, which is not there.\n"
            f"  what to do: name the output folder of a {made_by} that has ended, or {again}"
        )
        raise OutputError(message) from error
    except (OSError, ValueError) as error:
        message = (
            f"expected JSON in the result table {path}, which cannot be read: {error}\n"
            f"  what to do: the file is damaged; {again} to write it anew"
        )
        raise OutputError(message) from error
    try:
        return model.model_validate(content)
    except ValidationError as error:
        message = (
            f"the result table {path} does not hold what a report needs:\n"
            f"{explain(error, model)}\n"
            f"  what to do: {again} with this version of hitclr to write it anew"
        )
        raise OutputError(message) from error
