"""Whether a detector's schema reads the files that are simulated with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import torch
import uproot

from hitclr import fields
from hitclr.detectors import Detector
from hitclr.events import EventStore, counts_from_ptr
from hitclr.io import BadInput, Sample, read_samples
from hitclr.runs.simulate import simulate

__all__ = ["file_fault"]

_EVENTS = 60


def file_fault(detector: Detector, path: Path) -> str | None:
    """What a schema makes other of a file than what was written there, in words, or None.

    Args:
        detector: the detector.
        path: where the file may be written.
    """
    simulate(detector, path, events=_EVENTS, processes=1)
    read = read_samples(detector.schema, [Sample(detector.name, (path,))], BadInput())
    with uproot.open(path) as file:
        tree = file[detector.schema.tree]
        counts = ak.to_numpy(ak.num(tree["hits_x"].array()))
        if counts_from_ptr(read.ptr).tolist() != counts.tolist():
            return (
                f"the file has {len(counts)} events of {int(counts.sum())} hits, the schema reads "
                f"{len(read)} of {read.num_hits}"
            )
        for what, branch, got in _columns(read):
            if branch not in tree.keys():  # noqa: SIM118 - a tree is no mapping
                return f"{what}: the file has no branch {branch!r}, which the name asks for"
            wrong = np.flatnonzero(_written(tree[branch]) != got.numpy())
            if wrong.size:
                return (
                    f"{what}: expected the numbers of the branch {branch!r}, hit {wrong[0]} is "
                    f"read as {got[int(wrong[0])].item()}, written was "
                    f"{_written(tree[branch])[wrong[0]].item()}"
                )
        if fields.KEY not in read.events:
            return "expected `key: event` in the schema, so that throws of one event can be paired"
        if read.events[fields.KEY].tolist() != tree["event"].array().tolist():
            return "expected the branch 'event' as the key"
    return None


def _columns(read: EventStore) -> Iterator[tuple[str, str, torch.Tensor]]:
    """What, the branch where the simulation puts it, and what was read, [N] each."""
    for place, axis in enumerate("xyz"):
        yield f"pos, {axis}", f"hits_{axis}", read.hits[fields.POS][:, place]
    for place, name in enumerate(read.feature_names):
        yield f"feature {name!r}", f"hits_{name.replace('.', '_')}", read.hits[fields.X][:, place]
    for name, column in read.hits.items():
        if name not in (fields.POS, fields.X):
            yield f"column {name!r}", f"hits_{name.removeprefix(fields.HIT_PREFIX)}", column


def _written(branch: Any) -> Any:
    return ak.to_numpy(ak.flatten(branch.array()))
