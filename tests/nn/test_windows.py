"""Curves and windows, against slow rewrites."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from hitclr.events import make_batch, ptr_from_counts
from hitclr.nn import PointTransformer
from hitclr.nn import windows as module
from hitclr.nn.curves import hilbert_code, morton_code
from hitclr.nn.windows import CURVES, canonical_order, cut_windows, grid_cells


def grid(bits):
    return torch.tensor(list(itertools.product(range(2**bits), repeat=3)))


def random_batch(counts, seed=0, levels=None):
    generator = torch.Generator().manual_seed(seed)
    ptr = ptr_from_counts(torch.tensor(counts))
    if levels is None:
        pos = torch.randn(int(ptr[-1]), 3, generator=generator)
    else:  # many hits at one place
        pos = torch.randint(levels, (int(ptr[-1]), 3), generator=generator).float()
    hits = {"pos": pos, "x": torch.randn(int(ptr[-1]), 2, generator=generator)}
    return make_batch(hits, {}, ptr, ["f0", "f1"])


def slow_morton(cell, bits):
    x, y, z = (format(int(value), f"0{bits}b") for value in cell)
    return int("".join(a + b + c for a, b, c in zip(x, y, z, strict=True)), 2)


@pytest.mark.parametrize("bits", [1, 3, 12])
def test_morton_equals_a_slow_one(bits):
    cells = torch.randint(2**bits, (50, 3), generator=torch.Generator().manual_seed(0))
    assert morton_code(cells, bits).tolist() == [slow_morton(cell, bits) for cell in cells]


@pytest.mark.parametrize("bits", [1, 2, 3, 4])
def test_hilbert_goes_from_cell_to_touching_cell_through_all(bits):
    cells = grid(bits)
    code = hilbert_code(cells, bits)
    assert sorted(code.tolist()) == list(range(8**bits))
    along = cells[torch.argsort(code)]
    assert bool(((along[1:] - along[:-1]).abs().sum(1) == 1).all())
    assert along[0].tolist() == [0, 0, 0]


def test_the_grid_is_that_of_the_event():
    batch = random_batch([40, 1, 7])
    cells = grid_cells(batch.pos, batch.batch, 3)
    for number in range(3):
        event = batch.get_example(number)
        low, high = event.pos.amin(0), event.pos.amax(0)
        side = float((high - low).max()) or 1.0
        expected = torch.floor((event.pos - low) / side * 4096).clamp(max=4095).long()
        assert torch.equal(cells[batch.batch == number], expected)


def test_windows_hold_each_hit_once_and_one_event_each():
    counts = [13, 0, 1, 8, 30]
    batch = random_batch(counts)
    cells = grid_cells(batch.pos, batch.batch, 5)
    for curve, shift in itertools.product(range(len(CURVES)), (0, 3)):
        windows = cut_windows(cells, batch.batch, batch.ptr, 8, curve, shift=shift)
        hits = windows.hit[windows.filled]
        assert sorted(hits.tolist()) == list(range(52))
        assert torch.equal(windows.hit.flatten()[windows.place], torch.arange(52))
        assert len(windows.hit) == sum(math.ceil((n + shift) / 8) for n in counts if n)
        owners = []
        for hit, filled in zip(windows.hit, windows.filled, strict=True):
            assert bool(filled.any())
            (owner,) = set(batch.batch[hit[filled]].tolist())
            owners.append(owner)
        assert owners == sorted(owners)
        for number in set(owners):
            own = [
                f
                for f, owner in zip(windows.filled.tolist(), owners, strict=True)
                if owner == number
            ]
            flat = list(itertools.chain.from_iterable(own))
            assert flat == [False] * shift + [True] * counts[number] + [False] * (
                len(flat) - shift - counts[number]
            )
            assert len(flat) - shift - counts[number] < 8
        code, axes = CURVES[curve]
        along = code(cells[:, list(axes)], 12)[hits]
        key = batch.batch[hits] * 8**12 + along
        assert bool((key[1:] >= key[:-1]).all())


def test_many_events_are_sorted_as_well(monkeypatch):
    batch = random_batch([13, 0, 1, 30])
    cells = grid_cells(batch.pos, batch.batch, 4)
    usual = cut_windows(cells, batch.batch, batch.ptr, 8, 0)
    monkeypatch.setattr(module, "_EVENT_BITS", 1)
    for one, two in zip(cut_windows(cells, batch.batch, batch.ptr, 8, 0), usual, strict=True):
        assert torch.equal(one, two)


def test_the_canonical_order_is_by_event_position_and_features():
    batch = random_batch([40, 3, 0, 25], levels=2)
    rows = torch.cat([batch.batch[:, None], batch.pos, batch.x], 1).tolist()
    assert [rows[index] for index in canonical_order(batch)] == sorted(rows)


def make(**options):
    torch.manual_seed(1)
    encoder = PointTransformer(2, **{"size": "tiny", "window": 8, **options})
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return encoder


def test_equal_positions_leave_the_result_well_defined():
    # More hits at one place than a window holds: bit by bit the same in any order.
    encoder = make(depth=9)
    batch = random_batch([60, 33], levels=2)
    order = torch.cat([torch.randperm(60), 60 + torch.randperm(33)])
    hits = {"pos": batch.pos[order], "x": batch.x[order]}
    assert torch.equal(encoder(make_batch(hits, {}, batch.ptr, ["f0", "f1"])), encoder(batch))


def plain_attention(block, hits, pos):
    """The attention of one window, hit by hit."""
    heads, wide = block.heads, hits.size(1) // block.heads
    query, key, value = block.qkv(block.norm(hits)).chunk(3, 1)
    angle = pos @ block.frequency
    turn = torch.polar(torch.ones_like(angle), angle)
    query, key = (
        torch.view_as_real(torch.view_as_complex(t.reshape(len(hits), -1, 2)) * turn).flatten(1)
        for t in (query, key)
    )
    out = []
    for head in range(heads):
        part = slice(head * wide, head * wide + wide)
        score = query[:, part] @ key[:, part].T / math.sqrt(wide)
        out.append(score.softmax(1) @ value[:, part])
    return block.proj(torch.cat(out, 1))


def plain_forward(encoder, event):
    order = sorted(
        range(len(event.pos)), key=lambda i: (*event.pos[i].tolist(), *event.x[i].tolist())
    )
    x, pos = event.x[order], event.pos[order]
    low = pos.amin(0)
    side = float((pos.amax(0) - low).max()) or 1.0
    cells = ((pos - low) / side * 4096).long().clamp(max=4095)
    centred = pos - pos.mean(0)
    hits = encoder.stem(torch.cat([x, centred, pos], 1))
    for number, block in enumerate(encoder.blocks):
        code, axes = CURVES[number % 4]
        along = code(cells[:, list(axes)], 12).tolist()
        ranked = sorted(range(len(along)), key=along.__getitem__)
        shift = encoder.window // 2 if number // 4 % 2 else 0
        attended = torch.zeros_like(hits)
        for rank in range(-shift, len(ranked), encoder.window):
            members = ranked[max(rank, 0) : rank + encoder.window]
            attended[members] = plain_attention(block, hits[members], centred[members])
        hits = hits + attended
        hits = hits + block.narrow(torch.nn.functional.gelu(block.wide(block.mlp_norm(hits))))
    hits = encoder.norm(hits)
    count = torch.tensor([math.log(1 + len(pos))])
    return encoder.head(torch.cat([hits.mean(0), hits.amax(0), count]))


def test_equals_a_plain_rewrite():
    encoder = make(depth=6)
    batch = random_batch([20, 1, 9])
    expected = torch.stack([plain_forward(encoder, batch.get_example(i)) for i in range(3)])
    torch.testing.assert_close(encoder(batch), expected, rtol=1e-4, atol=1e-4)


def test_a_hit_attends_within_its_window_only():
    encoder = make(depth=1)
    batch = random_batch([16])
    cells = grid_cells(batch.pos, batch.batch, 1)
    order = canonical_order(batch)
    windows = cut_windows(cells[order], batch.batch, batch.ptr, 8, 0)
    inside = order[windows.hit[0]]
    seen = []
    encoder.norm.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach()))
    encoder(batch)
    changed = random_batch([16])
    changed.x[inside[0]] += 1.0  # features do not move the windows
    encoder(changed)
    differ = ((seen[0] - seen[1]).abs().amax(1) > 1e-6).nonzero()[:, 0]
    assert set(order[differ].tolist()) == set(inside.tolist())
