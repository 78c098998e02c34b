"""The contract of an encoder, clause by clause."""

from __future__ import annotations

import io
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.events import (
    concat_batches,
    counts_from_ptr,
    hit_fields,
    replace_hits,
    select_events,
)
from hitclr.nn import InputNorm, encoder_width
from hitclr.rng import generator
from hitclr.testing.batches import crowded_event, first_hits
from hitclr.testing.check import Check

__all__ = ["ENCODER_CHECKS", "Make", "check_encoder", "embed_batch"]

Make = Callable[[int], nn.Module]
"""Makes an encoder for so many hit features."""

_ROUNDING = 1e-4
"""Relative to the largest number of the representation: sums in another order round otherwise."""

_MANY = 10_000


def check_encoder(make: Make, batch: Batch) -> None:
    """Check an encoder against its whole contract.

    Args:
        make: the encoder's class, or a function that makes one: called with the number of hit
            features.
        batch: events of the kind that it is made for, a handful of different sizes, with the
            columns that it needs (`hitclr.testing.make_events` makes them).

    Raises:
        AssertionError: a clause is broken; the message says which, what was expected, what came,
            at the smallest event that shows it, and why it matters.
    """
    for check in ENCODER_CHECKS:
        check(make, batch.clone())


def embed_batch(make: Make, batch: Batch) -> Tensor:
    """The representation [B, D] by a new encoder, in evaluation mode."""
    return _embed(_made(make, batch).eval(), _norm(batch), batch)


def _gives_what_it_says(make: Make, batch: Batch) -> str | None:
    """It maps B events to [B, D] float32, and its out_channels (or nb_outputs) is that D.

    Methods build their heads on it.
    """
    encoder = _made(make, batch)
    wanted = (batch.num_graphs, encoder_width(encoder))
    got = _embed(encoder.eval(), _norm(batch), batch)
    if got.shape != wanted or got.dtype != torch.float32:
        return f"expected {list(wanted)} torch.float32, got {list(got.shape)} {got.dtype}"
    return _finite_fault(got, batch)


def _ignores_the_order_of_hits(make: Make, batch: Batch) -> str | None:
    """The hits of an event may stand in any order.

    A file has them in one that means nothing.
    """
    encoder, norm = _made(make, batch).eval(), _norm(batch)
    fault = _difference(
        _embed(encoder, norm, batch), _embed(encoder, norm, _shuffled(batch)), batch
    )
    return None if fault is None else f"hits in another order: {fault}"


def _treats_events_alone(make: Make, batch: Batch) -> str | None:
    """In evaluation mode an event comes out the same alone as in a batch.

    Else a score depends on the events that happen to be beside it.
    """
    encoder, norm = _made(make, batch).eval(), _norm(batch)
    together = _embed(encoder, norm, batch)
    for event in counts_from_ptr(batch.ptr).argsort().tolist():
        alone = select_events(batch, torch.tensor([event]))
        fault = _difference(
            _embed(encoder, norm, alone), together[event, None], alone, float(together.abs().max())
        )
        if fault is not None:
            return f"event {event} of the batch, expected as it is alone: {fault}"
    return None


def _trains_all_weights(make: Make, batch: Batch) -> str | None:
    """Every weight gets a gradient.

    A weight without one is never trained, and training on several devices stops there.
    """
    both = concat_batches(_without_extras(batch), _without_extras(crowded_event(batch, 1000)))
    encoder = _made(make, batch).train()
    result = _embed(encoder, _norm(batch), both, train=True)
    wanted = torch.randn(result.shape, generator=generator(1, "check_encoder"))
    (result * wanted).sum().backward()  # type: ignore[no-untyped-call]
    for name, weight in encoder.named_parameters():
        if not weight.requires_grad:
            continue
        if weight.grad is None:
            return f"the weight {name!r} takes no part in the result"
        if not bool(weight.grad.isfinite().all()):
            return f"the gradient of the weight {name!r} has NaN or infinite numbers"
        if not bool((weight.grad != 0).any()):
            return f"the gradient of the weight {name!r} is 0 throughout"
    return None


def _takes_events_of_one_hit(make: Make, batch: Batch) -> str | None:
    """Events of one hit are taken like any others, with finite numbers and gradients.

    They exist, and have neither neighbours nor a spread.
    """
    single = first_hits(batch, 1)
    encoder, norm = _made(make, batch), _norm(batch)
    alone = select_events(single, torch.tensor([0]))
    for what, given in (("one event", alone), (f"{single.num_graphs} events", single)):
        result = _embed(encoder.eval(), norm, given, train=True)
        fault = _finite_fault(result, given)
        if fault is not None:
            return f"{what} of one hit: {fault}"
        result.sum().backward()  # type: ignore[no-untyped-call]
        for name, weight in encoder.named_parameters():
            if weight.grad is not None and not bool(weight.grad.isfinite().all()):
                return f"{what} of one hit: the gradient of {name!r} is not finite"
    return None


def _takes_an_event_of_10000_hits(make: Make, batch: Batch) -> str | None:
    """An event of 10000 hits is taken, with finite numbers.

    They exist, too, and what takes memory by the square of the hits ends there.
    """
    crowded = crowded_event(batch, _MANY)
    result = _embed(_made(make, batch).eval(), _norm(batch), crowded)
    return _finite_fault(result, crowded)


def _comes_back_from_its_state(make: Make, batch: Batch) -> str | None:
    """The state_dict of an encoder, loaded into a new one, gives the same representation.

    Checkpoints hold nothing else of it.
    """
    encoder, norm = _made(make, batch), _norm(batch)
    _embed(encoder.train(), norm, batch)  # what is counted in training is part of the state
    kept = io.BytesIO()
    torch.save(encoder.state_dict(), kept)
    kept.seek(0)
    other = _made(make, batch, seed=2)
    other.load_state_dict(torch.load(kept, weights_only=True))
    before, after = (_embed(each.eval(), norm, batch) for each in (encoder, other))
    return _difference(before, after, batch)


def _made(make: Make, batch: Batch, seed: int = 1) -> nn.Module:
    """An encoder away from where it starts: there, small scales and biases of 0 hide terms."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = make(batch.x.size(1))
        with torch.no_grad():
            for weight in encoder.parameters():
                if weight.requires_grad:
                    weight.add_(0.1 * torch.randn_like(weight))
    return encoder


def _norm(batch: Batch) -> InputNorm:
    return InputNorm(batch.x.size(1)).fit([(batch.x, batch.pos)])


def _embed(encoder: nn.Module, norm: InputNorm, batch: Batch, *, train: bool = False) -> Tensor:
    """As training does: edges on what the detector gave, then standardised inputs."""
    edges = getattr(encoder, "edges", None)
    given = batch if edges is None else edges(batch)
    with torch.set_grad_enabled(train):
        result: Tensor = encoder(norm(given))
    return result


def _shuffled(batch: Batch) -> Batch:
    draw = torch.rand(batch.pos.size(0), generator=generator(1, "shuffled"))
    order = torch.argsort(batch.batch + draw.double())
    return replace_hits(batch, {name: column[order] for name, column in hit_fields(batch).items()})


def _without_extras(batch: Batch) -> Batch:
    """What all batches of these events have: the columns of hits."""
    keep = {*hit_fields(batch), fields.BATCH, fields.PTR, fields.FEATURE_NAMES}
    made = batch.clone()
    for name in batch.keys():  # noqa: SIM118 - a batch is no mapping
        if name not in keep:
            del made[name]
    return made


def _difference(expected: Tensor, got: Tensor, batch: Batch, scale: float = 0.0) -> str | None:
    """Where two representations [B, D] differ, at the smallest event, in words, or None."""
    if expected.shape != got.shape:
        return f"expected the shape {list(expected.shape)}, got {list(got.shape)}"
    slack = _ROUNDING * max(float(expected.abs().max()), scale)
    change = (expected - got).abs().amax(1)
    moved = (~(change <= slack)).nonzero().flatten()
    if not moved.numel():
        return None
    counts = counts_from_ptr(batch.ptr)
    event = int(moved[counts[moved].argmin()])
    place = int((expected[event] - got[event]).abs().argmax())
    return (
        f"event {event} of {int(counts[event])} hits, number {place} of {expected.size(1)}: "
        f"expected {float(expected[event, place]):g}, got {float(got[event, place]):g}"
    )


def _finite_fault(result: Tensor, batch: Batch) -> str | None:
    bad = (~result.isfinite()).any(1).nonzero().flatten()
    if not bad.numel():
        return None
    counts = counts_from_ptr(batch.ptr)
    event = int(bad[counts[bad].argmin()])
    return f"event {event} of {int(counts[event])} hits: NaN or infinite numbers"


ENCODER_CHECKS: tuple[Check, ...] = tuple(
    Check(find_fault)
    for find_fault in (
        _gives_what_it_says,
        _ignores_the_order_of_hits,
        _treats_events_alone,
        _takes_events_of_one_hit,
        _takes_an_event_of_10000_hits,
        _trains_all_weights,
        _comes_back_from_its_state,
    )
)
"""The clauses, in the order in which a broken one is easiest to understand."""
