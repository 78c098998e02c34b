"""Dynamic edge convolutions against PyG's on neighbours found by brute force."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch_geometric.nn import EdgeConv

from hitclr.errors import HitclrError
from hitclr.events import make_batch, ptr_from_counts
from hitclr.graphs import KNN
from hitclr.nn import DynEdge


def random_batch(counts, seed=0):
    generator = torch.Generator().manual_seed(seed)
    ptr = ptr_from_counts(torch.tensor(counts))
    hits = {
        "pos": torch.randn(int(ptr[-1]), 3, generator=generator),
        "x": torch.randn(int(ptr[-1]), 2, generator=generator),
    }
    return make_batch(hits, {}, ptr, ["f0", "f1"])


def nearest(place, k):
    distance = torch.cdist(place.double(), place.double())
    distance.fill_diagonal_(math.inf)
    neighbour = distance.topk(min(k, len(place) - 1), largest=False).indices
    hit = torch.arange(len(place))[:, None].expand_as(neighbour)
    return torch.stack([neighbour.flatten(), hit.flatten()])


def plain_forward(encoder, event, k):
    hits = torch.cat([event.pos, event.x], 1)
    outputs = [hits]
    place = event.pos
    for layer in encoder.layers:
        mlp = nn.Sequential(layer.first, nn.LeakyReLU(), layer.second, nn.LeakyReLU())
        # A function, since EdgeConv draws the weights of a module anew.
        hits = EdgeConv(mlp.forward, layer.aggregation)(hits, nearest(place, k))
        outputs.append(hits)
        place = hits[:, : encoder.neighbour_channels].detach()
    hits = encoder.after(torch.cat(outputs, 1))
    count = torch.tensor([math.log(1 + len(hits))])
    return encoder.head(torch.cat([hits.amin(0), hits.amax(0), hits.mean(0), count]))


@pytest.mark.parametrize("aggregation", ["max", "mean"])
@pytest.mark.parametrize("neighbour_channels", [3, 7])
def test_equals_a_plain_rewrite(aggregation, neighbour_channels):
    torch.manual_seed(1)
    encoder = DynEdge(
        2, channels=12, depth=3, k=4, aggregation=aggregation, neighbour_channels=neighbour_channels
    )
    batch = encoder.edges(random_batch([20, 1, 9, 3]))
    result = encoder(batch)
    expected = torch.stack([plain_forward(encoder, batch.get_example(i), 4) for i in range(4)])
    torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-5)
    wanted = torch.randn(result.shape, generator=torch.Generator().manual_seed(0))
    parameters = list(encoder.parameters())
    mine = torch.autograd.grad((result * wanted).sum(), parameters)
    other = torch.autograd.grad((expected * wanted).sum(), parameters)
    for (name, _), one, two in zip(encoder.named_parameters(), mine, other, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-3, atol=1e-4, msg=name)


def test_the_metric_is_of_the_first_neighbours_only():
    encoder = DynEdge(2, size="tiny", k=5, metric={"f0": 2.0})
    assert encoder.edges == KNN(5, {"f0": 2.0})
    assert encoder(encoder.edges(random_batch([9]))).shape == (1, 64)


def test_a_training_that_diverged_is_told():
    encoder = DynEdge(2, size="tiny")
    with torch.no_grad():
        encoder.layers[0].second.bias.fill_(math.nan)
    with pytest.raises(HitclrError, match="diverged"):
        encoder(encoder.edges(random_batch([9])))
