"""The standard encoder: a plain rewrite, invariances, small events, errors."""

from __future__ import annotations

import math

import pytest
import torch
from torch_geometric.data import Batch, Data
from torch_geometric.nn import MessagePassing

from hitclr.errors import HitclrError, SettingsError
from hitclr.events import make_batch, ptr_from_counts, select_events, with_edges
from hitclr.graphs import KNN
from hitclr.nn import GraphConvNeXt, encoder_width


def random_batch(counts, seed=0, features=2):
    generator = torch.Generator().manual_seed(seed)
    ptr = ptr_from_counts(torch.tensor(counts))
    hits = {
        "pos": torch.randn(int(ptr[-1]), 3, generator=generator),
        "x": torch.randn(int(ptr[-1]), features, generator=generator),
    }
    return make_batch(hits, {}, ptr, [f"f{i}" for i in range(features)])


def make(**options):
    torch.manual_seed(1)
    encoder = GraphConvNeXt(2, **{"size": "tiny", "k": 4, **options})
    # Away from the start, where scales are 1 and biases 0, so that no term can hide.
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return encoder


class PlainConv(MessagePassing):
    """The convolution as PyG users write it, with all messages [E, C]."""

    def __init__(self, encoder, block):
        super().__init__(aggr="mean")
        self.encoder, self.block = encoder, block

    def forward(self, hits, pos, edge_index):
        return self.propagate(edge_index, hits=hits, pos=pos) + self.block.centre * hits

    def message(self, hits_j, pos_i, pos_j):
        apart = pos_j - pos_i
        length = (apart.square().sum(1, keepdim=True) + 1e-8).sqrt()
        shape = torch.cat([apart, apart / length, length, length.log()], 1)
        kernels = self.encoder.kernels
        return (kernels.second(kernels.first(shape).relu()) @ self.block.mix) * hits_j


def plain_forward(encoder, event):
    """One event, without any of the encoder's index work."""
    pos = event.pos
    hits = encoder.stem(torch.cat([event.x, pos - pos.mean(0), pos], 1))
    for block in encoder.blocks:
        change = block.norm(PlainConv(encoder, block)(hits, pos, event.edge_index))
        change = block.narrow(torch.nn.functional.gelu(block.wide(change)))
        hits = hits + block.scale * change
    hits = encoder.norm(hits)
    count = torch.tensor([math.log(1 + len(pos))])
    return encoder.head(torch.cat([hits.mean(0), hits.amax(0), count]))


def test_equals_a_plain_rewrite():
    encoder = make()
    batch = encoder.edges(random_batch([9, 1, 2, 30]))
    events = [batch.get_example(number) for number in range(4)]
    expected = torch.stack([plain_forward(encoder, event) for event in events])
    result = encoder(batch)
    torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-5)
    wanted = torch.randn(result.shape, generator=torch.Generator().manual_seed(0))
    parameters = list(encoder.parameters())
    mine = torch.autograd.grad((result * wanted).sum(), parameters)
    other = torch.autograd.grad((expected * wanted).sum(), parameters)
    for (name, _), one, two in zip(encoder.named_parameters(), mine, other, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-3, atol=1e-4, msg=name)
        assert float(one.abs().max()) > 1e-3, name


def test_an_event_does_not_depend_on_its_batch():
    encoder = make().eval()
    batch = random_batch([9, 1, 2, 30, 17])
    together = encoder(encoder.edges(batch))
    for number in range(5):
        alone = select_events(batch, torch.tensor([number]))
        torch.testing.assert_close(
            encoder(encoder.edges(alone))[0], together[number], rtol=1e-5, atol=1e-5
        )
    assert torch.equal(encoder.train()(encoder.edges(batch)), together)


def test_the_order_of_hits_does_not_matter():
    encoder = make()
    event = random_batch([30])
    order = torch.randperm(30, generator=torch.Generator().manual_seed(2))
    hits = {"pos": event.pos[order], "x": event.x[order]}
    mixed = make_batch(hits, {}, event.ptr, ["f0", "f1"])
    torch.testing.assert_close(
        encoder(encoder.edges(event)), encoder(encoder.edges(mixed)), rtol=1e-5, atol=1e-5
    )


def test_hits_events_and_edges_all_matter():
    encoder = make()
    batch = encoder.edges(random_batch([9, 30]))
    plain = encoder(batch)
    for name in ("x", "pos"):
        changed = batch.clone()
        changed[name][0] += 1
        result = encoder(changed)
        assert not torch.allclose(result[0], plain[0], atol=1e-3)
        assert torch.equal(result[1], plain[1])
    fewer = with_edges(batch, batch.edge_index[:, ::2])
    assert not torch.allclose(encoder(fewer), plain, atol=1e-3)


@pytest.mark.parametrize("counts", [[1], [1, 1, 1], [3, 0, 5], [0]])
def test_small_and_empty_events(counts):
    encoder = make()
    result = encoder(encoder.edges(random_batch(counts)))
    assert result.shape == (len(counts), 64)
    result.sum().backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.isfinite().all()), name


def test_no_edges_at_all():
    encoder = make()
    batch = with_edges(random_batch([4, 7]), torch.zeros(2, 0, dtype=torch.int64))
    result = encoder(batch)
    result.sum().backward()
    assert bool(result.isfinite().all())
    assert not torch.allclose(result[0], result[1], atol=1e-3)


def test_hits_at_one_position():
    encoder = make()
    batch = random_batch([20])
    batch.pos[:] = 0.3
    batch = encoder.edges(batch)
    batch.pos.requires_grad_()
    result = encoder(batch)
    result.sum().backward()
    for tensor in (result, *(parameter.grad for parameter in encoder.parameters())):
        assert bool(tensor.isfinite().all())
    assert bool(batch.pos.grad.isfinite().all())


def test_forward_uses_no_randomness():
    encoder = make()
    batch = encoder.edges(random_batch([9, 30]))
    state = torch.get_rng_state()
    first, second = encoder(batch), encoder(batch)
    assert torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_batch_that_pyg_made_with_edges_in_any_order():
    encoder = make()
    batch = encoder.edges(random_batch([9, 1, 30]))
    mixed = []
    for event in batch.to_data_list():
        order = torch.randperm(event.num_edges, generator=torch.Generator().manual_seed(3))
        mixed.append(Data(x=event.x, pos=event.pos, edge_index=event.edge_index[:, order]))
    torch.testing.assert_close(
        encoder(Batch.from_data_list(mixed)), encoder(batch), rtol=1e-5, atol=1e-5
    )


def test_autocast_stays_near():
    encoder = make()
    batch = encoder.edges(random_batch([9, 30]))
    plain = encoder(batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = encoder(batch)
    low.sum().backward()
    torch.testing.assert_close(low.float(), plain, rtol=0.1, atol=0.2)


def test_it_learns_what_only_neighbours_show():
    # Points in a cube, and the same number of points in close pairs: their positions alone are
    # distributed alike.
    generator = torch.Generator().manual_seed(0)
    single = 2 * torch.rand(32, 24, 3, generator=generator) - 1
    shift = 0.02 * torch.randn(32, 12, 3, generator=generator)
    pairs = torch.cat([single[:, :12], single[:, :12] + shift], 1)
    pos = torch.cat([single, pairs]).reshape(-1, 3)
    batch = make_batch(
        {"pos": pos, "x": torch.zeros(len(pos), 1)},
        {"y": torch.arange(64) // 32},
        ptr_from_counts(torch.full((64,), 24)),
        ["f"],
    )
    torch.manual_seed(0)
    encoder = GraphConvNeXt(1, channels=16, depth=1, out_channels=2, k=3)
    batch = encoder.edges(batch)
    optimiser = torch.optim.Adam(encoder.parameters(), lr=0.01)
    for _ in range(40):
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(encoder(batch), batch.y)
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 0.1


def test_sizes_and_overrides():
    tiny, small, base = (GraphConvNeXt(2, size=size) for size in ("tiny", "small", "base"))
    assert [encoder_width(encoder) for encoder in (tiny, small, base)] == [64, 128, 256]
    assert [len(encoder.blocks) for encoder in (tiny, small, base)] == [2, 4, 6]
    assert encoder_width(GraphConvNeXt(2)) == 128
    other = GraphConvNeXt(2, size="tiny", depth=3, out_channels=5, k=7, metric={"t": 0.2})
    assert (len(other.blocks), other.out_channels, other.head.in_features) == (3, 5, 65)
    assert other.edges == KNN(7, {"t": 0.2})


@pytest.mark.parametrize(
    "options", [{"size": "huge"}, {"depth": 0}, {"channels": 0}, {"kernels": 0}, {"k": 0}]
)
def test_bad_options_are_refused(options):
    with pytest.raises(SettingsError, match="got"):
        GraphConvNeXt(2, **options)


def test_missing_edges_are_named():
    with pytest.raises(HitclrError, match=r"encoder\.edges"):
        make()(random_batch([3]))


def test_another_number_of_features_is_named():
    encoder = make()
    with pytest.raises(HitclrError, match="expected 2 hit features, got 3"):
        encoder(encoder.edges(random_batch([3], features=3)))
