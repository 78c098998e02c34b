"""How much of the detector is left in a representation."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hitclr.studies.representation import alignment

__all__ = ["domain_accuracy", "invariance", "linear_cka"]

_EVENTS = 2000
_FOLDS = 5
_FEWEST = 2 * _FOLDS

Floats = NDArray[np.float64]


def invariance(
    one: NDArray[np.floating],
    one_keys: NDArray[np.int64],
    other: NDArray[np.floating],
    other_keys: NDArray[np.int64],
    *,
    events: int = _EVENTS,
) -> dict[str, float]:
    """Compare the representations of the same events under two throws.

    Args:
        one: [M, D], under the first throw.
        one_keys: [M] int64, which events these are.
        other: [K, D], under the second.
        other_keys: [K] int64.
        events: at most so many are compared, those of the lowest keys.

    Returns:
        ``alignment`` (0: each event is at one place; see `alignment`), ``domain accuracy``
        (`domain_accuracy`) and ``CKA`` (`linear_cka`); nothing where fewer than ten events are
        under both.
    """
    shared, first, second = np.intersect1d(one_keys, other_keys, return_indices=True)
    if len(shared) < _FEWEST:
        return {}
    a, b = (
        part[rows[:events]].astype(np.float64) for part, rows in ((one, first), (other, second))
    )
    return {
        "alignment": alignment(torch.from_numpy(a), torch.from_numpy(b)),
        "domain accuracy": domain_accuracy(a, b),
        "CKA": linear_cka(a, b),
    }


def domain_accuracy(one: Floats, other: Floats) -> float:
    """How well a linear classifier tells the throws of the same events apart; 0.5 is chance.

    A logistic regression on standardised columns, in five folds of events: both simulations of an
    event are in one fold.

    Args:
        one: [M, D], the events under one throw.
        other: [M, D], the same events in the same order under the other.
    """
    number = len(one)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    truth = np.repeat([0, 1], number)
    groups = np.tile(np.arange(number), 2)
    folds = GroupKFold(_FOLDS)
    given = cross_val_predict(model, np.concatenate([one, other]), truth, groups=groups, cv=folds)
    return float((given == truth).mean())


def linear_cka(one: Floats, other: Floats) -> float:
    """Linear centred kernel alignment of two representations of the same events.

    Kornblith et al. 2019, arXiv:1905.00414, section 3: the squared Frobenius norm of the
    cross-covariance over the product of those of the covariances' norms. 1 where one is a rotation
    and a scaling of the other.

    Args:
        one: [M, D].
        other: [M, D], the same events in the same order.

    Returns:
        Between 0 and 1; 1 where both are constant, 0 where one is.
    """
    a, b = one - one.mean(0), other - other.mean(0)
    norms = np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b)
    if norms == 0:
        return float(not a.any() and not b.any())
    return float(np.linalg.norm(a.T @ b) ** 2 / norms)
