"""Finding events by their key."""

from __future__ import annotations

import torch
from torch import Tensor

from hitclr import fields
from hitclr.errors import SettingsError
from hitclr.events import EventStore

__all__ = ["KeyTable", "require_keys", "require_one_event"]


class KeyTable:
    """Rows sorted by their key, so that those with a given key are found by bisection.

    Args:
        keys: [M] int64, the key of each row.
    """

    def __init__(self, keys: Tensor) -> None:
        self.keys, self.rows = torch.sort(keys, stable=True)

    def find(self, keys: Tensor) -> tuple[Tensor, Tensor]:
        """Where the given keys [K] stand.

        Returns:
            For each the place [K] int64 in `rows` of the first row that has it, and the number of
            such rows [K] int64, which may be 0.
        """
        first = torch.searchsorted(self.keys, keys)
        return first, torch.searchsorted(self.keys, keys, right=True) - first


def require_keys(store: EventStore, what: str) -> Tensor:
    """The key of each event [B] int64.

    Args:
        store: the events.
        what: the setting that needs them, for messages.

    Raises:
        SettingsError: the events have no keys.
    """
    if fields.KEY not in store.events:
        message = (
            f"{what} finds an event's simulations by its key, and the schema names none: give it "
            f"`key: COLUMN`, the column that numbers the events"
        )
        raise SettingsError(message)
    return store.events[fields.KEY]


def require_one_event(store: EventStore, events: Tensor, what: str) -> None:
    """Check that a key numbers one event, as far as can be seen.

    Args:
        store: the events; they have keys.
        events: [K] int64, which of them.
        what: the setting that needs it, for messages.

    Raises:
        SettingsError: two of the events have one key and are of two known classes, or in one file.
    """
    known = events[store.labels[events] >= 0]
    files = store.events[fields.EVENT_ID][:, 0]
    for rows, values, differ in ((known, store.labels, True), (events, files, False)):
        keys, values = store.events[fields.KEY][rows], values[rows]
        # Sorted by key, then value: among rows with one key, unlike values stand side by side.
        order = torch.argsort(values, stable=True)
        order = order[torch.argsort(keys[order], stable=True)]
        keys, values, rows = keys[order], values[order], rows[order]
        clash = (keys[1:] == keys[:-1]) & ((values[1:] != values[:-1]) == differ)
        if not bool(clash.any()):
            continue
        place = int(clash.nonzero()[0])
        one, two = (_describe(store, int(row)) for row in rows[place : place + 2])
        message = (
            f"{what}: expected one event for each key, but the key {int(keys[place])} is {one} and "
            f"{two} ({int(clash.sum())} such cases)\n"
            f"  what to do: number the events of all samples in one go, or give the schema another "
            f"key"
        )
        raise SettingsError(message)


def _describe(store: EventStore, row: int) -> str:
    """An event in words, for messages."""
    label = int(store.labels[row])
    file, entry = store.events[fields.EVENT_ID][row].tolist()
    named = store.class_names[label] if 0 <= label < len(store.class_names) else f"class {label}"
    return f"{named} (entry {entry} of {store.files[file] if store.files else f'file {file}'})"
