"""Everything that one plugin registers, ready to be checked."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch_geometric.data import Batch

from hitclr.augment import Augmentation
from hitclr.build import construct
from hitclr.config import Spec
from hitclr.detectors import Deposits, Detector, Throws
from hitclr.errors import HitclrError, PluginError, SchemaError, SettingsError
from hitclr.events import EventStore
from hitclr.io import Schema
from hitclr.plugins import Plugins
from hitclr.rng import generator
from hitclr.testing.augmentations import AUGMENTATION_CHECKS
from hitclr.testing.batches import make_events, with_columns
from hitclr.testing.check import Check
from hitclr.testing.detectors import DETECTOR_CHECKS, shoot_events
from hitclr.testing.encoders import ENCODER_CHECKS, embed_batch
from hitclr.testing.example import Example, ask_for
from hitclr.testing.methods import METHOD_CHECKS
from hitclr.testing.schema_makers import SCHEMA_MAKER_CHECKS
from hitclr.testing.schemas import SCHEMA_CHECKS, can_be_made_up, read_example, read_made_up

__all__ = ["CHECKS", "Kit"]

CHECKS: Mapping[str, tuple[Check, ...]] = MappingProxyType(
    {
        "detector": DETECTOR_CHECKS,
        "schema": SCHEMA_CHECKS,
        "schema-maker": SCHEMA_MAKER_CHECKS,
        "augmentation": AUGMENTATION_CHECKS,
        "encoder": ENCODER_CHECKS,
        "method": METHOD_CHECKS,
    }
)
"""The checks of each kind of thing, by the word that `Registry.kind` has for it, with hyphens."""

_FEW = 5
_PLAIN = ("charge", "time", "dir.x", "dir.y", "dir.z")


class Kit:
    """Makes what a plugin registered, with what its checks need beside.

    Args:
        plugins: the registries.
        owner: the name of the plugin; ``hitclr`` for the built-ins.
        example: gives the author's example for a kind and a name, if there is one.
    """

    def __init__(
        self, plugins: Plugins, owner: str, example: Callable[[str, str], Example | None]
    ) -> None:
        self.plugins = plugins
        self.owner = owner
        self._example = example
        self._registries = {r.kind.replace(" ", "-"): r for r in plugins.registries().values()}

    def registered(self) -> Iterator[tuple[str, str]]:
        """The kind and the name of each thing that there are checks for."""
        for kind in CHECKS:
            for entry in sorted(self._registries[kind], key=lambda entry: entry.name):
                if entry.owner == self.owner:
                    yield kind, entry.name

    def prepare(self, kind: str, name: str) -> tuple[Any, ...]:
        """What the checks of the kind are called with: the thing, and what it is tried on.

        Raises:
            PluginError: it cannot be made, or nothing suits it, without an example.
            HitclrError: its class refuses its own defaults.
        """
        example = self._given(kind, name)
        spec = Spec(name=name, **example.options)
        if kind == "detector":
            return self.plugins.detectors.get(name), self._deposits(name)
        if kind == "schema":
            return self.plugins.schemas.get(name), tuple(map(Path, example.files))
        if kind == "schema-maker":
            return self.plugins.schema_makers.get(name), name, example
        if kind == "augmentation":
            augmentation = self._construct(kind, spec)
            if example.batch is not None:
                return augmentation, example.batch
            return augmentation, self._batch_for_augmentation(name, augmentation)
        if kind == "encoder":
            make = self._maker(kind, spec)
            return make, self._batch_for_encoder(
                name, make
            ) if example.batch is None else example.batch
        return (self._maker(kind, spec),)

    def _given(self, kind: str, name: str) -> Example:
        """The author's example; an empty one where there is none."""
        example = self._example(kind, name)
        if example is not None and not isinstance(example, Example):
            message = (
                f"pytest_hitclr_example({kind!r}, {name!r}): expected a hitclr.testing.Example or "
                f"None, got {example!r}"
            )
            raise PluginError(message)
        return example or Example()

    def _construct(self, kind: str, spec: Spec, *given: Any) -> Any:
        try:
            return construct(self._registries[kind], spec, *given)
        except SettingsError as error:
            message = f"{error}\n{ask_for('options={...}', kind, spec.name)}"
            raise PluginError(message) from error

    def _maker(self, kind: str, spec: Spec) -> Callable[..., Any]:
        def make(*given: Any) -> Any:
            return self._construct(kind, spec, *given)

        make.__name__ = spec.name
        return make

    def _batch_for_augmentation(self, name: str, augmentation: Augmentation) -> Batch:
        fault: HitclrError | None = None
        for batch in (*self._batches, with_columns(self._plain, augmentation.reads)):
            try:
                augmentation.view(batch, generator(1, "kit"))
            except SchemaError as error:
                fault = error
            except Exception:  # noqa: BLE001 - what else is wrong, the checks will say
                return batch
            else:
                return batch
        raise _unsuited(fault, "augmentation", name)

    def _batch_for_encoder(self, name: str, make: Callable[..., Any]) -> Batch:
        fault: HitclrError | None = None
        make(len(_PLAIN))  # what is wrong with its options is another fault
        for batch in (*self._batches, self._plain):
            try:
                embed_batch(make, batch)
            except HitclrError as error:
                fault = error
            except Exception:  # noqa: BLE001 - what else is wrong, the checks will say
                return batch
            else:
                return batch
        raise _unsuited(fault, "encoder", name)

    @functools.cached_property
    def _plain(self) -> Batch:
        return make_events(features=_PLAIN)

    @functools.cached_property
    def _batches(self) -> list[Batch]:
        """Events of the plugin's own detectors and schemas."""
        made = []
        for entry in self.plugins.detectors:
            if entry.owner == self.owner:
                made.append(_simulated(entry.value, self._deposits(entry.name)))
        for schema in self.plugins.schemas:
            if schema.owner == self.owner:
                made.extend(self._of_schema(schema.name, schema.value))
        return made

    def _of_schema(self, name: str, schema: Schema) -> Iterator[Batch]:
        """Made-up events, or where there can be none those of example files."""
        if can_be_made_up(schema):
            yield _smallest(read_made_up(schema)[0])
            return
        for file in self._given("schema", name).files:
            yield _smallest(read_example(schema, Path(file)))

    @functools.cache  # noqa: B019 - a kit lives as long as the run
    def _deposits(self, detector: str) -> Deposits:
        return shoot_events(self.plugins.detectors.get(detector))


def _simulated(detector: Detector, deposits: Deposits) -> Batch:
    throws = Throws.same(detector.throw(), len(deposits))
    with torch.no_grad():
        return _smallest(
            detector.respond(deposits, throws, generator(1, "kit")), detector.minimum_hits
        )


def _smallest(store: EventStore, least: int = 1) -> Batch:
    counts = store.hits_per_event()
    recorded = (counts >= least).nonzero().flatten()
    return store.batch(recorded[counts[recorded].argsort()[:_FEW]])


def _unsuited(fault: HitclrError | None, kind: str, name: str) -> PluginError:
    message = f"no events that the kit can make suit it: {fault}"
    return PluginError(f"{message}\n{ask_for('batch=...', kind, name)}")
