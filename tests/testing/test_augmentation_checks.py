"""The checks of the kit each catch the mistake that they are there for."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from hitclr.augment import Augmentation, Chain, Draws, HitDropout, PositionJitter, Translation
from hitclr.events import (
    event_fields,
    feature_names,
    hit_fields,
    make_batch,
    ptr_after_mask,
    replace_hits,
)
from hitclr.testing import AUGMENTATION_CHECKS, check_augmentation, make_events

CHECKS = {check.name: check for check in AUGMENTATION_CHECKS}
_LEFT_OVER = torch.Generator().manual_seed(1)


class Shift(Augmentation):
    """A sound augmentation, which the broken ones below change in one place."""

    writes = ("pos",)

    def noise(self, count, generator):
        return torch.randn(count, 3, generator=generator, device=generator.device)

    def sample(self, batch, generator):
        return Draws(batch.ptr, event={"shift": self.noise(batch.num_graphs, generator)})

    def moved(self, batch, draws):
        return batch.pos + draws.event["shift"][batch.batch]

    def transform(self, batch, draws):
        return replace_hits(batch, {"pos": self.moved(batch, draws)})


class GlobalTorch(Shift):
    def noise(self, count, generator):
        return torch.randn(count, 3)


class GlobalNumpy(Shift):
    def noise(self, count, generator):
        return torch.from_numpy(np.random.normal(size=(count, 3))).float()  # noqa: NPY002


class GlobalStdlib(Shift):
    def noise(self, count, generator):
        return torch.full((count, 3), random.random())  # noqa: S311


class ReadsGlobalSeed(Shift):
    def noise(self, count, generator):
        return torch.full((count, 3), float(torch.initial_seed()))


class FreshEntropy(Shift):
    def noise(self, count, generator):
        return torch.from_numpy(np.random.default_rng().normal(size=(count, 3))).float()


class OwnState(Shift):
    """Goes on with a generator of its own, so that the second call draws other numbers."""

    def noise(self, count, generator):
        return torch.randn(count, 3, generator=_LEFT_OVER)


class RandomTransform(Shift):
    def moved(self, batch, draws):
        return batch.pos + torch.randn(batch.pos.shape, generator=_LEFT_OVER)


class GlobalRandomTransform(Shift):
    def moved(self, batch, draws):
        return batch.pos + torch.randn_like(batch.pos)


class WrongDrawRows(Shift):
    def sample(self, batch, generator):
        return Draws(batch.ptr, event={"shift": self.noise(1, generator)})

    def moved(self, batch, draws):
        return batch.pos + draws.event["shift"]


class WrongPtr(Shift):
    def sample(self, batch, generator):
        return Draws(batch.ptr + 1, event={"shift": self.noise(batch.num_graphs, generator)})


class NeedsMore(Shift):
    reads = ("hit_channel",)


class Empties(HitDropout):
    """Drops hits without looking whether one is left."""

    def transform(self, batch, draws):
        keep = draws.hit["chance"] >= 0.5
        hits = {name: column[keep] for name, column in hit_fields(batch).items()}
        return replace_hits(batch, hits, ptr_after_mask(batch.ptr, keep))


class EmptiesUnseen(Empties):
    """The same, around the guard of the base class."""

    def apply(self, batch, draws):
        return self.transform(batch, draws)


class MixesEvents(Shift):
    """Centres on the mean of the whole batch."""

    def moved(self, batch, draws):
        return batch.pos - batch.pos.mean(0)


class WrongOffsets(Shift):
    """Takes the first rows of the draws for hits instead of the events' ones."""

    def sample(self, batch, generator):
        return Draws(batch.ptr, hit={"shift": self.noise(batch.pos.size(0), generator)})

    def moved(self, batch, draws):
        place = torch.arange(batch.pos.size(0)) - batch.ptr[batch.batch]
        return batch.pos + draws.hit["shift"][place]


class ChangesInput(Shift):
    def transform(self, batch, draws):
        batch.pos += draws.event["shift"][batch.batch]
        return replace_hits(batch, {})


class AddsToInput(Shift):
    def transform(self, batch, draws):
        batch.scratch = torch.zeros(batch.num_graphs)
        return make_batch(
            {**hit_fields(batch), "pos": self.moved(batch, draws)},
            {name: value for name, value in event_fields(batch).items() if name != "scratch"},
            batch.ptr,
            feature_names(batch),
        )


class ChangesDraws(Shift):
    def moved(self, batch, draws):
        shift = draws.event["shift"].mul_(0.5)
        return batch.pos + shift[batch.batch]


class DropsAColumn(Shift):
    def transform(self, batch, draws):
        hits = {"pos": self.moved(batch, draws), "x": batch.x}
        return make_batch(hits, event_fields(batch), batch.ptr, feature_names(batch))


class DropsNames(Shift):
    def transform(self, batch, draws):
        hits = {**hit_fields(batch), "pos": self.moved(batch, draws)}
        return make_batch(hits, event_fields(batch), batch.ptr, ("a", "b"))


class DoublePrecision(Shift):
    def moved(self, batch, draws):
        return super().moved(batch, draws).double()


class NotFinite(Shift):
    def moved(self, batch, draws):
        return super().moved(batch, draws).log()


class StaleIndex(Shift):
    def transform(self, batch, draws):
        made = super().transform(batch, draws)
        made.batch = made.batch.flip(0)
        return made


class IgnoresProbability(Shift):
    def apply(self, batch, draws):
        return self.transform(batch, draws)


class PutsBackWrongly(Shift):
    """Acts on as many events as are active, but on the first ones."""

    def apply(self, batch, draws):
        first = torch.arange(batch.num_graphs) < draws.active.sum()
        view = self.transform(batch, draws)
        return replace_hits(
            batch, {"pos": torch.where(first[batch.batch, None], view.pos, batch.pos)}
        )


class Reorders(Shift):
    """Sorts the hits of an event by x, though it declares to keep them."""

    writes = ("pos", "x", "hit_module")

    def transform(self, batch, draws):
        order = batch.pos[:, 0].argsort()
        order = order[batch.batch[order].argsort(stable=True)]
        hits = {name: column[order] for name, column in hit_fields(batch).items()}
        return replace_hits(batch, hits)


class KeepsHitsFalsely(HitDropout):
    keeps_hits = True

    def _require_hits(self, before, after):
        """Left out, as an augmentation with an ``apply`` of its own would."""


class JitterKeepsDistances(PositionJitter):
    keeps_distances = True


class DropoutKeepsDistances(HitDropout):
    keeps_distances = True


class WritesMore(Shift):
    def transform(self, batch, draws):
        made = super().transform(batch, draws)
        made.energy = made.energy * 2
        return made


class TearsHitsApart(HitDropout):
    """Drops hits, and lines the features up with the wrong ones."""

    def transform(self, batch, draws):
        made = super().transform(batch, draws)
        return replace_hits(made, {"x": made.x.flip(0)})


class NeedsTwoHits(Shift):
    """Divides by the spread of an event."""

    def moved(self, batch, draws):
        count = batch.ptr.diff()[batch.batch, None]
        return batch.pos / (count - 1)


class Loops(Shift):
    """Goes through the events one by one."""

    def moved(self, batch, draws):
        parts = batch.pos.split(batch.ptr.diff().tolist())
        return torch.cat([p + s for p, s in zip(parts, draws.event["shift"], strict=True)])


class NoUnit(Shift):
    """A shift.

    Args:
        width: how far.
        probability: the probability with which each event is changed.
    """

    def __init__(self, width: float = 1.0, probability: float = 1.0) -> None:
        super().__init__(probability)
        self.width = width


class NoPygFace(Shift):
    def forward(self, data):
        return data.pos


class ChangesPygInput(Shift):
    def forward(self, data):
        if isinstance(data, Data):
            data.pos.add_(1.0)
        return super().forward(data)


SINGLE = (7, 1, 12, 3)
LARGE = (7, 5, 12, 3)
CASES = [
    (GlobalTorch(), "uses_only_the_generator", SINGLE),
    (GlobalNumpy(), "uses_only_the_generator", SINGLE),
    (GlobalStdlib(), "uses_only_the_generator", SINGLE),
    (ReadsGlobalSeed(), "uses_only_the_generator", SINGLE),
    (GlobalRandomTransform(), "uses_only_the_generator", SINGLE),
    (FreshEntropy(), "uses_only_the_generator", SINGLE),
    (FreshEntropy(), "draws_repeat", SINGLE),
    (OwnState(), "draws_repeat", SINGLE),
    (RandomTransform(), "replays_exactly", SINGLE),
    (WrongDrawRows(), "draws_fit_the_batch", SINGLE),
    (WrongPtr(), "draws_fit_the_batch", SINGLE),
    (Chain([WrongDrawRows()]), "draws_fit_the_batch", SINGLE),
    (NeedsMore(), "finds_what_it_reads", SINGLE),
    (Empties(), "keeps_a_hit", SINGLE),
    (EmptiesUnseen(), "keeps_a_hit", SINGLE),
    (MixesEvents(), "treats_events_alone", SINGLE),
    (WrongOffsets(), "treats_events_alone", SINGLE),
    (ChangesInput(), "leaves_its_input", SINGLE),
    (AddsToInput(), "leaves_its_input", SINGLE),
    (ChangesDraws(), "leaves_its_input", SINGLE),
    (DropsAColumn(), "makes_a_sound_batch", SINGLE),
    (DropsNames(), "makes_a_sound_batch", SINGLE),
    (DoublePrecision(), "makes_a_sound_batch", SINGLE),
    (NotFinite(), "makes_a_sound_batch", SINGLE),
    (StaleIndex(), "makes_a_sound_batch", SINGLE),
    (IgnoresProbability(), "does_nothing_at_probability_0", SINGLE),
    (IgnoresProbability(), "leaves_inactive_events", SINGLE),
    (PutsBackWrongly(), "leaves_inactive_events", SINGLE),
    (Reorders(), "keeps_hits_if_declared", SINGLE),
    (KeepsHitsFalsely(0.5), "keeps_hits_if_declared", SINGLE),
    (JitterKeepsDistances(), "keeps_distances_if_declared", SINGLE),
    (DropoutKeepsDistances(), "keeps_distances_if_declared", SINGLE),
    (WritesMore(), "writes_what_it_declares", SINGLE),
    (TearsHitsApart(0.5), "writes_what_it_declares", SINGLE),
    (NeedsTwoHits(), "takes_single_hits", LARGE),
    (NoPygFace(), "is_a_pyg_transform", SINGLE),
    (ChangesPygInput(), "is_a_pyg_transform", SINGLE),
    (Loops(), "loops_over_no_events", SINGLE),
    (NoUnit(), "documents_its_units", SINGLE),
]


@pytest.mark.parametrize(
    ("augmentation", "name", "counts"),
    CASES,
    ids=[f"{type(augmentation).__name__}-{name}" for augmentation, name, _ in CASES],
)
def test_a_mistake_is_caught_by_its_check(augmentation, name, counts):
    check = CHECKS[name]
    with pytest.raises(AssertionError) as caught:
        check(augmentation, make_events(5, counts))
    message = str(caught.value)
    assert check.title in message
    assert type(augmentation).__name__ in message
    assert check.why in message
    with pytest.raises(AssertionError):
        check_augmentation(augmentation, make_events(5, counts))


def test_every_check_has_a_mistake_that_it_catches():
    assert {name for _, name, _ in CASES} == {n for n, check in CHECKS.items() if not check.gpu}


@pytest.mark.parametrize("name", CHECKS)
def test_a_sound_augmentation_passes(name):
    CHECKS[name](Shift(), make_events(5))


def test_every_check_says_what_it_is_for():
    assert len({check.title for check in CHECKS.values()}) == len(CHECKS)
    for check in CHECKS.values():
        assert check.title.endswith(".")
        assert len(check.why) > 20


def test_the_first_broken_clause_is_the_one_reported():
    with pytest.raises(AssertionError, match="All randomness comes from the generator"):
        check_augmentation(GlobalTorch(), make_events(5))
    with pytest.raises(AssertionError, match="The batch and the draws that go in are not changed"):
        check_augmentation(ChangesInput(), make_events(5))
    with pytest.raises(AssertionError, match="At least one hit is left"):
        check_augmentation(Empties(), make_events(5))


def test_the_smallest_event_that_shows_it_is_shown():
    with pytest.raises(AssertionError, match=r"event 1 of the batch.*of 1 hits.*expected \["):
        CHECKS["treats_events_alone"](MixesEvents(), make_events(5, SINGLE))


def test_the_batch_of_the_caller_is_left_alone():
    batch = make_events(5)
    kept = batch.clone()
    with pytest.raises(AssertionError):
        check_augmentation(ChangesInput(), batch)
    assert torch.equal(batch.pos, kept.pos)


def test_checking_does_not_touch_the_global_random_states():
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    torch.manual_seed(1)
    expected = random.random(), np.random.random(), float(torch.rand(()))  # noqa: NPY002, S311
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    torch.manual_seed(1)
    check_augmentation(Translation(1.0), make_events(5))
    assert (random.random(), np.random.random(), float(torch.rand(()))) == expected  # noqa: NPY002, S311


def test_the_probability_of_the_object_does_not_hide_a_mistake():
    with pytest.raises(AssertionError):
        check_augmentation(MixesEvents(probability=0.0), make_events(5))
