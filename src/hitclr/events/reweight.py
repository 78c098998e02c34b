"""Weights that make the distribution of one or two variables flat, or alike in all classes.

A histogram of the training events gives each of its bins a factor, class by class. The weight of an
event is multiplied by the factor of its class and bin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from hitclr.errors import HitclrError

__all__ = ["Reweighting", "measure_reweighting"]


@dataclass(frozen=True, eq=False)
class Reweighting:
    """A factor for each class and each bin of V variables.

    A bin holds its lower edge and not its upper one. The first and the last bin of a variable reach
    on without end: a value outside of the edges is in the nearest bin.

    Attributes:
        edges: for each variable its edges [K+1] float64, rising.
        events: [C, K1, ...] int64, the training events.
        sums: [C, K1, ...] float64, the sums of the weights that they had before.
        factors: [C, K1, ...] float64, not negative.
    """

    edges: tuple[Tensor, ...]
    events: Tensor
    sums: Tensor
    factors: Tensor

    def of(self, values: Tensor, labels: Tensor) -> Tensor:
        """The factor of each event [n] float64.

        Args:
            values: [n, V] float64, the variables; none is NaN.
            labels: [n] int64, the classes; none is unknown.
        """
        cells = math.prod(self.factors.shape[1:])
        place = labels * cells + _bins(values, self.edges)
        return self.factors.reshape(-1)[place]


def measure_reweighting(
    values: Tensor,
    labels: Tensor,
    weights: Tensor,
    edges: Sequence[Tensor],
    class_names: Sequence[str],
    *,
    reference: int | None,
    equal_classes: bool,
    max_ratio: float | None,
) -> Reweighting:
    """Measure the factors on training events.

    Within a class c with the sum of weights h in a bin and the wanted content t (1 for a flat
    distribution, the sum of the reference class otherwise) the factor is t / h times a number of
    the class, by which the mean factor of its events, with their weights, is 1. So it is after
    the limit, too: no event of a class counts more than ``max_ratio`` times the mean of those that
    count at all. A bin without training events of the class gets the largest factor of the class;
    where the reference has none the factor is 0.

    Args:
        values: [n, V] float64, the variables; none is NaN.
        labels: [n] int64, the classes; none is unknown.
        weights: [n] float64, the weights that the events have before.
        edges: for each variable its edges [K+1] float64, rising.
        class_names: C names, for messages.
        reference: the class whose distribution all get; None to make it flat over the bins.
        equal_classes: whether all classes get the same sum of weights; else each keeps its own. The
            mean factor of all events, with their weights, is 1 in both.
        max_ratio: the limit, 1 or more; None for none.

    Raises:
        HitclrError: a class has no events, its weights add up to nothing (or less) in a bin with
            events, or it has none where the reference has some.
    """
    shape = (len(class_names), *(edge.numel() - 1 for edge in edges))
    cells = math.prod(shape[1:])
    place = labels * cells + _bins(values, edges)

    def count(amounts: Tensor) -> Tensor:
        total = torch.zeros(shape[0] * cells, dtype=amounts.dtype)
        return total.index_add_(0, place, amounts).reshape(shape[0], cells)

    events = count(torch.ones_like(labels))
    sums = count(weights)
    _require_positive(sums, count((weights != 0).long()), class_names)
    target = torch.ones(cells, dtype=torch.float64) if reference is None else sums[reference]
    factors = torch.stack(
        [
            _factors(content, target, max_ratio, name)
            for content, name in zip(sums, class_names, strict=True)
        ]
    )
    if equal_classes:
        factors *= (sums.sum() / (shape[0] * sums.sum(1)))[:, None]
    made = (one.reshape(shape) for one in (events, sums, factors))
    return Reweighting(tuple(edges), *made)


def _bins(values: Tensor, edges: Sequence[Tensor]) -> Tensor:
    """The bin of each event [n] int64, of all variables together in row-major order."""
    place = torch.zeros(len(values), dtype=torch.int64)
    for column, edge in zip(values.unbind(1), edges, strict=True):
        inner = edge[1:-1].contiguous()
        own = torch.searchsorted(inner, column.contiguous(), right=True)
        place = place * (edge.numel() - 1) + own
    return place


def _factors(sums: Tensor, target: Tensor, max_ratio: float | None, name: str) -> Tensor:
    """The factor of each bin [K] of a class with the given content."""
    used = (sums > 0) & (target > 0)
    if not bool(used.any()):
        message = (
            f"data.reweight: no training event of {name} is in a bin in which the reference class "
            f"has events, so its weights cannot follow the reference\n"
            f"  what to do: take wider bins, another reference, or `reference: flat`"
        )
        raise HitclrError(message)
    content, wanted = sums[used], target[used] / sums[used]
    wanted = _limited(wanted / (content * wanted).sum() * content.sum(), content, max_ratio)
    factors = torch.zeros_like(sums)
    factors[used] = wanted
    factors[(sums == 0) & (target > 0)] = wanted.max()
    return factors * (sums.sum() / content.sum())


def _limited(factors: Tensor, content: Tensor, most: float | None) -> Tensor:
    """The factors [K], none above ``most``, and again with the mean 1.

    The result is min(c * factor, most) with the one c that gives this mean. With the factors in
    falling order, c is that of the first k for which cutting the k largest is enough.
    """
    if most is None:
        return factors
    order = torch.argsort(factors, descending=True, stable=True)
    ordered, amount = factors[order], content[order]
    cut = torch.cumsum(amount, 0) - amount  # the content of those before
    rest = (amount * ordered).flip(0).cumsum(0).flip(0)
    scale = (content.sum() - most * cut) / rest
    # With one bin, or a limit of 1, rounding may leave none that fits: then all are cut.
    fits = (scale * ordered <= most * (1 + 1e-12)).nonzero()[:1, 0].tolist()
    return (factors * scale[fits[0]] if fits else torch.full_like(factors, most)).clamp(max=most)


def _require_positive(sums: Tensor, counted: Tensor, names: Sequence[str]) -> None:
    """Check that every class has weight, and every bin with events that count."""
    for name, content in zip(names, sums.sum(1).tolist(), strict=True):
        if content <= 0:
            message = (
                f"data.reweight: expected training events of {name} with a positive sum of "
                f"weights, it is {content:g}\n"
                f"  what to do: give events of it, or smaller fractions under data.split"
            )
            raise HitclrError(message)
    bad = (sums <= 0) & (counted > 0)
    if bool(bad.any()):
        label, place = bad.nonzero()[0].tolist()
        message = (
            f"data.reweight: the weights of the training events of {names[label]} add up to "
            f"{float(sums[label, place]):g} in a bin ({int(bad.sum())} such bins): no factor makes "
            f"that the positive content that is wanted\n"
            f"  what to do: take wider bins, in which positive weights outweigh negative ones"
        )
        raise HitclrError(message)
