"""How sure a model is of the target's events."""

from __future__ import annotations

from hitclr.studies.validators.outputs import Outputs, Validator

__all__ = ["Entropy"]


class Entropy(Validator):
    r"""Minus the mean entropy of the predictions on the target.

    .. math:: \frac{1}{T} \sum_i \sum_c p_{ic} \log p_{ic}

    A model that is sure of the target scores high, even where it is wrong (Musgrave et al. 2022,
    arXiv:2208.07360, list this among the validators that they compare; Morerio et al. 2018,
    arXiv:1711.10288, chose models by it).
    """

    looks_at = "target"

    def __call__(self, outputs: Outputs) -> float:
        """The score, from -log C to 0."""
        log_p = outputs.target.double().log_softmax(1)
        return float((log_p.exp() * log_p).sum(1).mean())
