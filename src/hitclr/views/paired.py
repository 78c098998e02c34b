"""Views that are simulations of one event under several throws."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.errors import SettingsError
from hitclr.events import (
    EventStore,
    batch_from_ptr,
    event_fields,
    gather_index,
    hit_fields,
    make_batch,
    ptr_from_counts,
)
from hitclr.views.keys import KeyTable, require_keys, require_one_event

__all__ = ["PairedViews"]

_WHAT = "views.pair"


class PairedViews:
    """Each view of an event has the hits of one of its simulations, chosen at random per event.

    The simulations of an event are the events of the named samples that have its key, itself among
    them. Two views of an event take two different ones, where there are two. An event without a
    partner, or of another sample, stays itself.

    Args:
        store: the events, with keys.
        samples: the names of two or more samples (`EventStore.domain_names`).

    Raises:
        SettingsError: the events have no keys, a sample is not in the store, one key belongs to two
            events, or no event has a partner.
    """

    def __init__(self, store: EventStore, samples: Sequence[str]) -> None:
        keys = require_keys(store, _WHAT)
        unknown = [name for name in samples if name not in store.domain_names]
        if unknown or len(set(samples)) < 2:
            message = (
                f"{_WHAT}: expected two or more of the samples {', '.join(store.domain_names)}, "
                f"got {', '.join(samples) or 'none'}"
            )
            raise SettingsError(message)
        domains = torch.tensor([store.domain_names.index(name) for name in samples])
        named = torch.isin(store.events[fields.DOMAIN], domains).nonzero()[:, 0]
        require_one_event(store, named, _WHAT)
        table = KeyTable(keys[named])
        _, count = table.find(keys[named])
        if not bool((count > 1).any()):
            message = (
                f"{_WHAT}: expected simulations of one event in {', '.join(samples)}, but no key "
                f"stands there twice\n"
                f"  what to do: simulate the same deposits under several throws, and check that "
                f"the schema's key is the column with the events' numbers"
            )
            raise SettingsError(message)
        self.store = store
        self.samples = tuple(samples)
        self.domains = domains
        self.table = table
        # The simulations of the event with a key: the rows from its first place to its last.
        self.rows = named[table.rows]

    def views(self, batch: Batch, generators: Sequence[torch.Generator]) -> list[Batch]:
        """The views of events; see `ViewSource.views`.

        The simulations of each event are put into a random order, drawn from the first generator;
        view v takes the v-th of them, and begins anew after the last.
        """
        if not generators:
            return []
        store = self.store
        first, count = self.table.find(batch[fields.KEY])
        count[~torch.isin(batch[fields.DOMAIN], self.domains)] = 0
        ptr = ptr_from_counts(count)
        owner = batch_from_ptr(ptr)
        place = torch.arange(owner.numel()) - ptr[owner] + first[owner]
        order = torch.argsort(torch.rand(owner.numel(), generator=generators[0]), stable=True)
        place = place[order[torch.argsort(owner[order], stable=True)]]
        alone = count == 0
        columns = event_fields(batch)
        # The hits of the events themselves, then those of their simulations, laid end to end.
        made = []
        for number in range(len(generators)):
            turn = (ptr[:-1] + number % count.clamp(min=1))[~alone]
            rows, new = gather_index(store.ptr, self.rows[place[turn]])
            both = torch.cat([batch.ptr, new[1:] + batch.ptr[-1]])
            origin = torch.arange(count.numel())
            origin[~alone] = torch.arange(int((~alone).sum())) + count.numel()
            hits_rows, final = gather_index(both, origin)
            hits = {
                name: torch.cat([column, store.hits[name][rows]])[hits_rows]
                for name, column in hit_fields(batch).items()
            }
            made.append(make_batch(hits, columns, final, store.feature_names))
        return made
