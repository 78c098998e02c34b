"""Backbones of GraphNeT, which read x, y, z, time and the rest."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from hitclr.errors import HitclrError, SchemaError, SettingsError
from hitclr.events import make_batch
from hitclr.nn import GraphNeTAdapter, encoder_width


class Recorder(nn.Module):
    """Keeps what it was given."""

    def __init__(self, nb_inputs=6, nb_outputs=7):
        super().__init__()
        self.nb_inputs = nb_inputs
        self.nb_outputs = nb_outputs

    def forward(self, data):
        self.data = data
        return data.x.new_ones(data.num_graphs, 7)


def batch():
    generator = torch.Generator().manual_seed(0)
    hits = {
        "pos": torch.randn(5, 3, generator=generator),
        "x": torch.randn(5, 3, generator=generator),
    }
    return make_batch(hits, {}, torch.tensor([0, 3, 5]), ["charge", "t", "hlc"])


def test_columns_come_as_graphnet_has_them():
    backbone = Recorder()
    encoder = GraphNeTAdapter(backbone, time="t", k=1)
    assert encoder_width(encoder) == 7
    given = encoder.edges(batch())
    assert encoder(given).shape == (2, 7)
    seen = backbone.data
    charge, t, hlc = given.x.unbind(1)
    assert torch.equal(seen.x, torch.stack([*given.pos.unbind(1), t, charge, hlc], 1))
    assert seen.n_pulses.tolist() == [3, 2]
    assert torch.equal(seen.edge_index, given.edge_index)
    assert torch.equal(seen.batch, given.batch)
    assert given.x.size(1) == 3
    assert "n_pulses" not in given


def test_without_a_time_there_are_zeros_in_its_place():
    backbone = Recorder(nb_inputs=7)
    given = batch()
    GraphNeTAdapter(backbone, time=None)(given)
    assert torch.equal(backbone.data.x, torch.cat([given.pos, torch.zeros(5, 1), given.x], 1))


def test_what_does_not_fit_is_named():
    with pytest.raises(SchemaError, match="'time'"):
        GraphNeTAdapter(Recorder(), time="time")(batch())
    with pytest.raises(HitclrError, match="nb_inputs=6"):
        GraphNeTAdapter(Recorder(nb_inputs=5), time="t")(batch())
    with pytest.raises(HitclrError, match=r"\[2, 4\].*\[2, 7\]"):
        GraphNeTAdapter(Recorder(nb_outputs=4), time="t")(batch())
    with pytest.raises(HitclrError, match="how wide"):
        GraphNeTAdapter(nn.Linear(1, 1), time="t")
    with pytest.raises(SettingsError, match="at least 1"):
        GraphNeTAdapter(Recorder(), time="t", k=0)
