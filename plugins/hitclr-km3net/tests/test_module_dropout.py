import math

import pytest
import torch
from hitclr_km3net import ModuleDropout

from hitclr.errors import SchemaError, SettingsError
from hitclr.rng import generator


def modules_of(batch):
    """The number of hits of each module of each event."""
    counts = [{} for _ in range(batch.num_graphs)]
    for event, module in zip(batch.batch.tolist(), batch.hit_dom_id.tolist(), strict=True):
        counts[event][module] = counts[event].get(module, 0) + 1
    return counts


@pytest.mark.parametrize("fraction", [0.3, (0.0, 1.0), 1.0])
def test_modules_go_as_a_whole(batch, fraction):
    view, _ = ModuleDropout(fraction).view(batch, generator(1))
    lost = 0
    for before, after in zip(modules_of(batch), modules_of(view), strict=True):
        assert after
        assert after.items() <= before.items()
        lost += len(before) - len(after)
    assert lost > 0


@pytest.mark.parametrize("fraction", [0.05, 0.5])
def test_number_of_modules_lost(batch, fraction):
    view, _ = ModuleDropout(fraction).view(batch, generator(2))
    numbers = [len(modules) for modules in modules_of(batch)]
    # The best of an event stays even where all fail.
    expected = sum(n * fraction - fraction**n for n in numbers)
    variance = sum(numbers) * fraction * (1 - fraction)
    lost = sum(numbers) - sum(len(modules) for modules in modules_of(view))
    assert abs(lost - expected) < 5 * math.sqrt(variance)


def test_all_fail_but_one(batch):
    view, _ = ModuleDropout(1.0).view(batch, generator(3))
    assert {len(modules) for modules in modules_of(view)} == {1}


def test_events_fail_independently(batch):
    """One module that two events hit is not lost in both or neither alone."""
    view, _ = ModuleDropout(0.5).view(batch, generator(4))
    before, after = modules_of(batch), modules_of(view)
    module = max(set(batch.hit_dom_id.tolist()), key=lambda m: sum(m in event for event in before))
    kept = [module in a for a, b in zip(after, before, strict=True) if module in b]
    assert len(kept) > 20
    assert 0 < sum(kept) < len(kept)


def test_nothing_fails_at_zero(batch):
    view, _ = ModuleDropout(0.0).view(batch, generator(5))
    assert torch.equal(view.pos, batch.pos)


@pytest.mark.parametrize("fraction", [-0.1, 1.1, (0.5, 0.2)])
def test_refuses_fractions(fraction):
    with pytest.raises(SettingsError, match="fraction"):
        ModuleDropout(fraction)


def test_needs_the_module(batch):
    del batch.hit_dom_id
    with pytest.raises(SchemaError, match="hit_dom_id"):
        ModuleDropout().view(batch, generator(6))
