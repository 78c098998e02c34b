"""The contract of an augmentation, clause by clause."""

from __future__ import annotations

import copy

import torch
from torch import Tensor
from torch_geometric.data import Batch, Data

from hitclr import fields
from hitclr.augment import Augmentation
from hitclr.errors import AugmentationError
from hitclr.events import counts_from_ptr, select_events
from hitclr.rng import generator
from hitclr.testing.augmentation_code import (
    documents_its_units,
    gives_the_same_on_a_gpu,
    loops_over_no_events,
)
from hitclr.testing.batches import first_hits, number_hits, repeat_events
from hitclr.testing.check import Check
from hitclr.testing.compare import (
    batch_difference,
    columns_of,
    draws_difference,
    draws_fault,
    rows_that_differ,
    soundness_fault,
)
from hitclr.testing.randomness import global_states, seeded_globals

__all__ = ["AUGMENTATION_CHECKS", "check_augmentation"]

_ROUNDING = 1e-5
"""Relative to the largest number of a column. Vectorised functions round the last digit
differently for other lengths of a tensor; hits of the wrong event are far off."""

_ROW = f"{fields.HIT_PREFIX}check_row"
_SEEDS = (1, 2, 3)


def check_augmentation(augmentation: Augmentation, batch: Batch) -> None:
    """Check an augmentation against its whole contract.

    Args:
        augmentation: the augmentation. Its own probability does not matter.
        batch: events of the kind that it is made for, a handful of different sizes, with the
            columns that it needs (`hitclr.testing.make_events` makes them).

    Raises:
        AssertionError: a clause is broken; the message says which, what was expected, what came,
            at the smallest event that shows it, and why it matters.
    """
    for check in AUGMENTATION_CHECKS:
        check(augmentation, batch.clone())  # what one check breaks, the next should not see


def _finds_what_it_reads(augmentation: Augmentation, batch: Batch) -> str | None:
    """The batch of the test has the columns that the augmentation declares to read.

    The other checks need a batch that the augmentation is made for.
    """
    missing = [name for name in augmentation.reads if name not in batch]
    return f"the batch lacks {', '.join(missing)}; make one that has them" if missing else None


def _draws_fit_the_batch(augmentation: Augmentation, batch: Batch) -> str | None:
    """Drawn parameters have one row per event or per hit of the batch they are drawn for.

    Only then can the draws of single events be picked out, and a view be replayed.
    """
    draws = _always(augmentation).draw(batch, _source(batch))
    if not torch.equal(draws.ptr, batch.ptr):
        return "expected draws.ptr to be the ptr of the batch that was drawn for"
    return draws_fault(draws, batch.pos.device)


def _keeps_a_hit(augmentation: Augmentation, batch: Batch) -> str | None:
    """At least one hit is left of every event that had one.

    An event without hits has no representation, and pooling over nothing is undefined.
    """
    augmentation = _always(augmentation)
    for most in (1, 2, int(counts_from_ptr(batch.ptr).max())):
        many = repeat_events(first_hits(batch, most), 10)
        for seed in _SEEDS:
            try:
                view, _ = augmentation.view(many, _source(batch, seed))
            except AugmentationError as error:
                return f"events of at most {most} hits: {error}"
            counts = counts_from_ptr(many.ptr)
            emptied = (counts > 0) & (counts_from_ptr(view.ptr) == 0)
            if bool(emptied.any()):
                event = int(emptied.nonzero()[0])
                return f"expected 1 of {int(counts[event])} hits or more, got none"
    return None


def _leaves_its_input(augmentation: Augmentation, batch: Batch) -> str | None:
    """The batch and the draws that go in are not changed.

    Two views are made of one batch, and draws are kept to replay a view.
    """
    augmentation = _always(augmentation)
    kept, number_of_columns = batch.clone(), len(batch.keys())
    draws = augmentation.draw(batch, _source(batch))
    kept_draws = copy.deepcopy(draws)
    augmentation.apply(batch, draws)
    if len(batch.keys()) != number_of_columns:
        return f"expected the columns {sorted(kept.keys())}, got {sorted(batch.keys())}"
    return batch_difference(kept, batch) or draws_difference(kept_draws, draws)


def _uses_only_the_generator(augmentation: Augmentation, batch: Batch) -> str | None:
    """All randomness comes from the generator, none from a global random state.

    Otherwise a run depends on what else has drawn numbers, and on the number of workers.
    """
    augmentation = _always(augmentation)
    outcomes = []
    for seed in _SEEDS:
        with seeded_globals(seed):
            before = global_states()
            outcomes.append(augmentation.view(batch.clone(), _source(batch)))
            after = global_states()
        touched = [name for name, state in before.items() if state != after[name]]
        if touched:
            return f"expected the global random states untouched, changed: {', '.join(touched)}"
    (view, draws), *others = outcomes
    for other_view, other_draws in others:
        fault = draws_difference(draws, other_draws) or batch_difference(view, other_view)
        if fault is not None:
            return f"one generator seed, two runs with other global seeds: {fault}"
    return None


def _draws_repeat(augmentation: Augmentation, batch: Batch) -> str | None:
    """The same generator seed gives the same draws.

    A resumed run goes on with the views that it would have had.
    """
    augmentation = _always(augmentation)
    for seed in _SEEDS:
        first, second = (augmentation.draw(batch, _source(batch, seed)) for _ in range(2))
        fault = draws_difference(first, second)
        if fault is not None:
            return fault
    return None


def _replays_exactly(augmentation: Augmentation, batch: Batch) -> str | None:
    """Applying the recorded draws again gives the same view, bit for bit.

    A view that someone asks about can then be shown, and apply has no randomness of its own.
    """
    augmentation = _always(augmentation)
    view, draws = augmentation.view(batch, _source(batch))
    for _ in range(2):
        fault = batch_difference(view, augmentation.apply(batch, draws))
        if fault is not None:
            return fault
    drawn = augmentation.draw(batch, _source(batch))
    fault = draws_difference(draws, drawn)
    return None if fault is None else f"draw and view differ: {fault}"


def _makes_a_sound_batch(augmentation: Augmentation, batch: Batch) -> str | None:
    """A view is a batch like the one that went in: columns, dtypes, lengths, finite numbers.

    Everything after the augmentation relies on it.
    """
    view, _ = _always(augmentation).view(batch, _source(batch))
    return soundness_fault(batch, view)


def _treats_events_alone(augmentation: Augmentation, batch: Batch) -> str | None:
    """An event comes out the same alone as in a batch, with the same draws.

    A batched implementation that mixes events or miscounts offsets shows here.
    """
    view, draws = _always(augmentation).view(batch, _source(batch))
    for event in counts_from_ptr(batch.ptr).argsort().tolist():
        chosen = torch.tensor([event], device=batch.ptr.device)
        alone = augmentation.apply(select_events(batch, chosen), draws.select(chosen))
        fault = batch_difference(alone, select_events(view, chosen), tolerance=_ROUNDING)
        if fault is not None:
            return f"event {event} of the batch, expected as it is alone: {fault}"
    return None


def _does_nothing_at_probability_0(augmentation: Augmentation, batch: Batch) -> str | None:
    """With probability 0 nothing changes, bit for bit.

    The probability is the one switch that a study turns.
    """
    view, _ = _with_probability(augmentation, 0.0).view(batch, _source(batch))
    return batch_difference(batch, view)


def _leaves_inactive_events(augmentation: Augmentation, batch: Batch) -> str | None:
    """At a probability below 1 the events left out stay as they are, bit for bit.

    The others are put back between them; a slip there mixes events.
    """
    many = repeat_events(batch, 4)
    view, draws = _with_probability(augmentation, 0.5).view(many, _source(batch))
    left_out = (~draws.active).nonzero().flatten()
    fault = batch_difference(select_events(many, left_out), select_events(view, left_out))
    return fault or soundness_fault(many, view)


def _keeps_hits_if_declared(augmentation: Augmentation, batch: Batch) -> str | None:
    """Where it declares keeps_hits, the number and the order of hits stay.

    Per-hit quantities of two views are then compared row by row.
    """
    if not augmentation.keeps_hits:
        return None
    numbered = number_hits(batch, _ROW)
    view, _ = _always(augmentation).view(numbered, _source(batch))
    if not torch.equal(view.ptr, batch.ptr):
        before, after = (counts_from_ptr(ptr).tolist() for ptr in (batch.ptr, view.ptr))
        return f"expected events of {before} hits, got {after}; set keeps_hits to False"
    if not torch.equal(view[_ROW], numbered[_ROW]):
        return "expected the hits in their order, got another one; set keeps_hits to False"
    return None


def _keeps_distances_if_declared(augmentation: Augmentation, batch: Batch) -> str | None:
    """Where it declares keeps_distances, hits and the distances between them stay.

    Edges made before the augmentation are then used after it.
    """
    if not augmentation.keeps_distances:
        return None
    if not augmentation.keeps_hits:
        return "expected keeps_hits to be declared too: a lost hit takes its distances along"
    view, _ = _always(augmentation).view(batch, _source(batch))
    for event in counts_from_ptr(batch.ptr).argsort().tolist():
        hits = slice(int(batch.ptr[event]), int(batch.ptr[event + 1]))
        before, after = (each.pos[hits].double() for each in (batch, view))
        slack = _ROUNDING * max(float(p.abs().amax()) if len(p) else 0.0 for p in (before, after))
        change = (torch.pdist(before) - torch.pdist(after)).abs()
        if change.numel() > 0 and float(change.max()) > slack:
            return (
                f"event {event} of {len(before)} hits: a distance of "
                f"{float(torch.pdist(before)[change.argmax()]):g} became "
                f"{float(torch.pdist(after)[change.argmax()]):g}; set keeps_distances to False"
            )
    return None


def _writes_what_it_declares(augmentation: Augmentation, batch: Batch) -> str | None:
    """Only the columns declared in writes change, and the columns of a hit stay together.

    The events that an augmentation leaves out keep the columns that it does not declare.
    """
    numbered = number_hits(batch, _ROW)
    view, _ = _always(augmentation).view(numbered, _source(batch))
    rows, origin = _old_hits(numbered, view)
    for name, column in columns_of(view).items():
        if name in augmentation.writes or name == _ROW:
            continue
        if fields.is_hit_field(name):
            expected, got, what = numbered[name][origin], column[rows], "hit"
        else:
            expected, got, what = numbered[name], column, "event"
        wrong = rows_that_differ(expected, got)
        if wrong.numel() > 0:
            row = int(wrong[0])
            return (
                f"column {name!r} is not among {augmentation.writes}: expected "
                f"{expected[row].tolist()} for {what} {row}, got {got[row].tolist()}"
            )
    return None


def _takes_single_hits(augmentation: Augmentation, batch: Batch) -> str | None:
    """Events of one hit are taken like any others.

    They exist, and there are as many hits as events in a batch of them, which hides mistakes.
    """
    single = first_hits(batch, 1)
    fault = _makes_a_sound_batch(augmentation, single) or _treats_events_alone(augmentation, single)
    return None if fault is None else f"a batch of events of one hit: {fault}"


def _is_a_pyg_transform(augmentation: Augmentation, batch: Batch) -> str | None:
    """It can be called with a PyG Data or Batch, as any PyG transform.

    That is how it is used in pipelines that know nothing of hitclr.
    """
    augmentation = _always(augmentation)
    cases: list[tuple[Data | Batch, type]] = [(batch, Batch)]
    cases.extend((data, Data) for data in batch.to_data_list())
    for given, kind in cases:
        kept = given.clone()
        outcomes = []
        for _ in range(2):
            with seeded_globals(1):
                outcomes.append(augmentation(given))
        got = outcomes[0]
        if not isinstance(got, kind) or isinstance(got, Batch) != (kind is Batch):
            return f"expected a {kind.__name__} for a {kind.__name__}, got {type(got).__name__}"
        before, after, first, second = (
            each if isinstance(each, Batch) else Batch.from_data_list([each])
            for each in (kept, given, *outcomes)
        )
        fault = (
            batch_difference(before, after)
            or batch_difference(first, second)
            or soundness_fault(before, first)
        )
        if fault is not None:
            return f"called with a {kind.__name__}: {fault}"
    return None


def _always(augmentation: Augmentation) -> Augmentation:
    return _with_probability(augmentation, 1.0)


def _with_probability(augmentation: Augmentation, probability: float) -> Augmentation:
    changed = copy.copy(augmentation)
    changed.probability = probability
    return changed


def _source(batch: Batch, seed: int = 1) -> torch.Generator:
    return generator(seed, "check_augmentation", device=batch.pos.device)


def _old_hits(before: Batch, view: Batch) -> tuple[Tensor, Tensor]:
    """The rows [M] of ``view`` that hold hits of ``before``, and their rows [M] there.

    A hit that was added may carry any number, a copied one for instance: the first in its own
    event counts.
    """
    origin = view[_ROW]
    known = (origin >= 0) & (origin < before.pos.size(0))
    known &= before.batch[origin.clamp(0, before.pos.size(0) - 1)] == view.batch
    rows = known.nonzero().flatten()
    order = origin[rows].argsort(stable=True)
    again = torch.zeros_like(order, dtype=torch.bool)
    again[order[1:]] = origin[rows][order].diff() == 0
    rows = rows[~again]
    return rows, origin[rows]


AUGMENTATION_CHECKS: tuple[Check, ...] = tuple(
    Check(find_fault, gpu=find_fault is gives_the_same_on_a_gpu)
    for find_fault in (
        _finds_what_it_reads,
        _draws_fit_the_batch,
        _keeps_a_hit,
        _leaves_its_input,
        _uses_only_the_generator,
        _draws_repeat,
        _replays_exactly,
        _makes_a_sound_batch,
        _treats_events_alone,
        _does_nothing_at_probability_0,
        _leaves_inactive_events,
        _keeps_hits_if_declared,
        _keeps_distances_if_declared,
        _writes_what_it_declares,
        _takes_single_hits,
        _is_a_pyg_transform,
        loops_over_no_events,
        documents_its_units,
        gives_the_same_on_a_gpu,
    )
)
"""The clauses, in the order in which a broken one is easiest to understand."""
