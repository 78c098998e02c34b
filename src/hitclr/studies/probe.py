"""The probe: a linear classifier on the frozen representation."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from hitclr.errors import HitclrError

__all__ = ["ProbeWeights", "fit_probe"]

_ITERATIONS = 2000


@dataclass(frozen=True)
class ProbeWeights:
    """A fitted probe, as arrays: logits = weight (embedding - mean) / scale + bias.

    Attributes:
        mean: [D] float32.
        scale: [D] float32.
        weight: [C, D] float32.
        bias: [C] float32.
    """

    mean: Tensor
    scale: Tensor
    weight: Tensor
    bias: Tensor

    def probabilities(self, embedding: Tensor) -> Tensor:
        """The probability of each class [M, C] for representations [M, D]."""
        logits = (embedding - self.mean) / self.scale @ self.weight.T + self.bias
        return logits.softmax(1)


def fit_probe(
    embedding: Tensor, labels: Tensor, num_classes: int, *, inverse_penalty: float = 1.0
) -> ProbeWeights:
    """Fit a logistic regression on standardised features.

    Args:
        embedding: [M, D] float32; rows of unknown class are left out.
        labels: [M] int64.
        num_classes: the number of classes C.
        inverse_penalty: scikit-learn's ``C``.

    Raises:
        HitclrError: a class has no event, there is only one, or a value is not finite.
    """
    known = labels >= 0
    features = embedding[known].double().numpy()
    targets = labels[known].numpy()
    counts = np.bincount(targets, minlength=num_classes)
    if num_classes < 2 or (counts == 0).any():
        message = (
            f"a probe needs training events of each class and at least two classes, there are "
            f"{counts.tolist()} events of the classes 0 to {num_classes - 1}"
        )
        raise HitclrError(message)
    if not np.isfinite(features).all():
        bad = int((~np.isfinite(features).all(axis=1)).sum())
        message = (
            f"expected finite embeddings, {bad} of {len(features)} have NaN or inf: the training "
            f"diverged; try a lower optimizer.lr or trainer.gradient_clip"
        )
        raise HitclrError(message)
    mean, scale = features.mean(0), features.std(0)
    scale[scale < 1e-9 * max(1.0, float(scale.max()))] = 1.0
    model = LogisticRegression(C=inverse_penalty, max_iter=_ITERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            model.fit((features - mean) / scale, targets)
        except ConvergenceWarning as error:
            message = (
                f"the probe did not converge in {_ITERATIONS} steps; a stronger penalty "
                f"(probe.inverse_penalty below {inverse_penalty:g}) helps"
            )
            raise HitclrError(message) from error
    weight, bias = model.coef_, model.intercept_
    if num_classes == 2:  # scikit-learn gives one row for two classes
        weight, bias = np.vstack([0 * weight, weight]), np.concatenate([[0.0], bias])
    return ProbeWeights(
        *(torch.from_numpy(np.asarray(part)).float() for part in (mean, scale, weight, bias))
    )
