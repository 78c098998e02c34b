"""Whether the numeric options of a class are described, with their units."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Iterator
from typing import Any

from hitclr.augment import Normal, Parameter

__all__ = ["documentation_fault"]

# fmt: off
_UNITS = frozenset({
    "A", "ADC", "C", "GHz", "GeV", "Hz", "K", "MHz", "MeV", "Pa", "PeV", "T", "TeV", "V", "bar",
    "bins", "bits", "bytes", "cm", "degree", "degrees", "e", "eV", "electrons", "fC", "hours",
    "kHz", "kV", "ke", "keV", "km", "m", "mV", "minutes", "mm", "mrad", "ms", "nm", "ns", "p.e.",
    "pC", "pe", "photo-electrons", "photoelectrons", "photons", "rad", "radians", "s", "sr", "um",
    "unit", "units", "us", "µm", "µs",
})
_PURE = (
    "count", "direction", "exponent", "factor", "fraction", "index", "number", "part", "percent",
    "power", "probability", "ratio", "relative", "seed", "share", "times",
)
# fmt: on
_PURE_WORDS = frozenset(_PURE) | {f"{word}s" for word in _PURE} | {"many", "probabilities"}
_RULE = (
    f"The rule: the text has a unit (ns, cm, MeV, kV/cm, pe, degrees, ...), or the word unit (in "
    f"the unit of ``pos``; in ticks as a unit), or for a pure number one of {', '.join(_PURE)}."
)
_WORDS = re.compile(r"[^\W\d_](?:[\w.-]*\w)?\.?")
_ENTRY = re.compile(r"^    (\w+)(?: \(.*?\))?: ?(.*)$")


def documentation_fault(kind: type) -> str | None:
    """Which numeric option of a class is described nowhere, or without a unit, in words, or None.

    Descriptions are those of the section ``Args:`` of Google-style docstrings, of the class or one
    that it derives from.
    """
    for name in _numeric_options(kind):
        text = _description(kind, name)
        if text is None:
            return (
                f"the option {name!r} is a number and the section Args of the docstring of "
                f"{kind.__name__} does not describe it"
            )
        if not _says_a_unit(text):
            return f"the option {name!r} has no unit in its description, {text!r}. {_RULE}"
    return None


def _numeric_options(kind: type) -> Iterator[str]:
    """The arguments of the constructor that are numbers, by their hints or their defaults."""
    try:
        hints = typing.get_type_hints(kind.__init__)  # type: ignore[misc]
    except (NameError, TypeError):  # hints for type checkers only
        hints = {}
    for name, parameter in inspect.signature(kind).parameters.items():
        if _is_numeric(hints.get(name)) or _is_number(parameter.default):
            yield name


def _is_numeric(hint: Any) -> bool:
    return hint is Parameter or hint in (int, float) or any(map(_is_numeric, typing.get_args(hint)))


def _is_number(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(map(_is_number, value))
    return isinstance(value, (int, float, Normal)) and not isinstance(value, bool)


def _description(kind: type, name: str) -> str | None:
    for owner in kind.__mro__:
        found = _arguments(inspect.cleandoc(owner.__doc__ or "")).get(name)
        if found is not None:
            return found
    return None


def _arguments(docstring: str) -> dict[str, str]:
    """The texts of the section ``Args:`` by name."""
    _, _, section = docstring.partition("\nArgs:\n")
    found: dict[str, str] = {}
    name = ""
    for line in section.splitlines():
        if line and not line.startswith("    "):
            break
        entry = _ENTRY.match(line)
        if entry:
            name = entry[1]
            found[name] = entry[2]
        elif name:
            found[name] = f"{found[name]} {line.strip()}".strip()
    return found


def _says_a_unit(text: str) -> bool:
    # Of a compound such as kV/cm each piece stands for itself; a full stop may end the sentence.
    words = {form for word in _WORDS.findall(text) for form in (word, word.rstrip("."))}
    pure = {word.lower() for word in words} & _PURE_WORDS
    return bool(words & _UNITS or pure) or "%" in text
