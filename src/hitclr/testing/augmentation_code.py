"""The clauses about an augmentation's code: described, without loops, at home on any device."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch_geometric.data import Batch

from hitclr.augment import Augmentation
from hitclr.rng import generator
from hitclr.testing.batches import regroup_hits
from hitclr.testing.compare import batch_difference, soundness_fault
from hitclr.testing.documented import documentation_fault
from hitclr.testing.work import loop_fault

__all__ = [
    "difference_on",
    "documents_its_units",
    "gives_the_same_on_a_gpu",
    "loops_over_no_events",
]

_ROUNDING = 1e-4
"""Relative to the largest number of a column: a GPU's functions round otherwise than a CPU's."""


def documents_its_units(augmentation: Augmentation, _batch: Batch) -> str | None:
    """The docstring describes each numeric option, with its unit or as a pure number.

    Whoever writes a settings file has no other place to look, and a wrong unit is silent.
    """
    return documentation_fault(type(augmentation))


def loops_over_no_events(augmentation: Augmentation, batch: Batch) -> str | None:
    """Python's work does not grow with the number of events, at the same number of hits.

    A loop over events makes training wait for the augmentation.
    """

    def run(events: int, hits: int) -> Callable[[], object]:
        made = regroup_hits(batch, events, hits)
        return lambda: augmentation.view(made, _source("cpu"))

    batch = batch.cpu()
    return loop_fault(run)


def gives_the_same_on_a_gpu(augmentation: Augmentation, batch: Batch) -> str | None:
    """On a GPU the same draws give the same view as on a CPU, and it can draw there.

    Where views are made must not matter to the result.
    """
    return difference_on("cuda", augmentation, batch)


def difference_on(device: str, augmentation: Augmentation, batch: Batch) -> str | None:
    """What an augmentation does otherwise on a device than on a CPU, in words, or None."""
    here = batch.cpu()
    there = here.to(device)
    view, draws = augmentation.view(here, _source("cpu"))
    fault = batch_difference(
        view, augmentation.apply(there, draws.to(device)).cpu(), tolerance=_ROUNDING
    )
    if fault is not None:
        return f"the same draws on {device}: {fault}"
    fault = soundness_fault(there, augmentation.view(there, _source(device))[0])
    return None if fault is None else f"drawn on {device}: {fault}"


def _source(device: str) -> torch.Generator:
    return generator(1, "check_augmentation", device=device)
