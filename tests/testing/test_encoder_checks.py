"""Each check of an encoder passes sound ones and catches a mistake."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from hitclr.graphs import KNN
from hitclr.nn import GraphConvNeXt
from hitclr.testing import ENCODER_CHECKS, check_encoder, make_events

CHECKS = {check.name: check for check in ENCODER_CHECKS}


class Sound(nn.Module):
    """The mean of the hits of a small network, which the broken ones change in one place."""

    def __init__(self, in_channels):
        super().__init__()
        self.out_channels = 6
        self.layers = nn.Sequential(nn.Linear(in_channels + 3, 8), nn.GELU(), nn.Linear(8, 6))

    def hits(self, batch):
        return self.layers(torch.cat([batch.x, batch.pos], 1))

    def pooled(self, batch, hits):
        sums = hits.new_zeros(batch.num_graphs, hits.size(1)).index_add(0, batch.batch, hits)
        return sums / batch.ptr.diff()[:, None]

    def forward(self, batch):
        return self.pooled(batch, self.hits(batch))


class Normed(Sound):
    """With batch normalisation, which counts in training."""

    def __init__(self, in_channels):
        super().__init__(in_channels)
        self.norm = nn.BatchNorm1d(6)

    def forward(self, batch):
        return self.norm(super().forward(batch))


class Backbone(Sound):
    """The width as GraphNeT calls it, with edges of its own."""

    edges = KNN(3)

    def __init__(self, in_channels):
        super().__init__(in_channels)
        self.nb_outputs = self.out_channels
        del self.out_channels

    def forward(self, batch):
        source, target = batch.edge_index
        hits = self.hits(batch)
        return self.pooled(batch, hits.index_add(0, target, hits[source]))


class WrongWidth(Sound):
    def forward(self, batch):
        return super().forward(batch)[:, :5]


class NoWidth(Sound):
    out_channels = None

    def __init__(self, in_channels):
        super().__init__(in_channels)
        self.out_channels = None


class OneRow(Sound):
    def forward(self, batch):
        return super().forward(batch).mean(0, keepdim=True)


class MindsOrder(Sound):
    def forward(self, batch):
        return self.hits(batch)[batch.ptr[:-1]]


class MixesEvents(Sound):
    def forward(self, batch):
        result = super().forward(batch)
        return result - result.mean(0)


class NormsByBatch(Normed):
    """Takes the statistics of the batch in evaluation mode, too."""

    def __init__(self, in_channels):
        super().__init__(in_channels)
        self.norm = nn.BatchNorm1d(6, track_running_stats=False)


class MindsPlace(Sound):
    def forward(self, batch):
        return super().forward(batch) + torch.arange(batch.num_graphs)[:, None]


class Idle(Sound):
    def __init__(self, in_channels):
        super().__init__(in_channels)
        self.idle = nn.Linear(2, 2)


class Cut(Sound):
    def hits(self, batch):
        first, *rest = self.layers
        hits = first(torch.cat([batch.x, batch.pos], 1)).detach()
        for layer in rest:
            hits = layer(hits)
        return hits


class Zeroed(Sound):
    def __init__(self, in_channels):
        super().__init__(in_channels)
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, batch):
        return super().forward(batch) + 0 * self.scale


class Spread(Sound):
    """Divides by the spread of the hits of an event."""

    def forward(self, batch):
        hits = self.hits(batch)
        mean = self.pooled(batch, hits)
        return mean / self.pooled(batch, (hits - mean[batch.batch]) ** 2).sqrt()


class SpreadOfGradient(Sound):
    """Finite itself, and without a finite gradient where all hits are alike."""

    def forward(self, batch):
        hits = self.hits(batch)
        mean = self.pooled(batch, hits)
        return mean + self.pooled(batch, (hits - mean[batch.batch]) ** 2).sqrt()


class Limited(Sound):
    def forward(self, batch):
        if int(batch.ptr.diff().max()) > 4096:
            message = "at most 4096 hits"
            raise ValueError(message)
        return super().forward(batch)


class Overflows(Sound):
    def forward(self, batch):
        return super().forward(batch) + (batch.ptr.diff() > 9999)[:, None] * torch.inf


class KeepsToItself(Sound):
    """Holds numbers that its state does not have."""

    def __init__(self, in_channels):
        super().__init__(in_channels)
        self.shift = torch.randn(self.out_channels)

    def forward(self, batch):
        return super().forward(batch) + self.shift


CASES = [
    (WrongWidth, "gives_what_it_says", "expected [6, 6] torch.float32, got [6, 5]"),
    (NoWidth, "gives_what_it_says", "does not say how wide"),
    (OneRow, "gives_what_it_says", "got [1, 6]"),
    (MindsOrder, "ignores_the_order_of_hits", "hits in another order: event"),
    (MixesEvents, "treats_events_alone", "event 1 of the batch"),
    (NormsByBatch, "treats_events_alone", "event"),
    (MindsPlace, "treats_events_alone", "event 1 of the batch"),
    (Spread, "takes_events_of_one_hit", "one event of one hit: event 0 of 1 hits: NaN"),
    (SpreadOfGradient, "takes_events_of_one_hit", "the gradient of 'layers.0.weight'"),
    (Limited, "takes_an_event_of_10000_hits", "ValueError: at most 4096 hits"),
    (Overflows, "takes_an_event_of_10000_hits", "event 0 of 10000 hits: NaN or infinite"),
    (Idle, "trains_all_weights", "'idle.weight' takes no part"),
    (Cut, "trains_all_weights", "'layers.0.weight' takes no part"),
    (Zeroed, "trains_all_weights", "'scale' is 0 throughout"),
    (KeepsToItself, "comes_back_from_its_state", "expected"),
]


@pytest.mark.parametrize(("kind", "name", "words"), CASES, ids=[c[0].__name__ for c in CASES])
def test_a_mistake_is_caught_by_its_check(kind, name, words):
    with pytest.raises(AssertionError) as caught:
        CHECKS[name](kind, make_events(5))
    assert f"{kind.__name__} breaks the contract: {CHECKS[name].title}" in str(caught.value)
    assert words in str(caught.value)
    with pytest.raises(AssertionError):
        check_encoder(kind, make_events(5))


def test_every_check_has_a_mistake_that_it_catches():
    assert {name for _, name, _ in CASES} == set(CHECKS)
    assert all(len(check.why) > 20 for check in CHECKS.values())


@pytest.mark.parametrize("kind", [Sound, Normed, Backbone])
def test_a_sound_encoder_passes(kind):
    check_encoder(kind, make_events(5))


def test_a_function_that_makes_one():
    check_encoder(lambda number: GraphConvNeXt(number, size="tiny"), make_events(5))


def test_a_weight_that_is_not_trained_on_purpose():
    class Frozen(Idle):
        def __init__(self, in_channels):
            super().__init__(in_channels)
            self.idle.requires_grad_(False)

    CHECKS["trains_all_weights"](Frozen, make_events(5))


def test_checking_does_not_touch_the_global_random_state():
    torch.manual_seed(1)
    expected = float(torch.rand(()))
    torch.manual_seed(1)
    check_encoder(Sound, make_events(5))
    assert float(torch.rand(())) == expected
