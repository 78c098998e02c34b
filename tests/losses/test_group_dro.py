"""Group DRO by hand, and where its weights go."""

from __future__ import annotations

import math

import pytest
import torch

from hitclr.errors import HitclrError, SettingsError
from hitclr.losses import GroupDROLoss, group_dro_loss


def draw():
    losses = torch.tensor([0.5, 2.0, 1.0, 3.0, 0.25], dtype=torch.float64, requires_grad=True)
    weights = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    return losses, torch.tensor([3, 0, 3, 0, 1]), weights


def test_by_hand():
    losses, domains, weights = draw()
    risks = {0: 2.5, 1: 0.25, 3: 0.75}  # there is no event of domain 2
    moved = [q * math.exp(0.4 * risks.get(g, 0.0)) for g, q in enumerate(weights.tolist())]
    moved = [q / sum(moved) for q in moved]
    new, loss = group_dro_loss(losses, domains, weights, step=0.4)
    assert new.tolist() == pytest.approx(moved, abs=1e-12)
    assert loss.item() == pytest.approx(sum(moved[g] * risk for g, risk in risks.items()))
    assert not new.requires_grad
    assert weights.tolist() == [0.1, 0.2, 0.3, 0.4]


def test_the_weights_are_constants_to_the_gradient():
    losses, domains, weights = draw()
    new, loss = group_dro_loss(losses, domains, weights, step=0.4)
    (gradient,) = torch.autograd.grad(loss, losses)
    events = torch.bincount(domains)
    torch.testing.assert_close(gradient, new[domains] / events[domains])


def test_high_losses_do_not_overflow():
    new, loss = group_dro_loss(
        torch.tensor([1e5, 1.0]), torch.tensor([0, 1]), torch.tensor([0.5, 0.5]), step=1.0
    )
    assert new.tolist() == [1.0, 0.0]
    assert loss.item() == pytest.approx(1e5)


def test_the_worst_domain_comes_to_count_most():
    module = GroupDROLoss(3, step=0.5)
    for _ in range(50):
        module(torch.tensor([1.0, 1.2, 0.9]), torch.arange(3))
    assert module.weights[1] > 0.98
    assert module.weights.sum().item() == pytest.approx(1, abs=1e-6)


def test_module_moves_its_weights_in_training_only():
    losses, domains, _ = draw()
    module = GroupDROLoss(4, step=0.3)
    start = module.weights.clone()
    new, expected = group_dro_loss(losses, domains, start, step=0.3)
    assert torch.equal(module.eval()(losses, domains), expected)
    assert torch.equal(module.weights, start)
    assert torch.equal(module.train()(losses, domains), expected)
    torch.testing.assert_close(module.weights, new.float())
    other = GroupDROLoss(4)
    other.load_state_dict(module.state_dict())
    assert torch.equal(other.weights, module.weights)
    assert "domains=4, step=0.3, gather=False" in repr(module)


@pytest.mark.parametrize("domains", [[0, 4], [-1, 0]])
def test_an_unknown_domain_is_refused(domains):
    with pytest.raises(HitclrError, match=r"domains from 0 to K - 1, got .* from"):
        group_dro_loss(torch.ones(2), torch.tensor(domains), torch.full((4,), 0.25))


def test_bad_options_are_refused():
    with pytest.raises(SettingsError, match="step above 0, got 0"):
        GroupDROLoss(3, step=0.0)
    with pytest.raises(SettingsError, match="one domain or more, got 0"):
        GroupDROLoss(0)
    with pytest.raises(HitclrError, match=r"weights of shape \(1, 4\)"):
        group_dro_loss(torch.ones(2), torch.tensor([0, 1]), torch.full((1, 4), 0.25))
