"""Log-norms in blocks against torch's logsumexp of the whole matrix."""

from __future__ import annotations

import pytest
import torch

from hitclr.losses.log_norms import log_norms


def draw(anchors, columns, size=4, scale=1.0):
    generator = torch.Generator().manual_seed(0)
    a = scale * torch.randn(anchors, size, generator=generator, dtype=torch.float64)
    c = torch.randn(columns, size, generator=generator, dtype=torch.float64)
    return a.requires_grad_(), c.requires_grad_()


@pytest.mark.parametrize("block", [None, 1, 2, 3, 7])
@pytest.mark.parametrize("first", [0, 2, 4])
def test_equals_logsumexp(first, block):
    a, c = draw(5, 9)
    itself = torch.zeros(5, 9, dtype=torch.bool)
    itself[torch.arange(5), first + torch.arange(5)] = True
    whole = (a @ c.T).masked_fill(itself, -torch.inf).logsumexp(1)
    blocks = log_norms(a, c, first, block)
    torch.testing.assert_close(blocks, whole, rtol=0, atol=1e-12)
    weight = torch.linspace(-1, 2, 5, dtype=torch.float64)
    for mine, other in zip(
        torch.autograd.grad(weight @ blocks, (a, c)),
        torch.autograd.grad(weight @ whole, (a, c)),
        strict=True,
    ):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-12)


def test_gradient():
    assert torch.autograd.gradcheck(lambda a, c: log_norms(a, c, 1, 2), draw(5, 7))


def test_anchors_that_are_the_columns():
    z = draw(6, 6)[0]
    assert torch.autograd.gradcheck(lambda z: log_norms(3 * z, z, 0, 4), (z,))


def test_high_similarities_do_not_overflow():
    a, c = draw(5, 9, scale=1e4)
    norms = log_norms(a, c, 0, 2)
    assert float(norms.detach().abs().max()) > 1000
    norms.sum().backward()
    assert bool(norms.isfinite().all() & a.grad.isfinite().all() & c.grad.isfinite().all())
