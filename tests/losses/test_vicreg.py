"""VICReg against its definition, term by term."""

from __future__ import annotations

import math

import pytest
import torch

from hitclr.errors import HitclrError, SettingsError
from hitclr.losses import VICRegLoss, vicreg_loss


def views(number=9, size=4, scale=1.0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(1)
    first, second = scale * torch.randn(2, number, size, generator=generator, dtype=dtype)
    return first.requires_grad_(), second.requires_grad_()


def slow_terms(first, second):
    number, size = first.shape
    difference = (
        sum(
            (a - b) ** 2
            for x, y in zip(first, second, strict=True)
            for a, b in zip(x.tolist(), y.tolist(), strict=True)
        )
        / number
        / size
    )
    spread = redundancy = 0.0
    for view in (first, second):
        covariance = torch.cov(view.T).tolist()
        for i in range(size):
            spread += max(0.0, 1 - math.sqrt(covariance[i][i] + 1e-4)) / size
            redundancy += sum(covariance[i][j] ** 2 for j in range(size) if j != i) / size
    return difference, spread, redundancy


@pytest.mark.parametrize("scale", [0.3, 1.0, 3.0])
def test_equals_the_definition(scale):
    first, second = (view.detach() for view in views(scale=scale))
    slow = slow_terms(first, second)
    names = ("invariance", "variance", "covariance")
    for index, name in enumerate(names):
        only = vicreg_loss(first, second, **{n: float(n == name) for n in names})
        assert float(only) == pytest.approx(slow[index], abs=1e-12)
    expected = 25 * slow[0] + 25 * slow[1] + slow[2]
    assert float(vicreg_loss(first, second)) == pytest.approx(expected, rel=1e-12)


def test_nothing_is_left_to_do():
    hadamard = torch.tensor([[1.0, 1, 1], [-1, 1, -1], [1, -1, -1], [-1, -1, 1]])
    assert float(vicreg_loss(hadamard, hadamard)) == pytest.approx(0, abs=1e-6)


def test_gradient():
    assert torch.autograd.gradcheck(vicreg_loss, views())


def test_a_collapsed_embedding_has_a_finite_gradient():
    same = torch.ones(5, 3, requires_grad=True)
    loss = vicreg_loss(same, same)
    assert loss.item() == pytest.approx(49.5, abs=1e-4)
    loss.backward()
    assert bool(same.grad.isfinite().all())


def test_autocast_and_half_precision():
    first, second = (view.detach().float() for view in views())
    plain = vicreg_loss(first, second)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(vicreg_loss(first, second), plain)
    half = vicreg_loss(first.bfloat16(), second.bfloat16())
    assert half.dtype == torch.float32
    exact = vicreg_loss(first.bfloat16().double(), second.bfloat16().double())
    torch.testing.assert_close(half.double(), exact, rtol=1e-5, atol=1e-5)


def test_module_passes_its_options_on():
    first, second = views()
    module = VICRegLoss(2.0, 3.0, 4.0)
    expected = vicreg_loss(first, second, invariance=2.0, variance=3.0, covariance=4.0)
    assert torch.equal(module(first, second), expected)
    assert "invariance=2.0, variance=3.0, covariance=4.0, gather=False" in repr(module)


@pytest.mark.parametrize("name", ["invariance", "variance", "covariance"])
def test_bad_coefficients_are_refused(name):
    with pytest.raises(SettingsError, match=f"finite {name} of 0 or more, got -1"):
        VICRegLoss(**{name: -1.0})
    with pytest.raises(SettingsError, match="got nan"):
        vicreg_loss(*views(), **{name: math.nan})


@pytest.mark.parametrize("shapes", [((1, 3), (1, 3)), ((4, 3), (4, 2)), ((4,), (4,))])
@pytest.mark.parametrize("gather", [False, True])
def test_tensors_that_do_not_fit_are_refused(shapes, gather):
    with pytest.raises(HitclrError, match="VICReg: expected two tensors of one shape"):
        vicreg_loss(*(torch.ones(shape) for shape in shapes), gather=gather)
