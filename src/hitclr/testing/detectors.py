"""The contract of a detector, clause by clause."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch_geometric.data import Batch

from hitclr.detectors import Deposits, Detector, DetectorParameter, Throw, Throws, shoot
from hitclr.events import EventStore, counts_from_ptr, ptr_from_counts
from hitclr.rng import generator
from hitclr.testing.check import Check
from hitclr.testing.compare import batch_difference
from hitclr.testing.randomness import global_states, seeded_globals
from hitclr.testing.simulated import file_fault
from hitclr.testing.work import loop_fault

__all__ = ["DETECTOR_CHECKS", "check_detector", "shoot_events"]

_EVENTS = 8
_UNITS_IN_CM = {"mm": 0.1, "cm": 1.0, "m": 100.0}


def check_detector(detector: Detector, deposits: Deposits | None = None) -> None:
    """Check a detector against its whole contract.

    Args:
        detector: the detector.
        deposits: some events; without them some are shot with the detector's beam.

    Raises:
        AssertionError: a clause is broken; the message says which, what was expected, what came,
            at the smallest event that shows it, and why it matters.
    """
    deposits = shoot_events(detector) if deposits is None else deposits
    for check in DETECTOR_CHECKS:
        check(detector, deposits)


def shoot_events(detector: Detector) -> Deposits:
    """Some events of the detector's beam."""
    random = np.random.default_rng(1)
    primaries = detector.beam.draw(0, _EVENTS, random)
    return shoot(primaries, detector.material, random, step=detector.step)


def _has_a_nominal_throw(detector: Detector, _: Deposits) -> str | None:
    """The first throw is called nominal and has the nominal value of every parameter.

    Simulations without any option are made with it, and the others are compared with them.
    """
    nominal = {parameter.name: parameter.nominal for parameter in detector.parameters}
    first = detector.throws[0] if detector.throws else None
    if first is None or first.name != "nominal":
        return f"expected the throw nominal first, got {first.name if first else 'no throws'}"
    for name in sorted(nominal.keys() | first.values.keys()):
        if nominal.get(name) != first.values.get(name):
            return (
                f"parameter {name!r}: expected {nominal.get(name)} in the throw nominal, got "
                f"{first.values.get(name)}"
            )
    return None


def _has_whole_throws(detector: Detector, _: Deposits) -> str | None:
    """Each throw has a name of its own and a value, that can be computed, for every parameter.

    A study goes through all throws by name.
    """
    names = [parameter.name for parameter in detector.parameters]
    seen = [throw.name for throw in detector.throws]
    for throw in detector.throws:
        if seen.count(throw.name) > 1:
            return f"the throw {throw.name!r} is there {seen.count(throw.name)} times"
        if set(throw.values) != set(names):
            return f"throw {throw.name!r}: expected values of {names}, got {list(throw.values)}"
        for name, value in throw.values.items():
            detector.parameter(name).check(value)
    return None


def _keeps_its_events(detector: Detector, deposits: Deposits) -> str | None:
    """The response has the events of the deposits, all and in order, with columns that fit.

    Views, truth and files are put together by the place of an event.
    """
    store = _answer(detector, deposits)
    if len(store) != len(deposits):
        return (
            f"expected {len(deposits)} events, got {len(store)}; an event without a hit stays, too"
        )
    for name, column in deposits.truth.items():
        if name not in store.events or not torch.equal(store.events[name], column):
            return f"expected the truth column {name!r} of the deposits as an event column"
    batch = _batch(store)
    if batch.pos.size(0) == 0:
        return f"{len(store)} events of its own beam made no hit at all"
    if batch.pos.shape[1:] != (3,) or batch.pos.dtype != torch.float32:
        return f"expected pos [N, 3] float32, got {list(batch.pos.shape)} {batch.pos.dtype}"
    features = len(store.feature_names)
    if batch.x.shape[1:] != (features,) or batch.x.dtype != torch.float32:
        return (
            f"expected x [N, {features}] float32, a column for each of {store.feature_names}, got "
            f"{list(batch.x.shape)} {batch.x.dtype}"
        )
    bad = [name for name in ("pos", "x") if not bool(batch[name].isfinite().all())]
    return f"expected finite numbers in {' and '.join(bad)}" if bad else None


def _agrees_with_its_schema(detector: Detector, deposits: Deposits) -> str | None:
    """The features, their units and that of the positions are those of its schema.

    A model that was trained on files then reads re-simulated views.
    """
    store, schema = _answer(detector, deposits), detector.schema
    pairs = (
        ("features", schema.feature_names, store.feature_names),
        ("units", tuple(feature.unit for feature in schema.features), store.feature_units),
        ("unit of the positions", schema.positions.unit, store.position_unit),
    )
    for what, wanted, got in pairs:
        if wanted != got:
            return f"{what}: the schema {schema.name!r} has {wanted}, the response {got}"
    return None


def _uses_only_the_generator(detector: Detector, deposits: Deposits) -> str | None:
    """All randomness comes from the generator, none from a global random state.

    Otherwise a run depends on what else has drawn numbers, and on the number of processes.
    """
    answers = []
    for seed in (1, 2):
        with seeded_globals(seed):
            before = global_states()
            answers.append(_batch(_answer(detector, deposits)))
            after = global_states()
        touched = [name for name, state in before.items() if state != after[name]]
        if touched:
            return f"expected the global random states untouched, changed: {', '.join(touched)}"
    fault = batch_difference(*answers)
    return None if fault is None else f"one seed, two runs with other global seeds: {fault}"


def _repeats(detector: Detector, deposits: Deposits) -> str | None:
    """The same seed of the generator gives the same hits, bit for bit.

    A production can then be made again, in parts and on other machines.
    """
    first, second = (_batch(_answer(detector, deposits)) for _ in range(2))
    return batch_difference(first, second)


def _nominal_values_give_the_nominal_hits(detector: Detector, deposits: Deposits) -> str | None:
    """The nominal values, given one by one, give the hits of the nominal throw, bit for bit.

    Else the default simulation is not that of its own parameters.
    """
    number = len(deposits)
    drawn = detector.draw(number, generator(1, "nominal"), ())
    alike = Throws.same(detector.throw(), number)
    cases = (
        ("Detector.draw with nothing to vary", Throws(drawn.values, alike.channels)),
        ("Detector.change to the nominal values", Throws.same(_explicit(detector), number)),
    )
    expected = _batch(_answer(detector, deposits))
    for what, throws in cases:
        fault = batch_difference(expected, _batch(_answer(detector, deposits, throws)))
        if fault is not None:
            return f"{what}: {fault}"
    return None


def _each_parameter_changes_hits(detector: Detector, deposits: Deposits) -> str | None:
    """Each parameter, moved over its range alone, changes hits.

    A parameter without an effect makes a model look robust against it.
    """
    nominal = _batch(_answer(detector, deposits))
    for parameter in detector.parameters:
        ends = {parameter.low, parameter.high} - {parameter.nominal}
        if not ends:
            return (
                f"parameter {parameter.name!r}: low, nominal and high are all "
                f"{parameter.nominal:g}: give it a range, or make it a constant"
            )
        if not any(
            batch_difference(nominal, _moved(detector, deposits, parameter, end)) for end in ends
        ):
            return (
                f"parameter {parameter.name!r} ({parameter.meaning}): all "
                f"{nominal.pos.size(0)} hits of {nominal.num_graphs} events are the same at "
                f"{parameter.low:g}, {parameter.nominal:g} and {parameter.high:g}"
                f"{f' {parameter.unit}' if parameter.unit else ''}"
            )
    return None


def _stays_in_its_volume(detector: Detector, deposits: Deposits) -> str | None:
    """Where it declares a volume, all hits lie in it, also of deposits at its borders.

    A hit outside is one of a detector that does not exist.
    """
    if detector.volume is None:
        return None
    low, high = (torch.tensor(corner) for corner in detector.volume)
    if not bool((low < high).all()):
        return f"expected the lower corner first in volume, got {detector.volume}"
    for corner in (None, low, high):
        moved = deposits if corner is None else _moved_to(deposits, corner)
        store = _answer(detector, moved)
        if store.position_unit not in _UNITS_IN_CM:
            return f"expected positions in {', '.join(_UNITS_IN_CM)}, got {store.position_unit!r}"
        pos = store.hits["pos"] * _UNITS_IN_CM[store.position_unit]
        # float32 rounds what lies on the border.
        slack = 1e-6 * (high - low)
        outside = ((pos < low - slack) | (pos > high + slack)).any(1).nonzero().flatten()
        if outside.numel():
            return (
                f"{outside.numel()} of {pos.size(0)} hits lie outside of {low.tolist()} to "
                f"{high.tolist()} cm, one at {pos[outside[0]].tolist()} cm"
            )
    return None


def _its_schema_reads_its_files(detector: Detector, _: Deposits) -> str | None:
    """The files that hitclr simulate writes are read back by its schema, number by number.

    That is the way from the detector into training.
    """
    with tempfile.TemporaryDirectory() as folder:
        return file_fault(detector, Path(folder) / "events.root")


def _loops_over_no_events(detector: Detector, deposits: Deposits) -> str | None:
    """Python's work does not grow with the number of events, at the same number of deposits.

    Views are re-simulated in every step of a training, which would wait for a loop over events.
    """

    def run(events: int, each: int) -> Callable[[], object]:
        made = _regrouped(deposits, events, each)
        return lambda: _answer(detector, made)

    return loop_fault(run)


def _answer(detector: Detector, deposits: Deposits, throws: Throws | None = None) -> EventStore:
    throws = Throws.same(detector.throw(), len(deposits)) if throws is None else throws
    random = generator(1, "check_detector", device=deposits.device)
    with torch.no_grad():
        return detector.respond(deposits, throws.to(deposits.device), random)


def _batch(store: EventStore) -> Batch:
    return store.batch(torch.arange(len(store), device=store.ptr.device))


def _explicit(detector: Detector) -> Throw:
    nominal = {parameter.name: parameter.nominal for parameter in detector.parameters}
    return detector.change(detector.throw(), nominal)


def _moved(
    detector: Detector, deposits: Deposits, parameter: DetectorParameter, value: float
) -> Batch:
    throw = detector.change(detector.throw(), {parameter.name: value})
    return _batch(_answer(detector, deposits, Throws.same(throw, len(deposits))))


def _moved_to(deposits: Deposits, corner: torch.Tensor) -> Deposits:
    """The deposits with the middle of each event at a point [3] in cm."""
    number = len(deposits)
    sums = deposits.pos.new_zeros(number, 3).index_add_(0, deposits.event, deposits.pos)
    middle = sums / counts_from_ptr(deposits.ptr).clamp(min=1)[:, None]
    pos = deposits.pos - middle[deposits.event] + corner.to(deposits.pos)
    return Deposits(
        deposits.ptr, pos, deposits.energy, deposits.length, deposits.time, deposits.truth
    )


def _regrouped(deposits: Deposits, events: int, each: int) -> Deposits:
    """As many events of as many deposits each, from those that there are, in their order."""
    rows = torch.arange(events * each) % deposits.pos.size(0)
    owners = torch.arange(events) % len(deposits)
    return Deposits(
        ptr_from_counts(torch.full((events,), each)),
        deposits.pos[rows],
        deposits.energy[rows],
        deposits.length[rows],
        deposits.time[rows],
        {name: column[owners] for name, column in deposits.truth.items()},
    )


DETECTOR_CHECKS: tuple[Check, ...] = tuple(
    Check(find_fault)
    for find_fault in (
        _has_a_nominal_throw,
        _has_whole_throws,
        _keeps_its_events,
        _agrees_with_its_schema,
        _uses_only_the_generator,
        _repeats,
        _nominal_values_give_the_nominal_hits,
        _each_parameter_changes_hits,
        _stays_in_its_volume,
        _its_schema_reads_its_files,
        _loops_over_no_events,
    )
)
"""The clauses, in the order in which a broken one is easiest to understand."""
