"""How sure and how varied a model's predictions on the target are."""

from __future__ import annotations

import torch

from hitclr.studies.validators.outputs import Outputs, Validator

__all__ = ["NuclearNorm"]


class NuclearNorm(Validator):
    r"""The nuclear norm of the predictions on the target, for any number of events and classes.

    .. math:: \lVert P \rVert_* / \sqrt{T \min(T, C)}

    It is large where predictions are sure and all classes occur (Cui et al. 2020, arXiv:2003.12237,
    sec. 3.2, batch nuclear-norm maximisation; as a validator in Musgrave et al. 2022,
    arXiv:2208.07360). The divisor is its upper bound for rows P of probabilities.
    """

    looks_at = "target"

    def __call__(self, outputs: Outputs) -> float:
        """The score, from 0 to 1."""
        predictions = outputs.target.double().softmax(1)
        bound = (len(predictions) * min(predictions.shape)) ** 0.5
        return float(torch.linalg.svdvals(predictions).sum() / bound)
