"""Maps of the embeddings: principal components, and UMAP where it is installed."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hitclr.optional import require
from hitclr.reports.projection import components
from hitclr.reports.study.cell_events import CellEvents, find_cells, load_cell_events
from hitclr.reports.study.examples import Examples
from hitclr.reports.study.table import StudyTable

__all__ = ["EmbeddingMap", "make_maps"]

_EVENTS_PER_THROW = 250
_FEWEST_FOR_UMAP = 20


@dataclass(frozen=True)
class EmbeddingMap:
    """K test events of one cell in two dimensions.

    Attributes:
        method: whose embedding it is.
        seed: of the cell.
        points: [K, 2] float64.
        shares: the share of the variance on each principal component; none for UMAP.
        label: [K] int64, the class; -1 where unknown.
        throw: [K] int64, the index in the study's throws.
    """

    method: str
    seed: int
    points: NDArray[np.float64]
    shares: tuple[float, ...]
    label: NDArray[np.int64]
    throw: NDArray[np.int64]


def make_maps(
    table: StudyTable, directory: Path, examples: Examples
) -> tuple[dict[str, list[EmbeddingMap]], list[str]]:
    """Make the maps of the methods that are shown in detail.

    Args:
        table: the study.
        directory: its folder.
        examples: what is shown.

    Returns:
        The maps by kind, ``PCA`` and, where it is installed, ``UMAP``; and why others are
        not there, in sentences.

    Raises:
        OutputError: the arrays of a cell cannot be used.
    """
    cells = find_cells(directory)
    maps: dict[str, list[EmbeddingMap]] = {}
    reasons = []
    for method in examples.methods:
        mine = sorted(
            (
                cell
                for cell in cells
                if (cell.method, cell.domain, cell.left_out) == (method, examples.domain, None)
            ),
            # A cell of a method that sees a target is scored on that throw alone: the worst first.
            key=lambda cell: (cell.target != examples.worst, cell.target or "", cell.seed),
        )
        if not mine:
            reasons.append(f"There is no map of {method}: the events of its cells are not here.")
            continue
        cell = mine[0]
        events = load_cell_events(cells[cell], len(table.throws), len(table.classes))
        if events is None:
            reasons.append(f"There is no map of {method}: its cells kept no embeddings.")
            continue
        events = _shown(table, events, examples.throws)
        if len(events.embedding) < 2 or not (events.embedding != events.embedding[0]).any():
            reasons.append(
                f"There is no map of {method}: it takes two events with different finite "
                f"embeddings."
            )
            continue
        points, shares = components(events.embedding, events.embedding)
        maps.setdefault("PCA", []).append(
            EmbeddingMap(method, cell.seed, points, shares, events.label, events.throw)
        )
        if importlib.util.find_spec("umap") and len(events.embedding) >= _FEWEST_FOR_UMAP:
            maps.setdefault("UMAP", []).append(
                EmbeddingMap(
                    method, cell.seed, _umap(events.embedding), (), events.label, events.throw
                )
            )
    if maps and not importlib.util.find_spec("umap"):
        reasons.append("There is no map by UMAP: it takes the package umap-learn.")
    return maps, reasons


def _shown(table: StudyTable, events: CellEvents, throws: tuple[str, ...]) -> CellEvents:
    """The finite embeddings under these throws, of evenly many events, the same under each."""
    names = [throw.name for throw in table.throws]
    wanted = np.isin(events.throw, [names.index(name) for name in throws])
    wanted &= np.isfinite(events.embedding).all(axis=1)
    keys = np.unique(events.key[wanted])
    step = max(1, -(-len(keys) // _EVENTS_PER_THROW))
    rows = np.flatnonzero(wanted & np.isin(events.key, keys[::step]))
    return CellEvents(
        events.throw[rows], events.key[rows], events.label[rows], events.embedding[rows]
    )


def _umap(embedding: NDArray[np.float64]) -> NDArray[np.float64]:
    umap = require("umap", purpose="the map", install="umap-learn")
    # One job and a seed: without them two reports of one study differ.
    reducer = umap.UMAP(
        n_components=2, n_neighbors=min(15, len(embedding) - 1), random_state=0, n_jobs=1
    )
    return np.asarray(reducer.fit_transform(embedding), dtype=np.float64)
