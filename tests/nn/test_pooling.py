"""Pooling over events."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from hitclr.nn.pooling import event_mean, log_count, pool_events


def test_equals_a_loop_and_empty_events_are_zero():
    ptr = torch.tensor([0, 3, 3, 4, 9])
    hits = torch.randn(9, 4, generator=torch.Generator().manual_seed(0)) - 2  # maxima below 0
    pooled = pool_events(hits, ptr, ("mean", "max", "min", "sum"))
    for number, (first, last) in enumerate(pairwise(ptr)):
        event = hits[first:last]
        expected = (
            torch.cat([event.mean(0), event.amax(0), event.amin(0), event.sum(0)])
            if len(event)
            else torch.zeros(16)
        )
        torch.testing.assert_close(pooled[number], expected)
    torch.testing.assert_close(event_mean(hits, ptr), pooled[:, :4])
    torch.testing.assert_close(
        log_count(ptr, torch.float32)[:, 0], torch.tensor([3.0, 0, 1, 5]).log1p()
    )


@pytest.mark.parametrize("reduction", ["mean", "max", "min", "sum"])
def test_gradients(reduction):
    ptr = torch.tensor([0, 3, 3, 7])
    hits = torch.randn(7, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda values: pool_events(values, ptr, (reduction,)), hits.requires_grad_()
    )


def test_equal_maxima_share_the_gradient():
    hits = torch.tensor([[1.0], [2.0], [2.0]], requires_grad=True)
    pool_events(hits, torch.tensor([0, 3]), ("max",)).sum().backward()
    assert hits.grad.flatten().tolist() == [0.0, 0.5, 0.5]


def test_half_precision_is_pooled_in_single():
    hits = torch.full((1000, 1), 1.01, dtype=torch.bfloat16)
    pooled = pool_events(hits, torch.tensor([0, 1000]), ("sum",))
    assert pooled.dtype == torch.float32
    torch.testing.assert_close(pooled[0, 0], hits.float().sum())
