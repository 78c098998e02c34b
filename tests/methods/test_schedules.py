"""Learning rates against torch's own schedulers."""

from __future__ import annotations

import warnings

import pytest
import torch

from hitclr.methods.schedules import learning_rate_factor


def rates(schedule, total, warmup):
    return [learning_rate_factor(schedule, step, total, warmup) for step in range(total)]


def torchs(make, total):
    """The learning rates that a scheduler of torch's gives, of a highest rate of 1."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scheduler = make(optimizer)
        found = []
        for _ in range(total):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
    return found


@pytest.mark.parametrize(("total", "warmup"), [(50, 0.3), (37, 0.1), (200, 0.05), (10, 0.99)])
def test_one_cycle_is_torchs(total, warmup):
    def make(optimizer):
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer, 1.0, total_steps=total, pct_start=warmup, cycle_momentum=False
        )

    assert rates("one-cycle", total, warmup) == pytest.approx(torchs(make, total), rel=1e-9)


def test_one_cycle_without_a_warmup_begins_at_the_top():
    def make(optimizer):
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 29, eta_min=4e-6)

    assert rates("one-cycle", 30, 0.0) == pytest.approx(torchs(make, 30), abs=1e-12)


def test_cosine_after_the_warmup_is_torchs():
    total, rise = 40, 10
    found = rates("cosine", total, 0.25)
    assert found[:rise] == pytest.approx([(n + 1) / 11 for n in range(rise)])

    def make(optimizer):
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total - rise)

    assert found[rise:] == pytest.approx(torchs(make, total - rise), abs=1e-12)


def test_constant_after_the_warmup():
    assert rates("constant", 8, 0.25) == pytest.approx([1 / 3, 2 / 3, *[1.0] * 6])


@pytest.mark.parametrize("schedule", ["cosine", "one-cycle", "constant"])
@pytest.mark.parametrize("total", [1, 2, 3, 17])
@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.5, 0.9])
def test_rates_are_fractions_also_beyond_the_end(schedule, total, warmup):
    found = [learning_rate_factor(schedule, step, total, warmup) for step in range(2 * total + 2)]
    assert all(0 <= rate <= 1 for rate in found)
    assert found[0] > 0
    if schedule == "one-cycle":
        assert found[total:] == [found[-1]] * (total + 2)
