"""What one registered thing is, and its options."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import yaml

from hitclr.build import options_of
from hitclr.errors import UnknownNameError, did_you_mean
from hitclr.io import Schema

if TYPE_CHECKING:
    from hitclr.detectors import Detector
    from hitclr.plugins import Plugins, Registered, Registry

__all__ = ["describe"]

_WITH_OPTIONS = ("augmentations", "edges", "encoders", "methods", "validators", "schema_makers")


def describe(name: str, plugins: Plugins) -> str:
    """All that is registered under a name: where it comes from, what it is, its options.

    Raises:
        UnknownNameError: nothing is.
    """
    kinds = plugins.registries()
    parts = [
        "\n".join(_described(registry, entry, options=kind in _WITH_OPTIONS))
        for kind, registry in kinds.items()
        for entry in registry
        if entry.name == name
    ]
    if not parts:
        known = sorted({entry.name for registry in kinds.values() for entry in registry})
        message = f"nothing is registered as {name!r}. {did_you_mean(name, known)}"
        raise UnknownNameError(message)
    return "\n\n".join(parts)


def _described(registry: Registry[Any], entry: Registered[Any], *, options: bool) -> Iterator[str]:
    yield f"{entry.name}: {registry.kind} of {entry.source or entry.owner}"
    yield ""
    if registry.kind == "detector":
        yield from _detector(entry.value)
    elif isinstance(entry.value, Schema):
        yield entry.value.to_yaml().rstrip()
    else:
        yield inspect.getdoc(entry.value) or "It says nothing of itself."
    if options:
        known = options_of(registry, entry.name)
        yield ""
        yield "Options in a settings file, with their defaults:" if known else "It has no options."
        yield from (f"  {option}: {_inline(value)}" for option, value in known.items())


def _detector(detector: Detector) -> Iterator[str]:
    yield f"{detector.title}; throws: {', '.join(throw.name for throw in detector.throws)}"
    for one in detector.parameters:
        unit = f" {one.unit}" if one.unit else ""
        drawn = ", drawn evenly in the logarithm" if one.prior == "log-uniform" else ""
        values = f"{one.nominal:g}{unit}, {one.low:g} to {one.high:g}{drawn}"
        yield f"  {one.name}: {values}: {one.meaning}"


def _inline(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=1000)
    return text.removesuffix("\n").removesuffix("\n...")
