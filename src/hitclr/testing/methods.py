"""The contract of a training method, clause by clause."""

from __future__ import annotations

import io
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.data import EventDataModule
from hitclr.methods import Method, Needs
from hitclr.nn import InputNorm
from hitclr.testing.check import Check
from hitclr.testing.learnable import CLASSES, FEATURES, TinyEncoder, feed_for

__all__ = ["METHOD_CHECKS", "MakeMethod", "check_method"]

MakeMethod = Callable[[nn.Module, InputNorm, int], Method]
"""Makes a method from an encoder, the norm of its inputs, and the number of classes."""

_STEPS = 10
_RATE = 1e-3


def check_method(make: MakeMethod) -> None:
    """Check a training method against its whole contract, on made-up events and a tiny encoder.

    Args:
        make: the method's class, or a function that makes one: called with an encoder, an
            `hitclr.nn.InputNorm` and the number of classes.

    Raises:
        AssertionError: a clause is broken; the message says which, what was expected, what came,
            and why it matters.
    """
    for check in METHOD_CHECKS:
        check(make)


def _declares_its_needs(make: MakeMethod) -> str | None:
    """It is a Method, and its needs can be met: one view or more, one sample or more.

    The data module feeds it by them.
    """
    method = _made(make)
    if not isinstance(method, Method):
        return f"expected a hitclr.methods.Method, got {type(method).__name__}"
    needs = method.needs
    if not isinstance(needs, Needs):
        return f"expected hitclr.methods.Needs as needs, got {needs!r}"
    if needs.views < 1 or needs.domains < 1:
        return f"expected views and domains of 1 or more, got {needs.views} and {needs.domains}"
    return None


def _needs_no_more_than_it_declares(make: MakeMethod) -> str | None:
    """Fed with the views, labels and target events that it declares, and nothing else, it trains.

    A need that it does not declare ends a training, or lets it see what it must not.
    """
    method, data = _made_and_fed(make, labels=False)
    views = _views(data)
    if len(views) != method.needs.views:
        return f"declared {method.needs.views} views, fed with {len(views)}"
    loss = _loss(method, views)
    if loss.shape != () or not loss.is_floating_point():
        return f"expected a loss that is one number, got {list(loss.shape)} {loss.dtype}"
    if not bool(loss.isfinite()):
        return f"with {_words(method.needs)} the loss is {loss.item()}"
    if not loss.requires_grad:
        return f"with {_words(method.needs)} the loss does not depend on any weight"
    return None


def _minds_weights_if_declared(make: MakeMethod) -> str | None:
    """Where it declares weights, the loss depends on them.

    Who gives events a weight would otherwise believe in vain that it counts.
    """
    if not _made(make).needs.weights:
        return None
    losses = []
    for weights in (False, True):
        method, data = _made_and_fed(make, weights=weights)
        views = _views(data)
        losses.append(float(_loss(method, views).detach()))
    if losses[0] == losses[1]:
        return f"the loss is {losses[0]:g} for events of equal weights and of weights 0.1 to 2"
    return None


def _steps_lower_the_loss(make: MakeMethod) -> str | None:
    """A few steps on one batch lower the loss on it.

    Else it does not train what it says, or by a wrong sign.
    """
    losses = _trained(*_made_and_fed(make))
    if not losses[-1] < losses[0]:
        told = ", ".join(f"{loss:.4g}" for loss in losses)
        return f"the loss of one batch over {_STEPS} steps of Adam at {_RATE:g}: {told}"
    return None


def _comes_back_from_a_checkpoint(make: MakeMethod) -> str | None:
    """The state_dict of a trained method, loaded into a new one, gives the same results.

    Checkpoints hold nothing else of it.
    """
    method, data = _made_and_fed(make)
    _trained(method, data)
    store = data.feed.store
    target = data.target["train"]
    if len(target):
        method.after_training([store.batch(target)])
    kept = io.BytesIO()
    torch.save(method.state_dict(), kept)
    kept.seek(0)
    other = _made(make, seed=2)
    other.load_state_dict(torch.load(kept, weights_only=True))
    batch = store.batch(torch.arange(len(store)))
    for what in ("embed", "predict") if method.classifies else ("embed",):
        with torch.no_grad():
            before, after = (_result(each.eval(), what, batch) for each in (method, other))
        if before.shape != after.shape or not torch.equal(before, after):
            return (
                f"{what}: the first event has {before[0].tolist()} before and {after[0].tolist()} "
                f"after; register what is learned as a parameter or a buffer"
            )
    return None


def _gives_representations_and_scores(make: MakeMethod) -> str | None:
    """It gives embed(batch) [B, D] and, where it classifies, predict(batch) [B, C], sums of 1.

    Studies and reports are made from these two.
    """
    method, data = _made_and_fed(make)
    store = data.feed.store
    batch = store.batch(torch.arange(len(store)))
    with torch.no_grad():
        embedding = method.eval().embed(batch)
        wanted = (len(store), method.width)
        if embedding.shape != wanted or not bool(embedding.isfinite().all()):
            return f"embed: expected finite numbers {list(wanted)}, got {list(embedding.shape)}"
        if not method.classifies:
            return None
        scores = method.predict(batch)
    wanted = (len(store), len(CLASSES))
    if scores.shape != wanted:
        return f"predict: expected {list(wanted)}, got {list(scores.shape)}"
    if not torch.allclose(scores.sum(1), torch.ones(len(store))):
        return f"predict: expected rows that sum to 1, the first has {float(scores[0].sum()):g}"
    return None


def _made(make: MakeMethod, seed: int = 1) -> Method:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make(TinyEncoder(), InputNorm(len(FEATURES)), len(CLASSES))


def _made_and_fed(
    make: MakeMethod, *, labels: bool = True, weights: bool = False
) -> tuple[Method, EventDataModule]:
    """The method at the beginning of its training, and what feeds it."""
    method = _made(make).train()
    data = feed_for(method.needs, labels=labels, weights=weights)
    store, events = data.feed.store, data.splits["train"]
    batch = store.batch(events)
    method.norm.fit([(batch.x, batch.pos)])
    method.before_training(torch.unique(store.events[fields.DOMAIN][events]))
    return method, data


def _views(data: EventDataModule) -> list[Batch]:
    views: list[Batch] = next(iter(data.train_dataloader()))
    return views


def _loss(method: Method, views: list[Batch]) -> Tensor:
    # The same dropout in every step; at the foot of ramps, where no reversed gradient acts.
    method.progress = 0.0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return method.loss(views)


def _trained(method: Method, data: EventDataModule) -> list[float]:
    """Take a few steps on one batch; the loss before each and after the last."""
    views = _views(data)
    optimizer = torch.optim.Adam([p for p in method.parameters() if p.requires_grad], lr=_RATE)
    losses = []
    for _ in range(_STEPS):
        optimizer.zero_grad()
        loss = _loss(method, views)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    losses.append(float(_loss(method, views).detach()))
    return losses


def _result(method: Method, what: str, batch: Batch) -> Tensor:
    return method.embed(batch) if what == "embed" else method.predict(batch)


def _words(needs: Needs) -> str:
    labels = "labels" if needs.labels else "no labels"
    return f"{needs.views} view(s), {labels} and target={needs.target!r}"


METHOD_CHECKS: tuple[Check, ...] = tuple(
    Check(find_fault)
    for find_fault in (
        _declares_its_needs,
        _needs_no_more_than_it_declares,
        _minds_weights_if_declared,
        _gives_representations_and_scores,
        _steps_lower_the_loss,
        _comes_back_from_a_checkpoint,
    )
)
"""The clauses, in the order in which a broken one is easiest to understand."""
