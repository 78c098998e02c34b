"""The file ``events.npz``: one row for each event, with its embedding."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hitclr.fields import UNKNOWN_LABEL
from hitclr.reports.array_file import ArrayFile

__all__ = ["SPLITS", "TEST", "TRAIN", "EventTable", "load_events"]

SPLITS = ("train", "validation", "test")
"""The name of each value of ``split``."""

TRAIN, _, TEST = range(3)


@dataclass(frozen=True)
class EventTable:
    """The events of a run, M of them.

    Attributes:
        embedding: [M, D] float64, what the encoder makes of each event.
        label: [M] int64, the class; -1 where unknown.
        domain: [M] int64, the sample.
        split: [M] int64, 0 train, 1 validation, 2 test.
        event_id: [M, 2] int64, file index and entry.
        scores: [M, C] float64, the class scores; no columns where nothing classifies.
    """

    embedding: NDArray[np.float64]
    label: NDArray[np.int64]
    domain: NDArray[np.int64]
    split: NDArray[np.int64]
    event_id: NDArray[np.int64]
    scores: NDArray[np.float64]


def load_events(path: Path, num_classes: int, num_samples: int) -> EventTable:
    """Read ``events.npz``.

    Args:
        path: the file.
        num_classes: the number of classes that ``y`` may point to.
        num_samples: the number of samples that ``domain`` may point to.

    Raises:
        OutputError: the file or one of its keys is missing, the shapes do not fit together, or an
            index points nowhere.
    """
    arrays = ArrayFile(path)
    table = EventTable(
        embedding=arrays.take("embedding", "float", "M", "D"),
        label=arrays.take("y", "int", "M"),
        domain=arrays.take("domain", "int", "M"),
        split=arrays.take("split", "int", "M"),
        event_id=arrays.take("event_id", "int", "M", 2),
        scores=arrays.take("scores", "float", "M", "C"),
    )
    if table.embedding.shape[1] == 0:
        arrays.reject("embedding", "at least one column", f"{list(table.embedding.shape)}")
    if table.scores.shape[1] not in (0, num_classes):
        expected = f"a column for each of {num_classes} classes, or none"
        arrays.reject("scores", expected, f"{table.scores.shape[1]} columns")
    for key, values, low, size in (
        ("y", table.label, UNKNOWN_LABEL, num_classes),
        ("domain", table.domain, 0, num_samples),
        ("split", table.split, 0, len(SPLITS)),
    ):
        outside = values[(values < low) | (values >= size)]
        if outside.size:
            arrays.reject(key, f"values from {low} to {size - 1}", f"{outside[0]}")
    return table
