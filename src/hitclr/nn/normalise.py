"""Standardised inputs."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from hitclr.errors import HitclrError

__all__ = ["InputNorm"]


class InputNorm(nn.Module):
    """Standardise the features one by one and the positions with one common scale.

    One scale for the three axes keeps angles and ratios of distances as they are. Until `fit` is
    called, or fitted numbers are loaded, inputs pass unchanged.

    Args:
        num_features: the number F of hit features.

    Attributes:
        mean: [F], the mean of each feature.
        scale: [F], its deviation; 1 where it does not vary.
        centre: [3], the mean position.
        length: [], the root mean square over the axes of the deviation of the positions.
    """

    mean: Tensor
    scale: Tensor
    centre: Tensor
    length: Tensor

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(num_features))
        self.register_buffer("scale", torch.ones(num_features))
        self.register_buffer("centre", torch.zeros(3))
        self.register_buffer("length", torch.ones(()))

    @torch.no_grad()
    def fit(self, x: Tensor, pos: Tensor) -> InputNorm:
        """Take mean and scale from hits, typically all of the training sample.

        Args:
            x: [N, F] features.
            pos: [N, 3] positions.

        Returns:
            The module itself.

        Raises:
            HitclrError: the shapes do not fit, there are no hits, or a value is not finite.
        """
        self._check(x, pos)
        if not len(x):
            message = "input normalisation: expected at least one hit to take the scales from"
            raise HitclrError(message)
        for name, values in (("x", x), ("pos", pos)):
            if not bool(values.isfinite().all()):
                message = (
                    f"input normalisation: {int((~values.isfinite()).sum())} of {values.numel()} "
                    f"values of {name} are not finite. Leave such events out when reading."
                )
                raise HitclrError(message)
        mean, variance = _moments(x)
        centre, spread = _moments(pos)
        # A deviation within float32's rounding of the mean is none.
        constant = variance.sqrt() <= torch.finfo(torch.float32).eps * mean.abs()
        self.mean.copy_(mean)
        self.scale.copy_(variance.sqrt().masked_fill(constant, 1.0))
        length = spread.mean().sqrt()
        still = length <= torch.finfo(torch.float32).eps * centre.norm()
        self.centre.copy_(centre)
        self.length.copy_(length.masked_fill(still, 1.0))
        return self

    def forward(self, batch: Batch) -> Batch:
        """A shallow copy of the batch with standardised ``x`` and ``pos``.

        All else, edges among it, is shared with ``batch``, which is not changed.

        Raises:
            HitclrError: the batch has another number of features.
        """
        self._check(batch.x, batch.pos)
        made: Batch = copy.copy(batch)
        made.x = (batch.x - self.mean) / self.scale
        made.pos = (batch.pos - self.centre) / self.length
        return made

    def _check(self, x: Tensor, pos: Tensor) -> None:
        wanted = self.mean.numel()
        if x.dim() != 2 or x.size(1) != wanted or pos.shape != (len(x), 3):
            message = (
                f"input normalisation: expected x of shape [N, {wanted}] and pos of shape [N, 3], "
                f"got {list(x.shape)} and {list(pos.shape)}. A model reads events of the schema "
                f"that it was trained with."
            )
            raise HitclrError(message)


def _moments(values: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance [F] float64 over the rows, on the CPU: some devices have no float64."""
    values = values.cpu().double()
    mean = values.mean(0)
    return mean, (values - mean).square().mean(0)
