"""The contract of a schema maker, clause by clause."""

from __future__ import annotations

import inspect
import tempfile
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from hitclr.build import construct
from hitclr.config import Spec
from hitclr.errors import HitclrError
from hitclr.io import Schema
from hitclr.plugins.registry import Registry
from hitclr.testing.check import Check
from hitclr.testing.example import Example, ask_for
from hitclr.testing.example_files import files_fault
from hitclr.testing.schemas import example_fault, yaml_fault

__all__ = ["SCHEMA_MAKER_CHECKS", "check_schema_maker"]

Maker = Callable[..., Schema]

_NO_FILE = b"\x00\x01 this is not what it is taken for\n"


def check_schema_maker(
    make: Maker, options: Mapping[str, Any] | None = None, files: Sequence[str | Path] = ()
) -> None:
    """Check a function that makes schemas against its whole contract.

    Args:
        make: the function.
        options: what to call it with, as in a settings file.
        files: small files that the schema is then for.

    Raises:
        AssertionError: a clause is broken; the message says which, what was expected, what came,
            and why it matters.
        pytest.skip.Exception: options that it needs are not given, or no files.
    """
    for check in SCHEMA_MAKER_CHECKS:
        check(make, make.__name__, Example(options=options or {}, files=files))


def _says_what_its_options_are(make: Maker, _name: str, example: Example) -> str | None:
    """Each option has an annotation that is known when the program runs; of a file it is Path.

    By these a settings file is checked, and relative names of files start from its folder.
    """
    for name, parameter in inspect.signature(make).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.POSITIONAL_ONLY):
            return f"the option {name!r} has no name that a settings file could give"
        if parameter.kind is not parameter.VAR_KEYWORD and parameter.annotation is parameter.empty:
            return f"the option {name!r} has no annotation"
    try:
        hints = typing.get_type_hints(make)
    except NameError as error:
        return (
            f"{error}: an annotation is known to type checkers alone. Import what it names outside "
            f"of `if TYPE_CHECKING`"
        )
    for name, value in example.options.items():
        if _is_file(value) and name in hints and not _takes_files(hints[name]):
            return (
                f"the option {name!r} is the file {value} in the example, and is not annotated as "
                f"pathlib.Path, so that a relative name would not start from the settings' folder"
            )
    return None


def _makes_a_schema(make: Maker, name: str, example: Example) -> str | None:
    """With the same options it makes the same hitclr.io.Schema.

    A resumed run compares it with the one that it began with.
    """
    first, second = (_made(make, name, example) for _ in range(2))
    for one in (first, second):
        if not isinstance(one, Schema):
            return f"expected a Schema, got a {type(one).__name__}"
    return None if first == second else "called twice, it made two different schemas"


def _makes_one_that_survives_yaml(make: Maker, name: str, example: Example) -> str | None:
    """The schema that it makes is the same when it is written as YAML and read again.

    Checkpoints keep it so; nothing of the files that it is made from is needed then.
    """
    return yaml_fault(_made(make, name, example))


def _names_a_file_that_it_cannot_use(make: Maker, name: str, example: Example) -> str | None:
    """A file that is missing, or is another, is named in an error of hitclr's.

    It is the settings that are to be mended, and a traceback does not say which file.
    """
    _require_options(make, name, example)
    hints = typing.get_type_hints(make)
    files = [option for option in example.options if _takes_files(hints.get(option))]
    with tempfile.TemporaryDirectory() as folder:
        for option in files:
            for bad in _bad_files(Path(folder), _first(example.options[option])):
                fault = _error_fault(make, name, example, option, bad)
                if fault is not None:
                    return f"with {option}={bad.name!r}, {fault}"
    return None


def _fits_its_example_files(make: Maker, name: str, example: Example) -> str | None:
    """By its schema each entry of the example files is an event or left out on purpose.

    A run stops at an entry at fault.
    """
    return files_fault(*_made_for_files(make, name, example))


def _reads_what_was_written(make: Maker, name: str, example: Example) -> str | None:
    """By its schema the events of the example files are those that are in them.

    Positions, features, hit columns, classes and observers are compared with what is written there,
    tables being looked up hit by hit.
    """
    return example_fault(*_made_for_files(make, name, example))


def _made(make: Maker, name: str, example: Example) -> Schema:
    """The schema, made as by a settings file."""
    _require_options(make, name, example)
    registry: Registry[Maker] = Registry("schema maker")
    registry.add(name, make, "")
    made: Schema = construct(registry, Spec(name=name, **example.options))
    return made


def _made_for_files(make: Maker, name: str, example: Example) -> tuple[Schema, tuple[Path, ...]]:
    schema = _made(make, name, example)
    if not example.files:
        wanted = "options={...}, files=[...]" if example.options else "files=[...]"
        asked = ask_for(wanted, "schema-maker", name)
        pytest.skip(f"there are no files for the schema that it makes\n{asked}")
    return schema, tuple(map(Path, example.files))


def _require_options(make: Maker, name: str, example: Example) -> None:
    """Skip the check where nobody says what the maker is to be called with."""
    missing = [
        option
        for option, parameter in inspect.signature(make).parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        and option not in example.options
    ]
    if missing:
        asked = ask_for("options={...}, files=[...]", "schema-maker", name)
        pytest.skip(f"the kit does not know {' and '.join(missing)}, which it needs\n{asked}")


def _error_fault(make: Maker, name: str, example: Example, option: str, bad: Path) -> str | None:
    """What is wrong with how a maker refuses a file, in words, or None."""
    given = example.options[option]
    value = [bad, *given[1:]] if isinstance(given, (list, tuple)) else bad
    changed = Example(options={**example.options, option: value})
    try:
        _made(make, name, changed)
    except HitclrError as error:
        if bad.name in str(error):
            return None
        return f"expected an error that names the file, got {type(error).__name__}: {error}"
    except Exception as error:  # noqa: BLE001 - what is under test may raise anything
        return f"expected a HitclrError that names the file, got {type(error).__name__}: {error}"
    return "expected an error, it made a schema"


def _bad_files(folder: Path, good: str | Path) -> Iterator[Path]:
    """A file that is not there, and one that is no such file, called alike."""
    yield folder / f"missing-{Path(good).name}"
    other = folder / f"other-{Path(good).name}"
    other.write_bytes(_NO_FILE)
    yield other


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, (list, tuple)) else value


def _is_file(value: Any) -> bool:
    one = _first(value) if value not in ((), []) else None
    return isinstance(one, (str, Path)) and Path(one).is_file()


def _takes_files(hint: Any) -> bool:
    """Whether an annotation is of a path, or has one in it."""
    return hint is Path or any(map(_takes_files, typing.get_args(hint)))


SCHEMA_MAKER_CHECKS: tuple[Check, ...] = tuple(
    Check(find_fault)
    for find_fault in (
        _says_what_its_options_are,
        _makes_a_schema,
        _makes_one_that_survives_yaml,
        _names_a_file_that_it_cannot_use,
        _fits_its_example_files,
        _reads_what_was_written,
    )
)
"""The clauses, in the order in which a broken one is easiest to understand."""
