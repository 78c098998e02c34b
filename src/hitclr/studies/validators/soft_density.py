"""How densely a model packs the events of the target."""

from __future__ import annotations

import torch

from hitclr.errors import SettingsError
from hitclr.studies.validators.outputs import Outputs, Validator

__all__ = ["SoftDensity"]

_BLOCK = 2**24  # similarities that are worked on at a time


class SoftDensity(Validator):
    r"""Soft neighbourhood density (Saito et al. 2021, arXiv:2108.10860, eq. 1 to 3).

    With f the normalised class probabilities of the target's events:

    .. math:: P_{ij} = \mathrm{softmax}_{j \ne i}(f_i \cdot f_j / \tau), \quad
              \mathrm{SND} = -\frac{1}{T} \sum_i \sum_{j \ne i} P_{ij} \log P_{ij}

    It is high where each event has many close neighbours.

    Args:
        temperature: the temperature; the paper's is 0.05.

    Raises:
        SettingsError: the temperature is not above 0.
    """

    looks_at = "target"

    def __init__(self, temperature: float = 0.05) -> None:
        if not 0 < temperature < float("inf"):
            message = f"snd: expected a finite temperature above 0, got {temperature!r}"
            raise SettingsError(message)
        self.temperature = temperature

    def __call__(self, outputs: Outputs) -> float:
        """The score, from 0 to log(T - 1)."""
        features = torch.nn.functional.normalize(outputs.target.double().softmax(1), dim=1)
        total = len(features)
        if total < 2:
            return 0.0
        density = 0.0
        step = max(1, _BLOCK // total)
        for start in range(0, total, step):
            rows = features[start : start + step]
            similar = rows @ features.T / self.temperature
            own = torch.arange(start, start + len(rows))
            similar[own - start, own] = -torch.inf
            log_p = similar.log_softmax(1)
            # The entropy of each row; the event itself, with probability 0, adds nothing.
            density -= float((log_p.exp() * log_p.masked_fill(log_p.isinf(), 0)).sum())
        return density / total
