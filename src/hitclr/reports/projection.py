"""Embeddings in two dimensions: a principal component analysis fitted on the training events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from hitclr.reports.event_table import TRAIN, EventTable

__all__ = ["Projection", "components", "obstacle", "project"]

_GOLDEN = (5**0.5 - 1) / 2
_LINE = 0.002
"""Below this share of the first component's variance the second is no width to be seen."""


@dataclass(frozen=True)
class Projection:
    """K events in two dimensions.

    Attributes:
        points: [K, 2] float64. Where the embedding has, or nearly has, one direction only, the
            second column just spreads the points and means nothing.
        shares: the share of the variance that each principal component holds, one or two numbers.
        rows: [K] int64, the rows of the events in their table.
        fitted_on: the events that the components were found on, in words.
        left_out: the number of events with an embedding that is not finite.
    """

    points: NDArray[np.float64]
    shares: tuple[float, ...]
    rows: NDArray[np.int64]
    fitted_on: str
    left_out: int


def obstacle(events: EventTable) -> str:
    """Why there can be no map of the embeddings, in a sentence; empty where there can be one."""
    finite = _finite(events)
    if len(finite) < 2:
        return (
            f"There is no map: it takes two events with a finite embedding, and there "
            f"{'is one' if len(finite) == 1 else 'is none'} among {len(events.embedding)}."
        )
    if not _varies(events.embedding[finite]):
        return (
            "There is no map: all events have the same embedding. The representation has "
            "collapsed and carries no information."
        )
    return ""


def project(events: EventTable) -> Projection:
    """The first two principal components of the embeddings.

    They are fitted on the training events, or on all where fewer than two training events differ.
    Events with an embedding that is not finite are left out. Needs `obstacle` to be empty.
    """
    rows = _finite(events)
    train = rows[events.split[rows] == TRAIN]
    fit, words = (train, "the training events")
    if not _varies(events.embedding[train]):
        fit, words = (rows, "all events, for want of training events that differ")
    points, shares = components(events.embedding[fit], events.embedding[rows])
    return Projection(
        points=points,
        shares=shares,
        rows=rows,
        fitted_on=words,
        left_out=len(events.embedding) - len(rows),
    )


def components(
    fit: NDArray[np.float64], shown: NDArray[np.float64]
) -> tuple[NDArray[np.float64], tuple[float, ...]]:
    """The first two principal components, as `Projection` holds them.

    Args:
        fit: [K, D], what they are found on; at least two rows that differ.
        shown: [M, D], what is projected.

    Returns:
        [M, 2] float64, and the share of the variance of each component, one or two numbers.
    """
    # The full solver has no randomness.
    pca = PCA(n_components=min(2, *fit.shape), svd_solver="full").fit(fit)
    points: NDArray[np.float64] = pca.transform(shown)
    shares = tuple(pca.explained_variance_ratio_.tolist())
    if len(shares) == 2 and shares[1] < _LINE * shares[0]:
        points, shares = points[:, :1], shares[:1]
    if points.shape[1] == 1:
        spread = (np.arange(len(points)) * _GOLDEN) % 1.0
        points = np.stack([points[:, 0], spread], axis=1)
    return points, shares


def _finite(events: EventTable) -> NDArray[np.int64]:
    return np.flatnonzero(np.isfinite(events.embedding).all(axis=1))


def _varies(embedding: NDArray[np.float64]) -> bool:
    return len(embedding) > 1 and bool((embedding != embedding[0]).any())
