"""Weights of training events, so that variables are distributed alike: ``data.reweight``."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from hitclr import fields
from hitclr.config import ReweightSettings, Settings, VariableSettings
from hitclr.errors import HitclrError, SettingsError, did_you_mean
from hitclr.events import EventStore
from hitclr.events.reweight import Reweighting, measure_reweighting
from hitclr.io import Schema
from hitclr.plugins import Plugins

__all__ = ["Reweighted", "require_reweighting", "reweight"]

_FLAT = "flat"


@dataclass(frozen=True)
class Reweighted:
    """Events with their new weights.

    Attributes:
        store: the events; ``weight`` is that of the schema, or 1, times the factor.
        table: what was measured, as plain values, for the checkpoint and the report.
        line: the same in a sentence.
    """

    store: EventStore
    table: dict[str, Any]
    line: str


def require_reweighting(settings: Settings, schema: Schema, plugins: Plugins) -> None:
    """Check, before anything is read, that what ``data.reweight`` needs is there.

    Raises:
        SettingsError: the method does not weigh events, or a variable is no observer.
    """
    wanted = settings.data.reweight
    if wanted is None:
        return
    if not plugins.methods.get(settings.method.name).needs.weights:
        message = (
            f"data.reweight: the method {settings.method.name} does not weigh events, so the "
            f"weights would have no effect\n"
            f"  what to do: take a method that does, such as classifier, or leave data.reweight out"
        )
        raise SettingsError(message)
    for name in wanted.variables:
        if name not in schema.observers:
            message = (
                f"data.reweight.variables: expected observers of the schema {schema.name}, it has "
                f"no {name!r}. {did_you_mean(name, list(schema.observers))}"
            )
            raise SettingsError(message)


def reweight(
    settings: ReweightSettings, store: EventStore, splits: Mapping[str, Tensor]
) -> Reweighted:
    """Measure the factors on the labelled training events, and weigh these and the validation's.

    Other events, the test events among them, keep the weight that they have.

    Args:
        settings: the key ``data.reweight``.
        store: the events; the variables are among their columns.
        splits: the events [M] int64 of each part.

    Raises:
        SettingsError: the reference is no class, or the bins cannot be made.
        HitclrError: a variable is NaN or infinite in an event, or the weights cannot be measured.
    """
    if settings.reference != _FLAT and settings.reference not in store.class_names:
        message = (
            f"data.reweight.reference: expected flat or a class, got {settings.reference!r}. "
            + did_you_mean(settings.reference, [_FLAT, *store.class_names])
        )
        raise SettingsError(message)
    labelled = {name: rows[store.labels[rows] >= 0] for name, rows in splits.items()}
    train = labelled["train"]
    weighted = torch.cat([train, labelled["validation"]])
    values = _values(store, weighted, list(settings.variables))
    before = store.events.get(fields.WEIGHT, torch.ones(len(store))).double()
    labels = store.labels[weighted]
    seen = slice(0, train.numel())
    edges = [
        _edges(name, bins, column)
        for (name, bins), column in zip(
            settings.variables.items(), values[seen].unbind(1), strict=True
        )
    ]
    flat = settings.reference == _FLAT
    made = measure_reweighting(
        values[seen],
        labels[seen],
        before[train],
        edges,
        store.class_names,
        reference=None if flat else store.class_names.index(settings.reference),
        equal_classes=settings.equal_classes,
        max_ratio=settings.max_ratio,
    )
    factors = made.of(values, labels)
    after = before.clone()
    after[weighted] *= factors
    rows = _classes(store, made, values[seen], labels[seen], after[train], factors[seen])
    table = {
        **settings.model_dump(mode="json", include={"reference", "equal_classes", "max_ratio"}),
        "variables": [
            {"name": name, "edges": edge.tolist()}
            for name, edge in zip(settings.variables, made.edges, strict=True)
        ],
        "classes": rows,
        "events": made.events.tolist(),
        "sums": made.sums.tolist(),
        "factors": made.factors.tolist(),
    }
    # What is mapped into memory stays mapped, in the processes that make views, too.
    kept = cast("dict[str, Tensor]", store.events)
    columns = ChainMap({fields.WEIGHT: after.float()}, kept)
    return Reweighted(replace(store, events=columns), table, _line(table))


def _values(store: EventStore, events: Tensor, names: list[str]) -> Tensor:
    """The variables [n, V] float64 of events [n], all finite."""
    columns = [store.events[name][events].double() for name in names]
    for name, column in zip(names, columns, strict=True):
        bad = (~column.isfinite()).nonzero()[:, 0]
        if len(bad):
            file, entry = store.events[fields.EVENT_ID][events[bad[0]]].tolist()
            where = store.files[file] if store.files else f"file {file}"
            message = (
                f"data.reweight: expected a finite {name} of every training and validation event, "
                f"{len(bad)} have none, such as entry {entry} of {where}\n"
                f"  what to do: leave such events out by `select` in the schema, or take another "
                f"variable"
            )
            raise HitclrError(message)
    return torch.stack(columns, 1)


def _edges(name: str, settings: VariableSettings, values: Tensor) -> Tensor:
    """The edges [K+1] float64 of a variable."""
    if isinstance(settings.bins, tuple):
        return torch.tensor(settings.bins, dtype=torch.float64)
    if settings.spacing == "quantile":
        # Not by torch.quantile, which takes no more than 2**24 values.
        found = np.quantile(values.numpy(), np.linspace(0, 1, settings.bins + 1))
        edges = torch.from_numpy(found)
    else:
        low, high = settings.range or (0.0, 1.0)
        space = np.geomspace if settings.spacing == "log" else np.linspace
        edges = torch.from_numpy(space(low, high, settings.bins + 1))
    if not bool((edges[1:] > edges[:-1]).all()):
        message = (
            f"data.reweight.variables.{name}: expected {settings.bins} bins, some of them have no "
            f"width: the edges would be {', '.join(f'{edge:g}' for edge in edges.tolist())}\n"
            f"  what to do: take fewer bins, or give the edges"
        )
        raise SettingsError(message)
    return edges


def _classes(
    store: EventStore,
    made: Reweighting,
    values: Tensor,
    labels: Tensor,
    weights: Tensor,
    factors: Tensor,
) -> list[dict[str, Any]]:
    """What became of the training events of each class, in numbers."""
    outside = torch.zeros(len(values), dtype=torch.bool)
    for column, edge in zip(values.unbind(1), made.edges, strict=True):
        outside |= (column < edge[0]) | (column > edge[-1])
    rows = []
    for label, name in enumerate(store.class_names):
        own = labels == label
        kept = weights[own]
        rows.append(
            {
                "class": name,
                "events": int(own.sum()),
                "outside": int((own & outside).sum()),
                "zero": int((factors[own] == 0).sum()),
                "smallest": float(factors[own].min()),
                "largest": float(factors[own].max()),
                # Kish, "Survey Sampling" (1965), section 11.7: as many events of equal weight give
                # a mean with the same variance.
                "effective": float(kept.sum() ** 2 / (kept**2).sum()),
            }
        )
    return rows


def _line(table: Mapping[str, Any]) -> str:
    names = " and ".join(variable["name"] for variable in table["variables"])
    how = "flat" if table["reference"] == _FLAT else f"as in {table['reference']}"
    parts = [
        f"{row['effective']:.0f} of {row['events']} {row['class']}" for row in table["classes"]
    ]
    outside = sum(row["outside"] for row in table["classes"])
    zero = sum(row["zero"] for row in table["classes"])
    return (
        f"Training events are weighted by {names} ({how}); they count as much as "
        f"{', '.join(parts)} of equal weight. Outside of the bins, with the weight of the nearest: "
        f"{outside}. With weight 0, since the reference has none there: {zero}."
    )
