"""Voxels, their neighbours and coarser ones, against brute force and dense convolutions."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from hitclr.errors import HitclrError, SettingsError
from hitclr.events import make_batch, ptr_from_counts, select_events
from hitclr.nn import InputNorm, VoxelConvNeXt
from hitclr.nn import voxel_sum as module
from hitclr.nn.voxel_levels import coarsen, find_neighbours, occupied
from hitclr.nn.voxel_sum import VoxelNeighbours, voxel_sum
from hitclr.nn.voxels import Voxels


def random_cells(counts, side=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    ptr = ptr_from_counts(torch.tensor(counts))
    event = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    # Far from 0 on one axis and around it on the others, where halves must round down.
    shift = torch.tensor([1000, -side // 2, -side])
    cell = torch.randint(side, (int(ptr[-1]), 3), generator=generator) + shift
    return event, cell


def lattice_batch(counts, side=7, seed=0):
    _, cell = random_cells(counts, side, seed)
    draw = torch.Generator().manual_seed(seed + 1)
    hits = {"pos": 0.5 * (cell + 0.5), "x": torch.randn(len(cell), 2, generator=draw)}
    return make_batch(hits, {}, ptr_from_counts(torch.tensor(counts)), ["a", "b"])


def test_cells_do_not_depend_on_rounding_at_edges():
    number = torch.arange(-3000, 3000)
    pos = torch.stack([(number * 0.38).float()] * 3, 1)  # lattice points on the edges
    batch = make_batch({"pos": pos}, {}, torch.tensor([0, len(pos)]), [])
    made = Voxels(0.38)(batch)
    assert torch.equal(made.hit_cell, torch.stack([number] * 3, 1))
    assert made.hit_cell.dtype == torch.int64
    assert "hit_cell" not in batch
    assert torch.equal(made.get_example(0).hit_cell, made.hit_cell)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e12])
def test_positions_without_a_voxel_are_named(bad):
    pos = torch.zeros(5, 3)
    pos[3, 1] = bad
    batch = make_batch({"pos": pos}, {}, torch.tensor([0, 2, 5]), [])
    with pytest.raises(HitclrError, match="event 1"):
        Voxels(1.0)(batch)


@pytest.mark.parametrize("cell", [0, -1.0, float("nan"), float("inf"), True, "wide"])
def test_cells_of_no_width_are_refused(cell):
    with pytest.raises(SettingsError, match="above 0"):
        Voxels(cell)


def test_occupied_voxels_are_listed_once():
    event, cell = random_cells([40, 0, 1, 90])
    level, place = occupied(event, cell, 4)
    expected = sorted({(int(e), *c) for e, c in zip(event, cell.tolist(), strict=True)})
    found = [(int(e), *c) for e, c in zip(level.event, level.cell.tolist(), strict=True)]
    assert found == expected
    assert torch.equal(level.cell[place], cell)
    assert torch.equal(level.event[place], event)
    assert torch.equal(level.ptr, torch.searchsorted(level.event, torch.arange(5)))


def test_neighbours_equal_brute_force():
    event, cell = random_cells([30, 0, 1, 60, 2])
    level, _ = occupied(event, cell, 5)
    step = level.cell[None, :] - level.cell[:, None]  # [voxel, neighbour, 3]
    near = (step.abs().amax(2) <= 1) & (level.event[None, :] == level.event[:, None])
    expected = {
        (int(i), int((step[i, j] + 1) @ torch.tensor([9, 3, 1])), int(j)) for i, j in near.nonzero()
    }
    voxel, offset, neighbour = find_neighbours(level)
    found = list(zip(voxel.tolist(), offset.tolist(), neighbour.tolist(), strict=True))
    assert set(found) == expected
    assert found == sorted(found)
    assert len(found) == len(expected)
    assert {o for _, o, _ in found} == set(range(27))


def test_coarser_voxels_equal_brute_force():
    event, cell = random_cells([30, 0, 1, 60])
    level, _ = occupied(event, cell, 4)
    coarse, coarsening = coarsen(level)
    halves = [[math.floor(value / 2) for value in row] for row in level.cell.tolist()]
    assert coarse.cell[coarsening.parent].tolist() == halves
    assert torch.equal(coarse.event[coarsening.parent], level.event)
    assert set(coarsening.parent.tolist()) == set(range(coarse.key.numel()))
    rest = level.cell - 2 * torch.tensor(halves)
    assert torch.equal(coarsening.octant, rest @ torch.tensor([4, 2, 1]))


def test_events_too_wide_to_number_are_refused():
    cell = torch.tensor([[0, 0, 0], [2**30, 2**30, 2**30]])
    with pytest.raises(HitclrError, match="larger cell"):
        occupied(torch.tensor([0, 0]), cell, 1)


@pytest.mark.parametrize("chunk", [1, 100, 2**18])
def test_the_sum_equals_a_plain_one(monkeypatch, chunk):
    monkeypatch.setattr(module, "_CHUNK", {"cpu": chunk})
    event, cell = random_cells([30, 0, 1, 60])
    level, _ = occupied(event, cell, 4)
    neighbours = VoxelNeighbours(level)
    draw = torch.Generator().manual_seed(3)
    voxels = torch.randn(len(level.key), 4, generator=draw, dtype=torch.float64).requires_grad_()
    weight = torch.randn(27, 4, generator=draw, dtype=torch.float64).requires_grad_()
    terms = weight[neighbours.offset] * voxels[neighbours.neighbour]
    expected = torch.zeros_like(voxels).index_add(0, neighbours.voxel, terms)
    result = voxel_sum(voxels, weight, neighbours)
    torch.testing.assert_close(result, expected)
    wanted = torch.randn(result.shape, generator=draw, dtype=torch.float64)
    mine = torch.autograd.grad((result * wanted).sum(), [voxels, weight])
    other = torch.autograd.grad((expected * wanted).sum(), [voxels, weight])
    for one, two in zip(mine, other, strict=True):
        torch.testing.assert_close(one, two)


def dense_forward(encoder, event, cell):
    """One event whose hits have voxels of their own, on a dense grid with empty voxels kept so."""
    pos = event.pos
    inputs = torch.cat([event.x, pos - pos.mean(0), pos, torch.zeros(len(pos), 1)], 1)
    low = torch.div(cell.amin(0) - 4, 4, rounding_mode="floor") * 4  # even at all stages
    place = (cell - low).unbind(1)
    grid = torch.zeros(encoder.stem[0].out_features, 16, 16, 16)
    grid = grid.index_put((torch.arange(len(grid))[:, None], *place), encoder.stem(inputs).T)
    filled = torch.zeros(16, 16, 16).index_put(place, torch.ones(len(pos)))
    pooled = []
    for number, blocks in enumerate(encoder.stages):
        if number:
            stride = encoder.strides[number - 1]
            normed = stride.norm(grid.movedim(0, -1)).movedim(-1, 0) * filled
            fine, coarse = stride.weight.shape[1:]
            kernel = stride.weight.permute(2, 1, 0).reshape(coarse, fine, 2, 2, 2)
            grid = F.conv3d(normed[None], kernel, stride.bias, stride=2)[0]
            filled = F.max_pool3d(filled[None], 2)[0]
            grid = grid * filled
        for block in blocks:
            kernel = block.kernel.T.reshape(-1, 1, 3, 3, 3)
            change = F.conv3d(grid[None], kernel, block.bias, padding=1, groups=len(grid))[0]
            change = block.norm(change.movedim(0, -1))
            change = block.scale * block.narrow(F.gelu(block.wide(change)))
            grid = (grid + change.movedim(-1, 0)) * filled
        voxels = encoder.norms[number](grid.movedim(0, -1)[filled.bool()])
        pooled += [voxels.mean(0), voxels.amax(0)]
    pooled.append(torch.tensor([math.log(1 + len(pos))]))
    return encoder.head(torch.cat(pooled))


def one_hit_a_cell(batch):
    """The batch with only the first hit of each voxel."""
    _, place = occupied(batch.batch, Voxels(0.5)(batch).hit_cell, batch.num_graphs)
    first = torch.unique(place, return_inverse=True)[1]
    keep = torch.full((int(first.max()) + 1,), len(first)).scatter_reduce(
        0, first, torch.arange(len(first)), "amin"
    )
    keep = keep.sort().values
    counts = torch.bincount(batch.batch[keep], minlength=batch.num_graphs)
    hits = {"pos": batch.pos[keep], "x": batch.x[keep]}
    return make_batch(hits, {}, ptr_from_counts(counts), ["a", "b"])


def test_equals_a_dense_rewrite():
    torch.manual_seed(1)
    encoder = VoxelConvNeXt(2, cell=0.5, channels=(8, 12, 16), depths=(1, 2, 1), out_channels=6)
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    batch = encoder.edges(one_hit_a_cell(lattice_batch([50, 1, 90])))
    norm = InputNorm(2).set_(
        torch.ones(2), 2 * torch.ones(2), torch.tensor([500.0, 0, 0]), torch.tensor(1.5)
    )
    inputs = norm(batch)
    result = encoder(inputs)
    expected = torch.stack(
        [
            dense_forward(encoder, inputs.get_example(number), batch.get_example(number).hit_cell)
            for number in range(3)
        ]
    )
    torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-4)
    wanted = torch.randn(result.shape, generator=torch.Generator().manual_seed(0))
    parameters = list(encoder.parameters())
    mine = torch.autograd.grad((result * wanted).sum(), parameters)
    other = torch.autograd.grad((expected * wanted).sum(), parameters)
    for (name, _), one, two in zip(encoder.named_parameters(), mine, other, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-3, atol=1e-3, msg=name)


def test_hits_that_share_a_voxel_enter_as_mean_and_number():
    torch.manual_seed(1)
    encoder = VoxelConvNeXt(2, cell=10.0, size="tiny")
    batch = lattice_batch([6])
    batch.pos[:, 0] -= 500  # all in one voxel
    batch.pos[:] = batch.pos.abs()
    seen = []
    encoder.stem.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    encoder(encoder.edges(batch))
    (inputs,) = seen
    expected = torch.cat(
        [batch.x.mean(0), torch.zeros(3), batch.pos.mean(0), torch.tensor([math.log(6)])]
    )
    torch.testing.assert_close(inputs, expected[None], rtol=1e-5, atol=1e-5)


def test_the_cell_is_in_the_unit_of_the_positions():
    torch.manual_seed(1)
    encoder = VoxelConvNeXt(2, cell=0.5, size="tiny")
    batch = lattice_batch([60])
    norm = InputNorm(2).fit([(batch.x, batch.pos)])
    before = norm(encoder.edges(batch))
    assert torch.equal(before.hit_cell, torch.floor(batch.pos / 0.5).long())
    after = encoder.edges(norm(batch))
    assert not torch.allclose(encoder(before), encoder(after), atol=1e-4)


def test_the_lattice_does_not_move_with_the_batch():
    torch.manual_seed(1)
    encoder = VoxelConvNeXt(2, cell=0.5, size="tiny")
    batch = lattice_batch([60, 60])
    batch.pos[60:] += 3.5  # an odd number of voxels: other coarse voxels
    together = encoder(encoder.edges(batch))
    for number in range(2):
        alone = encoder(encoder.edges(select_events(batch, torch.tensor([number]))))
        torch.testing.assert_close(alone[0], together[number], rtol=1e-4, atol=1e-5)
