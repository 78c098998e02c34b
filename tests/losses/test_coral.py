"""Deep CORAL against torch's covariance."""

from __future__ import annotations

import pytest
import torch

from hitclr.errors import HitclrError
from hitclr.losses import coral_loss


def draw():
    generator = torch.Generator().manual_seed(3)
    source = torch.randn(7, 4, generator=generator, dtype=torch.float64)
    target = 2 * torch.randn(5, 4, generator=generator, dtype=torch.float64) + 3
    return source.requires_grad_(), target.requires_grad_()


def test_equals_torch_cov():
    source, target = (sample.detach() for sample in draw())
    difference = torch.cov(source.T) - torch.cov(target.T)
    expected = sum(float(v) ** 2 for v in difference.flatten()) / (4 * 4**2)
    assert float(coral_loss(source, target)) == pytest.approx(expected, rel=1e-12)


def test_means_do_not_matter():
    source, _ = draw()
    assert coral_loss(source, source + 5).item() == pytest.approx(0, abs=1e-12)
    # Twice the features, four times the covariance.
    expected = 9 * torch.cov(source.detach().T).square().sum() / 64
    torch.testing.assert_close(coral_loss(source, 2 * source).detach(), expected)


def test_gradient():
    assert torch.autograd.gradcheck(coral_loss, draw())


def test_autocast_and_half_precision():
    source, target = (sample.detach().float() for sample in draw())
    plain = coral_loss(source, target)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(coral_loss(source, target), plain)
    assert coral_loss(source.half(), target.half()).dtype == torch.float32


@pytest.mark.parametrize("shapes", [((1, 3), (4, 3)), ((4, 3), (4, 2)), ((4,), (4, 4))])
def test_features_that_do_not_fit_are_refused(shapes):
    with pytest.raises(HitclrError, match="CORAL: expected features"):
        coral_loss(*(torch.ones(shape) for shape in shapes))
