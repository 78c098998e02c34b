"""What is trained on, what is tested with, and which labels may be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from hitclr import fields
from hitclr.errors import SettingsError
from hitclr.events import EventStore
from hitclr.rng import seed_for, uniform_hash

__all__ = ["SPLITS", "hide_labels", "split_events"]

SPLITS = ("train", "validation", "test")
_NOWHERE = -1


def split_events(
    store: EventStore,
    uses: Mapping[int, str],
    fractions: Mapping[str, float],
    seed: int,
    *,
    first_files: Mapping[int, int],
    by: Literal["hash", "entries"] = "hash",
) -> dict[str, Tensor]:
    """Divide the events into training, validation and test.

    The side of an event follows, by hash, from its ``key`` where the store has that column: so all
    simulations of one event fall on one side, in whatever files they are and however many others
    were dropped there. Without keys it follows from the event's place in its sample: the number of
    the file there, and the entry.

    Args:
        store: the events.
        uses: for each domain: ``split``, or the one part that all its events go to, or ``views``:
            to none of them.
        fractions: the fractions for validation and test.
        seed: another seed gives another division.
        first_files: for each domain the file index of its sample's first file.
        by: ``hash``, as said; ``entries``: each file's last events are for test, those before them
            for validation.

    Returns:
        For each of `SPLITS` the events [M] int64, in order.

    Raises:
        SettingsError: simulations of one event would be on two sides.
    """
    test, validation = fractions["test"], fractions["validation"]
    place = _from_the_end(store) if by == "entries" else _hashed(store, seed, first_files)
    part = torch.zeros(len(store), dtype=torch.int64)
    part[place < test + validation] = SPLITS.index("validation")
    part[place < test] = SPLITS.index("test")
    domains = store.events[fields.DOMAIN]
    for domain, use in uses.items():
        if use != "split":
            part[domains == domain] = _NOWHERE if use == "views" else SPLITS.index(use)
    if fields.KEY in store.events:
        _require_one_side(store, part)
    return {name: torch.nonzero(part == index)[:, 0] for index, name in enumerate(SPLITS)}


def _hashed(store: EventStore, seed: int, first_files: Mapping[int, int]) -> Tensor:
    """A place [M] float64 in [0, 1) for each event, drawn by its key, or where it stands."""
    if fields.KEY in store.events:
        return uniform_hash(seed_for(seed, "split by key"), store.events[fields.KEY])
    file, entry = store.events[fields.EVENT_ID].unbind(1)
    domains = store.events[fields.DOMAIN]
    for domain, first in first_files.items():
        file = torch.where(domains == domain, file - first, file)
    return uniform_hash(seed_for(seed, "split"), file, entry)


def _from_the_end(store: EventStore) -> Tensor:
    """How far each event [M] float64 in [0, 1) is from the last of its file."""
    file = store.events[fields.EVENT_ID][:, 0].contiguous()
    _, owner, counts = torch.unique_consecutive(file, return_inverse=True, return_counts=True)
    ends = torch.cumsum(counts, 0)[owner]
    place: Tensor = (ends - 0.5 - torch.arange(len(store))).double() / counts[owner]
    return place


def _require_one_side(store: EventStore, part: Tensor) -> None:
    """Check that all simulations of an event, which have one key, are in one part.

    Unlabelled events do not count: data have numbers of their own.
    """
    some = ((part != _NOWHERE) & (store.labels >= 0)).nonzero()[:, 0]
    keys, order = torch.sort(store.events[fields.KEY][some], stable=True)
    sides = part[some][order]
    apart = (keys[1:] == keys[:-1]) & (sides[1:] != sides[:-1])
    if bool(apart.any()):
        key = int(keys[1:][apart][0])
        message = (
            f"the division puts simulations of one event on two sides, so that it would be trained "
            f"on and tested with ({int(apart.sum())} cases, such as the key {key})\n"
            f"  what to do: divide all samples by hash (`use: split`, data.split.by: hash), which "
            f"keeps events with one key together; or number the events of all samples in one go"
        )
        raise SettingsError(message)


def hide_labels(store: EventStore, domains: Sequence[int]) -> EventStore:
    """The same events, of which those of some ``domains`` have no known class."""
    hidden = torch.isin(store.events[fields.DOMAIN], torch.tensor(domains, dtype=torch.int64))
    labels = store.labels.masked_fill(hidden, fields.UNKNOWN_LABEL)
    return replace(store, events={**store.events, fields.LABEL: labels})
