"""The maximum mean discrepancy against sums over pairs and the closed form for Gaussians."""

from __future__ import annotations

import math
import statistics

import pytest
import torch

from hitclr.errors import HitclrError, SettingsError
from hitclr.losses import MMDLoss, median_bandwidth, mmd_loss

FACTORS = (0.5, 2.0, 3.0)


def draw(n=7, m=5, shift=0.5):
    generator = torch.Generator().manual_seed(3)
    source = torch.randn(n, 3, generator=generator, dtype=torch.float64)
    target = 1.5 * torch.randn(m, 3, generator=generator, dtype=torch.float64) + shift
    return source.requires_grad_(), target.requires_grad_()


def slow_mmd(source, target, sigma, unbiased):
    def k(x, y):
        square = sum((a - b) ** 2 for a, b in zip(x, y, strict=True))
        return sum(math.exp(-square / (2 * f * sigma**2)) for f in FACTORS) / len(FACTORS)

    def among(points):
        values = [
            k(x, y)
            for i, x in enumerate(points)
            for j, y in enumerate(points)
            if i != j or not unbiased
        ]
        return statistics.fmean(values)

    source, target = source.tolist(), target.tolist()
    between = statistics.fmean(k(x, y) for x in source for y in target)
    return among(source) + among(target) - 2 * between


def distances(*samples):
    points = [point for sample in samples for point in sample.tolist()]
    return [math.dist(x, y) for i, x in enumerate(points) for y in points[:i]]


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("sigma", [0.7, 2.0, None])
def test_equals_sums_over_pairs(sigma, unbiased):
    source, target = (sample.detach() for sample in draw())
    ours = mmd_loss(source, target, factors=FACTORS, bandwidth=sigma, unbiased=unbiased)
    sigma = sigma or statistics.median_low(distances(source, target))
    assert float(ours) == pytest.approx(slow_mmd(source, target, sigma, unbiased), abs=1e-12)


@pytest.mark.parametrize(("n", "m"), [(7, 5), (6, 5), (1, 1)])
def test_bandwidth_is_the_median_distance(n, m):
    source, target = draw(n, m)
    found = median_bandwidth(source, target)
    expected = statistics.median_low(distances(source, target))
    assert float(found) == pytest.approx(expected, rel=1e-12)
    assert not found.requires_grad


def test_identical_samples():
    source, _ = (sample.detach() for sample in draw())
    assert float(mmd_loss(source, source)) == pytest.approx(0, abs=1e-12)
    assert float(mmd_loss(source, source.flip(0))) == pytest.approx(0, abs=1e-12)
    assert float(mmd_loss(source, source, unbiased=True)) < -0.01


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_gaussians(shift):
    # For normal x, y of variance 1 in one dimension, with s = sigma^2:
    # E k(x, y) = sqrt(s / (s + 2)) exp(-shift^2 / (2 (s + 2))).
    # Quantiles in place of random numbers, as their means are integrals to a better precision.
    quantiles = (torch.arange(500, dtype=torch.float64) + 0.5) / 500
    x = torch.special.ndtri(quantiles)[:, None]
    s = 1.5**2
    expected = 2 * math.sqrt(s / (s + 2)) * (1 - math.exp(-(shift**2) / (2 * (s + 2))))
    found = mmd_loss(x, x + shift, factors=(1.0,), bandwidth=1.5)
    assert float(found) == pytest.approx(expected, rel=2e-3, abs=1e-12)


@pytest.mark.parametrize("unbiased", [False, True])
def test_gradient(unbiased):
    assert torch.autograd.gradcheck(
        lambda s, t: mmd_loss(s, t, bandwidth=1.3, unbiased=unbiased), draw()
    )


def test_the_bandwidth_has_no_gradient():
    source, target = draw()
    fixed = median_bandwidth(source, target)
    for mine, other in zip(
        torch.autograd.grad(mmd_loss(source, target), (source, target)),
        torch.autograd.grad(mmd_loss(source, target, bandwidth=fixed), (source, target)),
        strict=True,
    ):
        torch.testing.assert_close(mine, other, rtol=1e-10, atol=1e-12)


def test_far_from_the_origin():
    source, target = (sample.detach() for sample in draw())
    near = mmd_loss(source.float(), target.float())
    far = mmd_loss(source.float() + 1000, target.float() + 1000)
    torch.testing.assert_close(near, far, rtol=0, atol=1e-4)


def test_events_that_coincide_stay_finite():
    same = torch.ones(4, 3, requires_grad=True)
    loss = mmd_loss(same, same.detach())
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-6)
    assert bool(same.grad.isfinite().all())


def test_autocast_and_half_precision():
    source, target = (sample.detach().float() for sample in draw())
    plain = mmd_loss(source, target)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(mmd_loss(source, target), plain)
    assert mmd_loss(source.half(), target.half()).dtype == torch.float32


def test_module_passes_its_options_on():
    source, target = draw()
    module = MMDLoss([0.5, 2.0], bandwidth=0.8, unbiased=True)
    expected = mmd_loss(source, target, factors=(0.5, 2.0), bandwidth=0.8, unbiased=True)
    assert torch.equal(module(source, target), expected)
    assert "factors=(0.5, 2.0), bandwidth=0.8, unbiased=True" in repr(module)


@pytest.mark.parametrize(
    "options", [{"factors": ()}, {"factors": (1.0, 0.0)}, {"bandwidth": 0.0}, {"bandwidth": -1}]
)
def test_bad_options_are_refused(options):
    with pytest.raises(SettingsError, match=r"MMD: expected .* got"):
        MMDLoss(**options)
    with pytest.raises(SettingsError, match=r"MMD: expected .* got"):
        mmd_loss(*draw(), **options)


@pytest.mark.parametrize("shapes", [((0, 3), (4, 3)), ((4, 3), (4, 2)), ((4,), (4, 4))])
def test_features_that_do_not_fit_are_refused(shapes):
    with pytest.raises(HitclrError, match="MMD: expected features"):
        mmd_loss(*(torch.ones(shape) for shape in shapes))


def test_the_unbiased_estimate_needs_two_events():
    with pytest.raises(HitclrError, match="with 2 events or more"):
        mmd_loss(torch.ones(1, 3), torch.ones(4, 3), unbiased=True)
