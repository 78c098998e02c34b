"""Chain and Choose against applying the parts by hand."""

from __future__ import annotations

import math

import pytest
import torch

from hitclr.augment import (
    Augmentation,
    Chain,
    ChargeScale,
    Choose,
    Draws,
    HitDropout,
    Identity,
    PositionJitter,
    Rotation,
    Translation,
)
from hitclr.errors import SettingsError
from hitclr.events import concat_batches, cut_events, replace_hits, select_events
from hitclr.rng import generator
from hitclr.testing import make_events


class Counting(Augmentation):
    """Moves hits by 1 and counts how often it is asked to."""

    writes = ("pos",)

    def __init__(self):
        super().__init__()
        self.calls = 0

    def sample(self, batch, generator):
        return Draws(batch.ptr)

    def transform(self, batch, draws):
        self.calls += 1
        return replace_hits(batch, {"pos": batch.pos + 1})


def _same(one, two):
    return all(torch.equal(one[name], two[name]) for name in ("ptr", "pos", "x", "hit_module"))


def test_a_chain_applies_its_parts_in_order():
    parts = [HitDropout(0.5), Rotation(), ChargeScale()]
    batch = make_events()
    view, draws = Chain(parts).view(batch, generator(1))
    expected = batch
    for part, child in zip(parts, draws.children, strict=True):
        assert torch.equal(child.ptr, expected.ptr)
        expected = part.apply(expected, child)
    assert _same(view, expected)
    assert view.pos.size(0) < batch.pos.size(0)


@pytest.mark.parametrize("wrap", [lambda p: Chain([p]), lambda p: Chain([Chain([p])])])
def test_a_view_does_the_work_once(wrap):
    part = Counting()
    batch = make_events()
    view, draws = wrap(part).view(batch, generator(1))
    assert part.calls == 1
    assert torch.equal(view.pos, batch.pos + 1)
    wrap(part).apply(batch, draws)
    assert part.calls == 2


def test_sample_and_transform_do_what_draw_and_apply_do():
    batch, chain = make_events(), Chain([HitDropout(0.5), PositionJitter()])
    draws = chain.sample(batch, generator(1))
    again = chain.draw(batch, generator(1))
    assert torch.equal(draws.children[1].hit["shift"], again.children[1].hit["shift"])
    assert _same(chain.transform(batch, draws), chain.apply(batch, draws))


def test_a_chain_acts_on_some_events_with_all_its_parts():
    batch = make_events(counts=(4, 1, 3) * 20)
    chain = Chain([Translation(1.0), ChargeScale((2.0, 3.0))], probability=0.5)
    view, draws = chain.view(batch, generator(1))
    on = draws.active[batch.batch]
    assert torch.equal((view.pos != batch.pos).any(1), on)
    assert torch.equal((view.x != batch.x).any(1), on)
    assert 10 < int(draws.active.sum()) < 50


def test_choose_applies_to_each_event_the_parts_that_it_drew():
    parts = [HitDropout(0.5), Rotation(), PositionJitter(), Identity()]
    batch = make_events(counts=(6, 1, 9, 2, 5) * 6)
    view, draws = Choose(parts, 3).view(batch, generator(1))
    choice = draws.event["choice"]
    assert choice.shape == (30, 3)
    assert len(draws.children) == 3 * len(parts)
    for event in range(batch.num_graphs):
        chosen = torch.tensor([event])
        expected = select_events(batch, chosen)
        for slot, part in enumerate(choice[event].tolist()):
            child = draws.select(chosen).children[slot * len(parts) + part]
            assert child.events.tolist() == [0]
            assert bool(child.active.all())
            expected = parts[part].apply(expected, child)
        got = select_events(view, chosen)
        assert torch.equal(got.ptr, expected.ptr)
        torch.testing.assert_close(got.pos, expected.pos)


def test_choose_leaves_inactive_events_and_replays():
    batch = make_events(counts=(6, 1, 9, 2, 5) * 6)
    choose = Choose([HitDropout(0.5), Rotation(), ChargeScale()], 2, probability=0.5)
    view, draws = choose.view(batch, generator(1))
    assert _same(choose.apply(batch, draws), view)
    left_out = (~draws.active).nonzero().flatten()
    assert 5 < len(left_out) < 25
    assert _same(select_events(view, left_out), select_events(batch, left_out))
    assert not bool(torch.isin(torch.cat([d.events for d in draws.children]), left_out).any())


@pytest.mark.parametrize("make", [Chain, Choose])
def test_views_of_several_batches_are_one_view_of_all_their_events(make):
    batches = [make_events(1, (4, 1, 7)), make_events(2, (2, 0)), make_events(1, (4, 1, 7))]
    augmentation = make([HitDropout(0.5), PositionJitter(), Identity()])
    views = augmentation.views(batches, generator(1))
    whole, _ = augmentation.view(concat_batches(*batches), generator(1))
    for view, expected in zip(views, cut_events(whole, [3, 2, 3]), strict=True):
        assert _same(view, expected)
        assert torch.equal(view.batch, expected.batch)
        assert [len(one.pos) for one in view.to_data_list()] == expected.ptr.diff().tolist()
    assert not torch.equal(views[0].pos, views[2].pos)
    assert augmentation.views([], generator(1)) == []


def test_choose_draws_all_parts_alike_and_with_replacement():
    many = 6000
    draws = Choose([Identity()] * 3, 2).draw(make_events(counts=(1,) * many), generator(1))
    pairs = torch.bincount(draws.event["choice"] @ torch.tensor([3, 1]), minlength=9)
    assert (pairs / many - 1 / 9).abs().max() < 5 * math.sqrt(1 / 9 * 8 / 9 / many)


def test_choose_keeps_the_probability_of_a_part():
    batch = make_events(counts=(2,) * 4000)
    draws = Choose([Translation(1.0, probability=0.25)], 1).draw(batch, generator(1))
    share = float(draws.children[0].active.float().mean())
    assert abs(share - 0.25) < 5 * math.sqrt(0.25 * 0.75 / 4000)


def test_flags_follow_from_the_parts():
    rigid = Chain([Rotation(), Translation(1.0)])
    assert (rigid.keeps_hits, rigid.keeps_distances) == (True, True)
    assert rigid.writes == ("pos", "x")
    loose = Choose([ChargeScale(), PositionJitter()])
    assert (loose.keeps_hits, loose.keeps_distances) == (True, False)
    assert loose.writes == ("x", "pos")
    lossy = Chain([rigid, HitDropout()])
    assert (lossy.keeps_hits, lossy.keeps_distances) == (False, False)
    # and the classes themselves are untouched
    assert Chain.keeps_hits is True


def test_reads_are_those_of_all_parts():
    first, second = Counting(), Counting()
    first.reads, second.reads = ("hit_module", "energy"), ("energy", "domain")
    assert Chain([first, second]).reads == ("hit_module", "energy", "domain")


@pytest.mark.parametrize("make", [Chain, Choose])
def test_wrong_parts_are_refused(make):
    with pytest.raises(SettingsError, match="at least one augmentation, got none"):
        make([])
    with pytest.raises(SettingsError, match="'rotation'"):
        make([Rotation(), "rotation"])


@pytest.mark.parametrize("count", [0, 1.5, True, "two"])
def test_a_wrong_count_is_refused(count):
    with pytest.raises(SettingsError, match="Choose, count"):
        Choose([Rotation()], count)
