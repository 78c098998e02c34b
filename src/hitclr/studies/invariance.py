"""How much of the detector is left in a representation: events under two throws compared."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from hitclr.studies.probe import fit_probe
from hitclr.studies.representation import alignment

__all__ = ["INVARIANCE_METRICS", "domain_accuracy", "invariance", "linear_cka"]

INVARIANCE_METRICS = ("alignment", "domain accuracy", "CKA")
"""The names of what `invariance` gives."""

_EVENTS = 2000
_FOLDS = 4
_FEWEST = 5 * _FOLDS

Floats = NDArray[np.float64]


def invariance(
    one: NDArray[np.floating],
    one_keys: NDArray[np.int64],
    other: NDArray[np.floating],
    other_keys: NDArray[np.int64],
    *,
    events: int = _EVENTS,
    seed: int = 0,
) -> dict[str, float | None]:
    """Compare the representations of the same events under two throws.

    Args:
        one: [M, D], under the first throw.
        one_keys: [M], what tells the events, each once.
        other: [K, D], under the second.
        other_keys: [K].
        events: at most so many are compared, drawn at random: the time grows with them.
        seed: of the draw.

    Returns:
        ``alignment`` (`hitclr.studies.representation.alignment`: 0 where each event stays in its
        place), ``domain accuracy`` (`domain_accuracy`) and ``CKA`` (`linear_cka`). None where fewer
        than 20 events are under both throws or a representation is not finite; of the CKA also
        where all events are at one point.
    """
    shared, first, second = np.intersect1d(one_keys, other_keys, return_indices=True)
    chosen = np.random.default_rng(seed).permutation(len(shared))[:events]
    a = one[first[chosen]].astype(np.float64)
    b = other[second[chosen]].astype(np.float64)
    if len(a) < _FEWEST or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return dict.fromkeys(INVARIANCE_METRICS)
    return {
        "alignment": alignment(torch.from_numpy(a), torch.from_numpy(b)),
        "domain accuracy": domain_accuracy(a, b),
        "CKA": linear_cka(a, b),
    }


def domain_accuracy(one: Floats, other: Floats) -> float:
    """How often a linear classifier can tell which of two throws an event is under.

    A logistic regression on standardised columns (`fit_probe`), tested on events that it was not
    fitted to, in four folds; an event is in one fold with both its representations. Each throw has
    half of every fold, so that this is also the balanced accuracy.

    Args:
        one: [M, D], 20 events or more under one throw.
        other: [M, D], the same events in the same order under the other.

    Returns:
        0.5 where the throws cannot be told apart, 1 where they always can.
    """
    fold = np.arange(len(one)) % _FOLDS
    both = torch.from_numpy(np.stack([one, other], 1)).float()  # [M, 2, D]
    right = 0
    for held in range(_FOLDS):
        fitted, tested = (both[rows].flatten(0, 1) for rows in (fold != held, fold == held))
        probe = fit_probe(fitted, torch.arange(len(fitted)) % 2, 2)
        guess = probe.probabilities(tested).argmax(1)
        right += int((guess == torch.arange(len(tested)) % 2).sum())
    return right / (2 * len(one))


def linear_cka(one: Floats, other: Floats) -> float | None:
    r"""How alike two representations are but for rotation, scale and place: linear CKA.

    Kornblith et al. 2019, arXiv:1905.00414, section 3, with columns centred:
    ``|Y^T X|^2 / (|X^T X| |Y^T Y|)`` in Frobenius norms, which needs D x D numbers and not M x M.
    With few events for the columns it comes out too high.

    Args:
        one: [M, D].
        other: [M, D'], the same events in the same order.

    Returns:
        From 0 to 1, where they are alike; None where one has all events at one point.

    >>> linear_cka(np.array([[0.0], [1.0], [5.0]]), np.array([[3.0], [1.0], [-7.0]]))
    1.0
    """
    # Scaled first, so that no product is too large or too small for a float.
    scales = [float(np.abs(part - part.mean(0)).max()) for part in (one, other)]
    if any(
        scale <= 1e-12 * float(np.abs(part).max())
        for scale, part in zip(scales, (one, other), strict=True)
    ):
        return None
    a, b = ((part - part.mean(0)) / s for part, s in zip((one, other), scales, strict=True))
    norms = np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b)
    return float(np.linalg.norm(a.T @ b) ** 2 / norms)
