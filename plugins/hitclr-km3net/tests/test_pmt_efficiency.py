import math

import pytest
import torch
from hitclr_km3net import PmtEfficiency

from hitclr.errors import SchemaError, SettingsError
from hitclr.rng import generator


def test_number_of_hits(batch):
    view, _ = PmtEfficiency(0.7).view(batch, generator(1))
    total = batch.pos.size(0)
    assert abs(view.pos.size(0) - 0.7 * total) < 5 * math.sqrt(0.21 * total)


def test_nothing_is_lost_at_one(batch):
    view, _ = PmtEfficiency(1.0).view(batch, generator(2))
    assert torch.equal(view.pos, batch.pos)


def tubes(batch):
    return batch.batch * 2**40 + batch.hit_dom_id * 32 + batch.hit_channel_id


def test_hits_of_a_tube_share_its_efficiency(batch):
    _, draws = PmtEfficiency(0.8, spread=0.1).view(batch, generator(3))
    efficiency = draws.hit["efficiency"]
    ids, index = tubes(batch).unique(return_inverse=True)
    of_tube = torch.zeros(len(ids)).index_copy_(0, index, efficiency)
    assert torch.equal(of_tube[index], efficiency)
    assert of_tube.mean() == pytest.approx(0.8, abs=0.005)
    assert of_tube.std() == pytest.approx(0.08, abs=0.004)


def test_tubes_that_would_see_more_see_all(batch):
    _, draws = PmtEfficiency(1.0, spread=0.5).view(batch, generator(4))
    assert float(draws.hit["efficiency"].max()) == 1.0
    assert float(draws.hit["efficiency"].min()) >= 0.0


@pytest.mark.parametrize(
    "options", [{"efficiency": 1.1}, {"efficiency": (-0.1, 1)}, {"spread": -1}]
)
def test_refusals(options):
    with pytest.raises(SettingsError, match=next(iter(options))):
        PmtEfficiency(**options)


def test_ids_are_needed_for_the_spread_alone(batch):
    del batch.hit_channel_id
    PmtEfficiency().view(batch, generator(5))
    with pytest.raises(SchemaError, match="hit_channel_id"):
        PmtEfficiency(spread=0.1).view(batch, generator(5))
