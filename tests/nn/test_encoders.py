"""What every encoder keeps to, whoever wrote it."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch_geometric.nn import EdgeConv, global_max_pool

from hitclr.errors import HitclrError, SettingsError
from hitclr.events import make_batch, ptr_from_counts, select_events
from hitclr.graphs import KNN
from hitclr.nn import (
    DynEdge,
    GraphConvNeXt,
    GraphNeTAdapter,
    InputNorm,
    PointNet,
    PointTransformer,
    VoxelConvNeXt,
    encoder_width,
)


class UsersDGCNN(nn.Module):
    """What a user of PyG brings."""

    def __init__(self, in_channels, *, size="small"):
        super().__init__()
        self.out_channels = {"tiny": 8, "small": 16, "base": 32}[size]
        self.edges = KNN(6)
        self.conv = EdgeConv(
            nn.Sequential(nn.Linear(2 * (in_channels + 3), 16), nn.ReLU(), nn.Linear(16, 16)), "max"
        )
        self.head = nn.Linear(16, self.out_channels)

    def forward(self, data):
        hits = self.conv(torch.cat([data.pos, data.x], 1), data.edge_index)
        return self.head(global_max_pool(hits, data.batch, data.num_graphs))


class Backbone(nn.Module):
    """As GraphNeT's backbones are: x in the order x, y, z, time; the width in ``nb_outputs``."""

    def __init__(self, nb_inputs):
        super().__init__()
        self.nb_inputs = nb_inputs
        self.nb_outputs = 5
        self.conv = EdgeConv(nn.Linear(2 * nb_inputs, 8), "mean")
        self.head = nn.Linear(9, 5)

    def forward(self, data):
        hits = global_max_pool(self.conv(data.x, data.edge_index), data.batch, data.num_graphs)
        return self.head(torch.cat([hits, data.n_pulses[:, None].log()], 1))


OWN = {
    "graph-convnext": GraphConvNeXt,
    "voxel-convnext": lambda n, **options: VoxelConvNeXt(n, **{"cell": 1.0, **options}),
    "dynedge": DynEdge,
    "pointnet": PointNet,
    "point-transformer": PointTransformer,
}
ALL = {
    **OWN,
    "a user's": UsersDGCNN,
    "graphnet": lambda n, size="small": GraphNeTAdapter(Backbone(n + 3), time="f1"),
}


def random_batch(counts, seed=0, features=2, side=6.0):
    generator = torch.Generator().manual_seed(seed)
    ptr = ptr_from_counts(torch.tensor(counts))
    hits = {
        "pos": side * torch.rand(int(ptr[-1]), 3, generator=generator) - side / 2,
        "x": torch.randn(int(ptr[-1]), features, generator=generator),
    }
    return make_batch(hits, {}, ptr, [f"f{i}" for i in range(features)])


def shuffled(batch, seed=2):
    """The same events with their hits in another order."""
    draw = torch.rand(len(batch.pos), generator=torch.Generator().manual_seed(seed))
    order = torch.argsort(batch.batch + draw.double())
    hits = {"pos": batch.pos[order], "x": batch.x[order]}
    return make_batch(hits, {}, batch.ptr, batch.feature_names.names)


def make(name, size="tiny", **options):
    torch.manual_seed(1)
    encoder = ALL[name](2, size=size, **options)
    # Away from the start, where scales are small and biases 0, so that no term can hide.
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return encoder


def embed(encoder, batch):
    """As training does: edges on what the detector gave, then standardised inputs."""
    batch = batch if encoder.edges is None else encoder.edges(batch)
    norm = InputNorm(2).set_(torch.zeros(2), torch.ones(2), torch.zeros(3), torch.tensor(2.0))
    return encoder(norm(batch))


@pytest.mark.parametrize("name", ALL)
def test_the_order_of_hits_does_not_matter(name):
    encoder, batch = make(name), random_batch([30, 70])
    torch.testing.assert_close(
        embed(encoder, batch), embed(encoder, shuffled(batch)), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("name", ALL)
def test_an_event_does_not_depend_on_its_batch(name):
    encoder, batch = make(name), random_batch([9, 1, 2, 40, 17])
    together = embed(encoder, batch)
    assert together.shape == (5, encoder_width(encoder))
    for number in (4, 3, 2, 1, 0):
        alone = select_events(batch, torch.tensor([number]))
        torch.testing.assert_close(embed(encoder, alone)[0], together[number], rtol=1e-4, atol=1e-5)
    assert torch.equal(embed(encoder.eval(), batch), together)


@pytest.mark.parametrize("name", ALL)
def test_hits_of_one_event_matter_to_it_alone(name):
    encoder, batch = make(name), random_batch([12, 30])
    plain = embed(encoder, batch)
    for column in ("x", "pos"):
        changed = random_batch([12, 30])
        changed[column][:12] += 1.3
        result = embed(encoder, changed)
        assert not torch.allclose(result[0], plain[0], atol=1e-4), column
        torch.testing.assert_close(result[1], plain[1], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ALL)
def test_ten_thousand_hits_and_a_gradient_for_all_weights(name):
    # So dense that voxels of all three stages touch in all ways.
    encoder, batch = make(name, size="small"), random_batch([10_000, 1, 3], side=24.0)
    result = embed(encoder, batch)
    assert bool(result.isfinite().all())
    wanted = torch.randn(result.shape, generator=torch.Generator().manual_seed(0))
    (result * wanted).sum().backward()
    for weight, parameter in encoder.named_parameters():
        assert bool(parameter.grad.isfinite().all()), weight
        assert float(parameter.grad.abs().max()) > 0, weight
        if name == "voxel-convnext" and parameter.dim() > 1:  # all offsets, all octants
            assert bool((parameter.grad.flatten(1).abs().amax(1) > 0).all()), weight


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("counts", [[1], [1, 1, 1], [3, 0, 5], [0]])
def test_small_and_empty_events(name, counts):
    encoder = make(name)
    result = embed(encoder, random_batch(counts))
    assert result.shape == (len(counts), 64)
    result.sum().backward()
    for tensor in (result, *(parameter.grad for parameter in encoder.parameters())):
        assert bool(tensor.isfinite().all())


@pytest.mark.parametrize("name", OWN)
def test_hits_at_one_position(name):
    encoder = make(name)
    batch = random_batch([40])
    batch.pos[:] = 0.3
    result = embed(encoder, batch)
    result.sum().backward()
    for tensor in (result, *(parameter.grad for parameter in encoder.parameters())):
        assert bool(tensor.isfinite().all())


@pytest.mark.parametrize("name", ALL)
def test_the_same_twice_and_nothing_random(name):
    encoder, batch = make(name), random_batch([9, 130])
    state = torch.get_rng_state()
    results, gradients = [], []
    for _ in range(2):
        results.append(embed(encoder, batch))
        gradients.append(torch.autograd.grad(results[-1].sum(), list(encoder.parameters())))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(*results)
    assert all(torch.equal(*pair) for pair in zip(*gradients, strict=True))


@pytest.mark.parametrize("name", OWN)
def test_autocast_stays_near(name):
    encoder, batch = make(name), random_batch([9, 30])
    plain = embed(encoder, batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = embed(encoder, batch)
    low.sum().backward()
    # A neighbour chosen by rounded features may be another one.
    room = 1.0 if name == "dynedge" else 0.3
    torch.testing.assert_close(low.float(), plain, rtol=0.1, atol=room)


@pytest.mark.parametrize("name", OWN)
def test_sizes(name):
    made = [OWN[name](2, size=size) for size in ("tiny", "small", "base")]
    assert [encoder_width(encoder) for encoder in made] == [64, 128, 256]
    weights = [sum(p.numel() for p in encoder.parameters()) for encoder in made]
    assert weights == sorted(weights)
    assert encoder_width(OWN[name](2)) == 128
    assert encoder_width(OWN[name](2, size="tiny", out_channels=5)) == 5


BAD = {
    "graph-convnext": [{"channels": 0}, {"depth": 0}, {"kernels": 0}, {"k": 0}],
    "voxel-convnext": [
        {"cell": 0.0},
        {"cell": float("nan")},
        {"channels": []},
        {"channels": [8, 0]},
        {"channels": [8]},
        {"depths": [1, 1, 0]},
    ],
    "dynedge": [
        {"channels": 0},
        {"depth": 0},
        {"k": 0},
        {"metric": {"t": 0.0}},
        {"neighbour_channels": 0},
        {"neighbour_channels": 33},
        {"aggregation": "sum"},
    ],
    "pointnet": [{"channels": 0}, {"depth": 0}],
    "point-transformer": [
        {"channels": 0},
        {"depth": 0},
        {"window": 1},
        {"heads": 0},
        {"heads": 3},
        {"heads": 32},
    ],
}


@pytest.mark.parametrize(
    ("name", "options"),
    [(n, o) for n in OWN for o in [{"size": "huge"}, {"out_channels": 0}, *BAD[n]]],
)
def test_bad_options_are_refused(name, options):
    with pytest.raises(SettingsError, match="got"):
        OWN[name](2, **{"size": "tiny", **options})


@pytest.mark.parametrize("name", OWN)
def test_another_number_of_features_is_named(name):
    encoder, batch = make(name), random_batch([3], features=3)
    batch = batch if encoder.edges is None else encoder.edges(batch)
    with pytest.raises(HitclrError, match="expected 2 hit features, got 3"):
        encoder(batch)


@pytest.mark.parametrize("name", ["graph-convnext", "voxel-convnext", "dynedge"])
def test_missing_edges_are_named(name):
    with pytest.raises(HitclrError, match=r"encoder\.edges"):
        make(name)(random_batch([3]))


def close_pairs(generator):
    """Points in a cube in 32 events, and as many points in close pairs in 32 others."""
    single = 2 * torch.rand(32, 24, 3, generator=generator) - 1
    shift = 0.02 * torch.randn(32, 12, 3, generator=generator)
    pairs = torch.cat([single[:, :12], single[:, :12] + shift], 1)
    pos = torch.cat([single, pairs]).reshape(-1, 3)
    hits = {"pos": pos, "x": torch.zeros(len(pos), 1)}
    return make_batch(hits, {}, ptr_from_counts(torch.full((64,), 24)), ["f"])


@pytest.mark.parametrize("name", ["voxel-convnext", "dynedge", "point-transformer"])
def test_it_learns_what_neighbours_show(name):
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(64) // 32
    torch.manual_seed(0)
    options = {"voxel-convnext": {"cell": 0.05}}.get(name, {})
    encoder = OWN[name](1, size="tiny", out_channels=2, **options)
    optimiser = torch.optim.Adam(encoder.parameters(), lr=0.003)
    losses = []
    for _ in range(80):  # each time other events, so that none can be learnt by heart
        batch = close_pairs(generator)
        batch = batch if encoder.edges is None else encoder.edges(batch)
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(encoder(batch), labels)
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert sum(losses[-10:]) / 10 < 0.35  # by chance it is 0.69
