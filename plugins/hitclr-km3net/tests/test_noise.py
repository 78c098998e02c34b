import math
from collections import Counter

import pytest
import torch
from hitclr_km3net import NoiseHits

from hitclr.augment import Draws
from hitclr.errors import AugmentationError, SchemaError, SettingsError
from hitclr.events import counts_from_ptr, make_batch, replace_hits, select_events
from hitclr.rng import generator


def added(batch, noise, seed=1):
    """The view, and which of its hits are new [N] bool."""
    view, _ = noise.view(batch, generator(seed))
    counts = counts_from_ptr(batch.ptr)
    place = torch.arange(view.pos.size(0)) - view.ptr[view.batch]
    return view, place >= counts[view.batch]


def tubes(batch, rows=slice(None)):
    """Event, module, channel, position and direction of hits."""
    return list(
        zip(
            batch.batch[rows].tolist(),
            batch.hit_dom_id[rows].tolist(),
            batch.hit_channel_id[rows].tolist(),
            map(tuple, batch.pos[rows].tolist()),
            map(tuple, batch.x[rows, 2:5].tolist()),
            strict=True,
        )
    )


def expected_counts(batch, rate, window=None, channels=31):
    found = []
    for event in range(batch.num_graphs):
        rows = batch.batch == event
        time = batch.x[rows, 0].double()
        length = float(time.max() - time.min()) if window is None else window
        modules = len(set(batch.hit_dom_id[rows].tolist()))
        found.append(rate * 1e3 * length * 1e-9 * channels * modules)
    return found


@pytest.mark.parametrize(("rate", "window"), [(7.5, None), (10.0, 4000.0)])
def test_number_of_noise_hits(batch, rate, window):
    view, _ = added(batch, NoiseHits(rate, window_ns=window))
    got = (counts_from_ptr(view.ptr) - counts_from_ptr(batch.ptr)).double()
    expected = torch.tensor(expected_counts(batch, rate, window), dtype=torch.float64)
    assert abs(got.sum() - expected.sum()) < 5 * math.sqrt(expected.sum())
    # Poisson: the squared deviations over the expectations have mean 1 and, per event, a variance
    # of 2 + 1 / expectation.
    chi2 = ((got - expected) ** 2 / expected).sum()
    spread = torch.sqrt((2 + 1 / expected).sum())
    assert abs(chi2 - len(got)) < 5 * spread


def test_channels(batch):
    few, _ = added(batch, NoiseHits(10.0, window_ns=1e4, channels=1))
    expected = sum(expected_counts(batch, 10.0, 1e4, channels=1))
    got = few.pos.size(0) - batch.pos.size(0)
    assert abs(got - expected) < 5 * math.sqrt(expected)


def test_old_hits_stay(batch):
    view, new = added(batch, NoiseHits())
    for name in ("pos", "x", "hit_dom_id", "hit_channel_id", "hit_trig"):
        assert torch.equal(view[name][~new], batch[name])
        assert view[name].dtype == batch[name].dtype


def test_noise_lies_on_tubes_that_the_event_hit(batch):
    view, new = added(batch, NoiseHits())
    assert new.sum() > 1000
    assert set(tubes(view, new)) <= set(tubes(batch))
    assert (view.hit_trig[new] == 0).all()
    assert (batch.hit_trig > 0).any()


def one_event(modules):
    """An event with the channels of each module that have a hit, the first of them twice."""
    pairs = [(m, c) for m, channels in modules.items() for c in (channels[0], *channels)]
    dom, channel = torch.tensor(pairs).T
    number = len(pairs)
    hits = {
        "pos": torch.stack([dom, channel, torch.zeros(number)], 1).float(),
        "x": torch.stack([torch.arange(number) * 100.0, torch.full((number,), 20.0)], 1),
        "hit_dom_id": dom,
        "hit_channel_id": channel,
    }
    return make_batch(hits, {}, torch.tensor([0, number]), ["t", "tot"])


def test_modules_are_alike_and_so_are_the_tubes_of_one():
    batch = one_event({900: [0, 5, 30], 7: [2], 55: [1, 2]})
    view, new = added(batch, NoiseHits(1000.0, window_ns=1e6))
    number = int(new.sum())
    assert number > 50_000
    pairs = zip(view.hit_dom_id[new].tolist(), view.hit_channel_id[new].tolist(), strict=True)
    got = Counter(pairs)
    shares = {(900, 0): 9, (900, 5): 9, (900, 30): 9, (7, 2): 3, (55, 1): 6, (55, 2): 6}
    assert got.keys() == shares.keys()
    for pair, share in shares.items():
        expected = number / share
        assert abs(got[pair] - expected) < 5 * math.sqrt(expected)


@pytest.mark.parametrize("window", [None, 3000.0])
def test_times_are_uniform_in_the_window(window):
    batch = one_event({1: [0, 1, 2, 3], 2: [4, 5, 6]})
    low, high = 0.0, 800.0
    if window is not None:
        low, high = 400 - window / 2, 400 + window / 2
    view, new = added(batch, NoiseHits(5000.0, window_ns=window))
    time = view.x[new, 0].double()
    assert time.min() >= low
    assert time.max() <= high
    share, _ = torch.sort((time - low) / (high - low))
    steps = torch.arange(1, len(share) + 1) / len(share)
    # Kolmogorov-Smirnov: this is passed with a probability of one in a million only.
    assert (share - steps).abs().max() < 2.7 / math.sqrt(len(share))


def test_time_over_threshold(batch):
    view, new = added(batch, NoiseHits(10.0, window_ns=4000.0))
    tot = view.x[new, 1].double()
    assert torch.equal(tot, tot.round())
    assert tot.min() >= 1
    assert tot.max() <= 255
    assert tot.mean() == pytest.approx(23.5, abs=5 * 6 / math.sqrt(len(tot)))
    assert tot.std() == pytest.approx(6.0, rel=0.05)
    fixed, new = added(batch, NoiseHits(10.0, tot_ns=30.0))
    assert set(fixed.x[new, 1].tolist()) == {30.0}


def test_default_time_over_threshold_is_that_of_untriggered_hits(batch):
    tot = batch.x[batch.hit_trig == 0, 1].double()
    default = NoiseHits().tot_ns
    assert tot.mean() == pytest.approx(default.mean, abs=1)
    assert tot.std() == pytest.approx(default.deviation, abs=1)


def test_draws_of_some_events(batch):
    noise = NoiseHits()
    view, draws = noise.view(batch, generator(9))
    events = torch.tensor([17, 3, 99])
    part = noise.apply(select_events(batch, events), draws.select(events))
    expected = select_events(view, events)
    for name in ("pos", "x", "hit_dom_id", "hit_channel_id", "hit_trig", "ptr"):
        assert torch.equal(part[name], expected[name])


def test_single_hit_has_no_time_range():
    batch = make_batch(
        {
            "pos": torch.zeros(1, 3),
            "x": torch.zeros(1, 2),
            "hit_dom_id": torch.tensor([3]),
            "hit_channel_id": torch.tensor([0]),
        },
        {},
        torch.tensor([0, 1]),
        ["t", "tot"],
    )
    assert added(batch, NoiseHits(1e6))[0].pos.size(0) == 1
    assert added(batch, NoiseHits(1e3, window_ns=1e3))[0].pos.size(0) > 1


@pytest.mark.parametrize(
    "options",
    [
        {"rate_khz": -1.0},
        {"window_ns": -5.0},
        {"window_ns": math.inf},
        {"tot_ns": 0.0},
        {"tot_ns": 300.0},
        {"channels": 0},
    ],
)
def test_refuses_options(options):
    with pytest.raises(SettingsError, match=next(iter(options))):
        NoiseHits(**options)


@pytest.mark.parametrize("name", ["hit_dom_id", "hit_channel_id"])
def test_needs_ids(batch, name):
    del batch[name]
    with pytest.raises(SchemaError, match=name):
        NoiseHits().view(batch, generator(1))


def test_needs_times(batch):
    bare = make_batch(
        {
            "pos": batch.pos,
            "x": batch.x[:, :1],
            "hit_dom_id": batch.hit_dom_id,
            "hit_channel_id": batch.hit_channel_id,
        },
        {},
        batch.ptr,
        ["charge"],
    )
    with pytest.raises(SchemaError, match="'t'"):
        NoiseHits().view(bare, generator(1))


def test_refuses_draws_of_another_augmentation(batch):
    draws = Draws(batch.ptr, event={"active": torch.ones(batch.num_graphs, dtype=torch.bool)})
    with pytest.raises(AugmentationError, match="hits to add"):
        NoiseHits().apply(replace_hits(batch, {}), draws)
