import math

import pytest
import torch
from hitclr_km3net import TimeJitter

from hitclr.augment import Normal
from hitclr.errors import SchemaError, SettingsError
from hitclr.rng import generator


def shifts(batch, jitter, seed=1):
    view, _ = jitter.view(batch, generator(seed))
    assert torch.equal(view.x[:, 1:], batch.x[:, 1:])
    assert torch.equal(view.pos, batch.pos)
    return (view.x[:, 0] - batch.x[:, 0]).double()


@pytest.mark.parametrize("sigma", [0.5, 2.0])
def test_width_of_a_hit(batch, sigma):
    shift = shifts(batch, TimeJitter(sigma))
    number = shift.numel()
    assert abs(shift.mean()) < 5 * sigma / math.sqrt(number)
    assert abs(shift.std() / sigma - 1) < 5 / math.sqrt(2 * number)


def test_a_module_shifts_as_one(batch):
    shift = shifts(batch, TimeJitter(0.0, module_sigma_ns=3.0))
    keys = list(zip(batch.batch.tolist(), batch.hit_dom_id.tolist(), strict=True))
    common = {}
    for key, value in zip(keys, shift.tolist(), strict=True):
        assert abs(common.setdefault(key, value) - value) < 1e-3
    values = torch.tensor(list(common.values()))
    assert abs(values.mean()) < 5 * 3 / math.sqrt(len(values))
    assert abs(values.std() / 3 - 1) < 5 / math.sqrt(2 * len(values))


def test_a_string_shifts_as_one(batch):
    batch.hit_string = batch.hit_dom_id % 6
    shift = shifts(batch, TimeJitter(0.0, string_sigma_ns=3.0))
    group = 6 * batch.batch + batch.hit_string
    names, index = group.unique(return_inverse=True)
    common = torch.zeros(len(names), dtype=shift.dtype).index_copy_(0, index, shift)
    assert (common[index] - shift).abs().max() < 1e-3
    assert abs(common.mean()) < 5 * 3 / math.sqrt(len(names))
    assert abs(common.std() / 3 - 1) < 5 / math.sqrt(2 * len(names))


def test_all_add_in_quadrature(batch):
    shift = shifts(batch, TimeJitter(3.0, module_sigma_ns=4.0))
    assert shift.std() == pytest.approx(5, rel=0.05)
    batch.hit_string = torch.arange(len(batch.hit_dom_id))  # each a string of its own
    shift = shifts(batch, TimeJitter(2.0, module_sigma_ns=3.0, string_sigma_ns=6.0))
    assert shift.std() == pytest.approx(7, rel=0.05)


def test_string_needed_for_strings_only(batch):
    TimeJitter(2.0, module_sigma_ns=1.0).view(batch, generator(3))
    with pytest.raises(SchemaError, match="hit_string"):
        TimeJitter(2.0, string_sigma_ns=1.0).view(batch, generator(3))


def test_width_per_event(batch):
    _, draws = TimeJitter((1.0, 3.0)).view(batch, generator(2))
    widths = draws.event["sigma_ns"]
    assert len(widths.unique()) == batch.num_graphs
    assert 1 <= widths.min() < widths.max() <= 3


def test_module_needed_for_modules_only(batch):
    del batch.hit_dom_id
    TimeJitter(2.0).view(batch, generator(3))
    with pytest.raises(SchemaError, match="hit_dom_id"):
        TimeJitter(2.0, module_sigma_ns=1.0).view(batch, generator(3))


@pytest.mark.parametrize(
    "options",
    [{"sigma_ns": -1.0}, {"module_sigma_ns": Normal(deviation=1)}, {"string_sigma_ns": -2.0}],
)
def test_refuses_negative_widths(options):
    with pytest.raises(SettingsError, match=next(iter(options))):
        TimeJitter(**options)
