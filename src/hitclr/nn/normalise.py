"""Standardised inputs."""

from __future__ import annotations

import copy
from collections.abc import Iterable

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
    def fit(self, parts: Iterable[tuple[Tensor, Tensor]]) -> InputNorm:
        """Take mean and scale from hits, typically all of the training sample, part by part.

        Moments of parts are joined by eq. 2.1 of Chan, Golub and LeVeque, "Updating formulae and a
        pairwise algorithm for computing sample variances" (1979).

        Args:
            parts: pairs of features [N, F] and positions [N, 3].

        Returns:
            The module itself.

        Raises:
            HitclrError: the shapes do not fit, there are no hits, or a value is not finite.
        """
        features, positions = _Moments(), _Moments()
        for x, pos in parts:
            self._check(x, pos)
            features.add(x, "x")
            positions.add(pos, "pos")
        if not features.number:
            message = "input normalisation: expected at least one hit to take the scales from"
            raise HitclrError(message)
        mean, variance = features.mean, features.variance
        centre, spread = positions.mean, positions.variance
        # A deviation within float32's rounding of the mean is none.
        constant = variance.sqrt() <= torch.finfo(torch.float32).eps * mean.abs()
        length = spread.mean().sqrt()
        still = length <= torch.finfo(torch.float32).eps * centre.norm()
        return self.set_(
            mean,
            variance.sqrt().masked_fill(constant, 1.0),
            centre,
            length.masked_fill(still, 1.0),
        )

    @torch.no_grad()
    def set_(self, mean: Tensor, scale: Tensor, centre: Tensor, length: Tensor) -> InputNorm:
        """Take given numbers, of the attributes' shapes.

        Returns:
            The module itself.
        """
        self.mean.copy_(mean)
        self.scale.copy_(scale)
        self.centre.copy_(centre)
        self.length.copy_(length)
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


class _Moments:
    """Mean and variance [F] float64 over rows that come in parts."""

    def __init__(self) -> None:
        self.number = 0
        self.mean = torch.zeros(())
        self._squares = torch.zeros(())

    @property
    def variance(self) -> Tensor:
        """The mean square of the deviation from the mean."""
        return self._squares / self.number

    def add(self, values: Tensor, name: str) -> None:
        """Take more rows [N, F], on the CPU: some devices have no float64."""
        if not bool(values.isfinite().all()):
            message = (
                f"input normalisation: {int((~values.isfinite()).sum())} of {values.numel()} "
                f"values of {name} are not finite. Leave such events out when reading."
            )
            raise HitclrError(message)
        if not len(values):
            return
        values = values.cpu().double()
        number, mean = len(values), values.mean(0)
        squares = (values - mean).square().sum(0)
        if not self.number:
            self.number, self.mean, self._squares = number, mean, squares
            return
        both = self.number + number
        step = mean - self.mean
        self._squares = self._squares + squares + step.square() * (self.number * number / both)
        self.mean = self.mean + step * (number / both)
        self.number = both
