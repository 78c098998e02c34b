"""The data module: splits, plans, and views that depend on nothing but seed, epoch and step."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from hitclr.augment import HitDropout
from hitclr.data import (
    BatchPlan,
    EventDataModule,
    PairedPlan,
    Share,
    Step,
    ViewDataset,
    hide_labels,
    split_events,
)
from hitclr.errors import SettingsError
from hitclr.events import EventStore
from hitclr.graphs import KNN
from hitclr.io import StoredFeed
from hitclr.methods import Needs
from hitclr.rng import generator
from hitclr.views import StoredViews

FRACTIONS = {"validation": 0.2, "test": 0.3}
FIRST = {0: 0, 1: 1, 2: 2}


def divide(events, uses, fractions, seed):
    return split_events(events, uses, fractions, seed, first_files=FIRST)


def store(number=50, domains=1):
    counts = torch.arange(number) % 5 + 2
    ptr = torch.cat([torch.zeros(1, dtype=torch.int64), counts.cumsum(0)])
    generator = torch.Generator().manual_seed(0)
    entries = torch.arange(number) % (number // domains)
    domain = torch.arange(number) // (number // domains)
    return EventStore(
        hits={
            "pos": torch.randn(int(ptr[-1]), 3, generator=generator),
            "x": torch.rand(int(ptr[-1]), 1, generator=generator),
        },
        events={
            "y": torch.arange(number) % 3 - 1,
            "event_id": torch.stack([domain, entries], 1),
            "domain": domain,
        },
        ptr=ptr,
        feature_names=("charge",),
    )


def test_splits_are_disjoint_whole_and_of_the_right_size():
    events = store(6000)
    parts = divide(events, {0: "split"}, FRACTIONS, 1)
    assert sorted(torch.cat(list(parts.values())).tolist()) == list(range(6000))
    for name, fraction in (("validation", 0.2), ("test", 0.3)):
        deviation = (6000 * fraction * (1 - fraction)) ** 0.5
        assert abs(parts[name].numel() - 6000 * fraction) < 5 * deviation
    assert not torch.equal(parts["test"], divide(events, {0: "split"}, FRACTIONS, 2)["test"])


def test_resimulations_of_an_event_never_fall_on_two_sides():
    events = store(300, domains=3)
    parts = divide(events, dict.fromkeys(range(3), "split"), FRACTIONS, 1)
    entries = {
        name: set(events.events["event_id"][rows, 1].tolist()) for name, rows in parts.items()
    }
    assert not entries["train"] & entries["test"]
    assert not entries["train"] & entries["validation"]
    # An event's side does not depend on which other events there are.
    fewer = divide(events.select(torch.arange(40)), {0: "split"}, FRACTIONS, 1)
    assert set(fewer["test"].tolist()) == {e for e in entries["test"] if e < 40}


def test_small_files_are_divided_like_large_ones():
    """500 files of one entry: their number in the sample decides."""
    events = store(500, domains=1)
    ids = torch.stack([torch.arange(500), torch.zeros(500, dtype=torch.int64)], 1)
    events = dataclasses.replace(events, events={**events.events, "event_id": ids})
    parts = divide(events, {0: "split"}, FRACTIONS, 1)
    assert 100 < parts["test"].numel() < 200
    assert 50 < parts["validation"].numel() < 150


def test_samples_for_one_use():
    parts = divide(store(300, domains=3), {0: "split", 1: "test", 2: "train"}, FRACTIONS, 1)
    assert set(range(100, 200)) <= set(parts["test"].tolist())
    assert set(range(200, 300)) <= set(parts["train"].tolist())


def keyed(events, keys):
    return dataclasses.replace(events, events={**events.events, "key": keys})


def test_the_key_decides_the_side_whatever_the_place():
    """Simulations in other files, in another order, with many dropped, keep their sides."""
    number = 3000
    first = keyed(store(number), torch.arange(number) * 17 - 4000)
    side = torch.zeros(number, dtype=torch.int64)
    for value, rows in enumerate(divide(first, {0: "split"}, FRACTIONS, 1).values()):
        side[rows] = value
    order = torch.randperm(number, generator=torch.Generator().manual_seed(3))[:700]
    other = keyed(store(700), first.events["key"][order])
    for value, rows in enumerate(divide(other, {0: "split"}, FRACTIONS, 1).values()):
        assert bool((side[order[rows]] == value).all())
    assert not torch.equal(
        divide(other, {0: "split"}, FRACTIONS, 1)["test"],
        divide(other, {0: "split"}, FRACTIONS, 2)["test"],
    )


@pytest.mark.parametrize("spread", [1, 2, 1000, 2**20, 2**40])
def test_keys_are_divided_evenly(spread):
    """For numbers that differ in low or high bits alone, and neighbours independently."""
    number = 6000
    events = keyed(store(number), (torch.arange(number) - 50) * spread)
    parts = divide(events, {0: "split"}, FRACTIONS, 1)
    for name, fraction in (("validation", 0.2), ("test", 0.3)):
        deviation = (number * fraction * (1 - fraction)) ** 0.5
        assert abs(parts[name].numel() - number * fraction) < 5 * deviation
    test = torch.zeros(number, dtype=torch.bool)
    test[parts["test"]] = True
    both = int((test[1:] & test[:-1]).sum())
    assert abs(both - 0.09 * number) < 5 * (0.09 * number * 1.5) ** 0.5


def test_one_event_is_never_trained_on_and_tested_with():
    events = keyed(store(300, domains=3), torch.arange(300) % 100)
    events.events["y"][:] = 1
    with pytest.raises(SettingsError, match="simulations of one event on two sides"):
        divide(events, {0: "split", 1: "test", 2: "split"}, FRACTIONS, 1)
    divide(events, dict.fromkeys(range(3), "split"), FRACTIONS, 1)
    divide(events, {0: "split", 1: "views", 2: "split"}, FRACTIONS, 1)
    events.events["y"][100:200] = -1  # data have numbers of their own
    divide(events, {0: "split", 1: "test", 2: "split"}, FRACTIONS, 1)


def test_division_by_entries():
    events = store(30, domains=3)
    parts = split_events(
        events,
        {0: "split", 1: "split", 2: "test"},
        {"validation": 0.1, "test": 0.2},
        1,
        first_files=FIRST,
        by="entries",
    )
    assert parts["train"].tolist() == [*range(7), *range(10, 17)]
    assert parts["validation"].tolist() == [7, 17]
    assert parts["test"].tolist() == [8, 9, 18, 19, *range(20, 30)]
    keys = keyed(store(20, domains=2), torch.arange(20) % 10 + torch.arange(20) // 10)
    keys.events["y"][:] = 0
    with pytest.raises(SettingsError, match="on two sides"):
        split_events(
            keys, dict.fromkeys(range(2), "split"), FRACTIONS, 1, first_files=FIRST, by="entries"
        )


def test_samples_for_views_are_in_no_part():
    parts = divide(store(300, domains=3), {0: "split", 1: "views", 2: "train"}, FRACTIONS, 1)
    rows = torch.cat(list(parts.values())).tolist()
    assert sorted(rows) == [*range(100), *range(200, 300)]


def test_plan_covers_each_event_once_in_even_steps():
    plan = BatchPlan(torch.arange(10, 33), 8, seed=3)
    steps = list(plan)
    assert len(plan) == len(steps) == 3
    assert [step.events.numel() for step in steps] == [8, 8, 7]
    assert sorted(torch.cat([step.events for step in steps]).tolist()) == list(range(10, 33))
    again = torch.cat([step.events for step in plan])
    assert torch.equal(again, torch.cat([step.events for step in steps]))
    plan.epoch = lambda: (1, 0)
    assert not torch.equal(again, torch.cat([step.events for step in plan]))
    assert list(BatchPlan(torch.arange(0), 8, seed=None)) == []


def module(needs, **options):
    events = store()
    parts = divide(events, {0: "split"}, FRACTIONS, 1)
    arguments = {
        "augmentation": HitDropout(0.5),
        "edges": KNN(k=2),
        "batch_size": 8,
        "num_workers": 0,
        "seed": 4,
        **options,
    }
    return EventDataModule(StoredFeed(events), parts, needs, **arguments)


def tensors(loader):
    return [
        (view.pos, view.x, view.y, view.edge_index, view.event_id)
        for views in loader
        for view in views
    ]


def test_views_do_not_depend_on_workers_but_on_the_epoch():
    needs = Needs(views=2, augmented=True)
    here = tensors(module(needs).train_dataloader())
    there = tensors(module(needs, num_workers=2).train_dataloader())
    assert len(here) == len(there) > 2
    for a, b in zip(here, there, strict=True):
        assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))
    loader = module(needs).train_dataloader()
    loader.sampler.epoch = lambda: (1, 0)
    other = tensors(loader)
    assert not all(torch.equal(a[4], b[4]) for a, b in zip(here, other, strict=True))


def test_two_views_differ_and_are_of_the_same_events():
    for first, second in module(Needs(views=2, augmented=True)).train_dataloader():
        assert torch.equal(first.event_id, second.event_id)
        assert first.pos.shape != second.pos.shape or not torch.equal(first.pos, second.pos)


def test_methods_get_what_they_need():
    plain = module(Needs(views=1, labels=True))
    for (view,) in plain.train_dataloader():
        assert bool((view.y >= 0).all())
        rows = view.event_id[:, 1]
        assert torch.equal(view.x, plain.feed.store.batch(rows).x)
    labels = [view.y for (view,) in module(Needs(views=1)).train_dataloader()]
    assert bool((torch.cat(labels) < 0).any())
    without = module(Needs(), edges=None)
    assert all("edge_index" not in view for (view,) in without.train_dataloader())


def test_nothing_to_augment_with_or_to_train_on():
    with pytest.raises(SettingsError, match=r"views\.augmentations"):
        module(Needs(views=2, augmented=True), augmentation=None)
    events = store(4)
    parts = divide(events, {0: "test"}, FRACTIONS, 1)
    with pytest.raises(SettingsError, match="left 0 of 4"):
        EventDataModule(
            StoredFeed(events),
            parts,
            Needs(),
            augmentation=None,
            edges=None,
            batch_size=2,
            num_workers=0,
            seed=0,
        )


class Shifted:
    """Hits moved along x by a number of the generator's: a source for tests."""

    def views(self, batch, generators):
        made = [view.clone() for view in StoredViews().views(batch, generators)]
        for view, random in zip(made, generators, strict=True):
            view.pos[:, 0] += 1 + torch.rand((), generator=random)
        return made


def test_a_source_comes_before_the_augmentation():
    events = store()
    needs = Needs(views=2, augmented=True)
    loader = module(needs, augmentation=None, source=Shifted()).train_dataloader()
    first, second = next(iter(loader))
    stored = events.batch(first.event_id[:, 1])
    for view in (first, second):
        shift = view.pos[:, 0] - stored.pos[:, 0]
        assert 1 <= float(shift.min()) <= float(shift.max()) < 2.001
        assert "edge_index" in view
    assert not torch.equal(first.pos, second.pos)
    both = module(needs, source=Shifted()).train_dataloader()
    alone = module(needs).train_dataloader()
    shifted, dropped = next(iter(both))[0], next(iter(alone))[0]
    assert shifted.pos.size(0) < stored.pos.size(0), "the augmentation acts after the source"
    assert torch.equal(shifted.x, dropped.x), "what is drawn for it does not depend on the source"
    plain = module(Needs(), source=Shifted(), edges=None).train_dataloader()
    (view,) = next(iter(plain))
    assert torch.equal(view.pos, events.batch(view.event_id[:, 1]).pos), "not asked for"


def test_views_of_a_source_do_not_depend_on_workers():
    needs = Needs(views=2, augmented=True)
    here = tensors(module(needs, source=Shifted()).train_dataloader())
    there = tensors(module(needs, source=Shifted(), num_workers=2).train_dataloader())
    for a, b in zip(here, there, strict=True):
        assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_dataset_is_a_function_of_the_step():
    dataset = ViewDataset(
        store(), views=1, augmentation=HitDropout(0.5), edges=None, seed=1, purpose="a"
    )
    (step, *_) = BatchPlan(torch.arange(20), 20, None)
    assert torch.equal(dataset[step][0].pos, dataset[step][0].pos)
    two = ViewDataset(
        store(), views=2, augmentation=HitDropout(0.5), edges=None, seed=1, purpose="a"
    )
    first, second = two[step]
    assert not torch.equal(first.x, second.x)
    own = generator(1, "a", step.epoch, step.number, "augmentation")
    expected = HitDropout(0.5).views([store().batch(step.events)] * 2, own)
    assert torch.equal(torch.cat([first.x, second.x]), torch.cat([one.x for one in expected]))
    other = ViewDataset(
        store(), views=1, augmentation=HitDropout(0.5), edges=None, seed=1, purpose="b"
    )
    views = [
        other[step][0],
        *(dataset[Step(*place, step.events)][0] for place in ((0, 0), (0, 1), (1, 0))),
    ]
    kept = {tuple(view.x[:, 0].tolist()) for view in views}
    assert len(kept) == 4, "purpose, epoch and step each draw other numbers"


@pytest.mark.parametrize("beside", [5, 23, 40])
@pytest.mark.parametrize("world", [1, 2])
def test_a_paired_plan_has_as_many_events_of_the_target_in_each_step(beside, world):
    source, target = torch.arange(23), torch.arange(100, 100 + beside)
    plans = [
        PairedPlan(*(BatchPlan(events, 4, 3, share=share) for events in (source, target)))
        for share in (Share(rank, world) for rank in range(world))
    ]
    for epoch in range(2):
        steps = [plan.steps(epoch) for plan in plans]
        assert [len(own) for own in steps] == [len(plan) for plan in plans]
        for events in (events for own in steps for events in own):
            assert torch.equal(events, events.sort().values)
            assert int((events >= 100).sum()) * 2 == events.numel()
        for own in steps[: world == 1]:  # of several, each has its share of each round
            taken = torch.cat(own)
            counts = torch.bincount(taken[taken >= 100] - 100, minlength=beside)
            counts = counts[counts > 0]
            assert int(counts.max() - counts.min()) <= 1, "round after round"
        everything = torch.cat([events for own in steps for events in own])
        assert torch.equal(everything[everything < 100].sort().values, source), "each once"


def test_a_paired_plan_takes_other_target_events_beside_in_each_epoch():
    plan = PairedPlan(BatchPlan(torch.arange(8), 8, 3), BatchPlan(torch.arange(100, 200), 8, 4))
    one, two = (set(torch.cat(plan.steps(epoch)).tolist()) for epoch in range(2))
    assert one != two
    again = set(torch.cat(plan.steps(0)).tolist())
    assert one == again


def test_hidden_labels_are_unknown_and_the_store_is_left_alone():
    store = EventStore(
        {},
        {"y": torch.tensor([0, 1, 0, 1]), "domain": torch.tensor([0, 1, 2, 1])},
        torch.arange(5),
        (),
    )
    hidden = hide_labels(store, [1])
    assert hidden.labels.tolist() == [0, -1, 0, -1]
    assert store.labels.tolist() == [0, 1, 0, 1]
    assert hide_labels(store, []).labels.tolist() == [0, 1, 0, 1]
