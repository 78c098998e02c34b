"""Views that the detector makes anew of the true deposits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.detectors import Deposits, Detector
from hitclr.errors import SettingsError
from hitclr.events import EventStore, event_fields, gather_index, hit_fields, make_batch
from hitclr.views.keys import KeyTable, require_keys, require_one_event

__all__ = ["ResimulatedViews"]

_WHAT = "views.resimulate"
_KEY = "event"
_SHOWN = 5


class ResimulatedViews:
    """Each view of an event has the hits that the detector makes of its true deposits.

    Its parameters are drawn per event and view from the priors. Event columns stay those of the
    store. An event keeps its stored hits in a view where the detector makes fewer than its
    ``minimum_hits``, and where its deposits are not known.

    Args:
        store: the events, with keys.
        deposits: the deposits by the name of the file that they come from; their truth column
            ``event`` is the key.
        detector: the detector.
        vary: the parameters to draw, with other ends than those of the prior where it is a mapping;
            the rest stay nominal. All where it is None.
        probability: the probability with which each event of a view is re-simulated.
        required: [M] int64, the events whose deposits must be known; all where it is None.
        columns: the names of the hit columns of a batch; those of the store where it is None.

    Raises:
        SettingsError: the events have no keys, or one key belongs to two events; deposits of one
            key are there twice, or deposits that are required are not there; the detector does not
            make the features or hit columns of the store, or in other units; ``vary`` does not fit
            the detector, or the probability is none.
    """

    def __init__(
        self,
        store: EventStore,
        deposits: Mapping[str, Deposits],
        detector: Detector,
        vary: Mapping[str, tuple[float, float]] | Sequence[str] | None = None,
        probability: float = 1.0,
        *,
        required: Tensor | None = None,
        columns: Sequence[str] | None = None,
    ) -> None:
        if not 0 <= probability <= 1:
            message = f"{_WHAT}.probability: expected a number from 0 to 1, got {probability:g}"
            raise SettingsError(message)
        keys = require_keys(store, _WHAT)
        _require_distinct(deposits)
        self.store = store
        self.detector = detector
        self.vary = vary
        self.probability = probability
        self.deposits = _of_use(deposits, keys)
        table = KeyTable(self.deposits.truth[_KEY])
        _, count = table.find(keys)
        found = count > 0
        needed = torch.arange(len(store)) if required is None else required
        _require_found(store, needed[~found[needed]], needed.numel(), deposits)
        require_one_event(store, found.nonzero()[:, 0], _WHAT)
        self.table = table
        hits = tuple(store.hits) if columns is None else tuple(columns)
        self.columns = self._require_fit(int(table.rows[0]), hits)

    def views(self, batch: Batch, generators: Sequence[torch.Generator]) -> list[Batch]:
        """The views of events; see `ViewSource.views`."""
        first, count = self.table.find(batch[fields.KEY])
        # The row of each event in the deposits, -1 where there is none.
        place = torch.full_like(first, -1)
        place[count > 0] = self.table.rows[first[count > 0]]
        return [self._view(batch, place, generator) for generator in generators]

    def _view(self, stored: Batch, place: Tensor, generator: torch.Generator) -> Batch:
        """One view of the events of ``stored``, whose deposits are at ``place`` [K] int64."""
        chosen = place >= 0
        if self.probability < 1:
            chosen &= torch.rand(place.numel(), generator=generator) < self.probability
        which = chosen.nonzero()[:, 0]
        if not which.numel():
            return stored
        throws = self.detector.draw(which.numel(), generator, self.vary)
        made = self.detector.respond(self.deposits.select(place[which]), throws, generator)
        recorded = made.hits_per_event() >= max(1, self.detector.minimum_hits)
        # The hits of both laid end to end, the stored ones first; each event takes one of them.
        both = torch.cat([stored.ptr, made.ptr[1:] + stored.ptr[-1]])
        origin = torch.arange(place.numel())
        origin[which[recorded]] = recorded.nonzero()[:, 0] + place.numel()
        rows, ptr = gather_index(both, origin)
        new = {**made.hits, fields.X: made.hits[fields.X][:, self.columns]}
        hits = {
            name: torch.cat([column, new[name].to(column.dtype)]).index_select(0, rows)
            for name, column in hit_fields(stored).items()
        }
        return make_batch(hits, event_fields(stored), ptr, self.store.feature_names)

    def _require_fit(self, row: int, hits: Sequence[str]) -> Tensor:
        """The detector's columns of ``x`` that are the store's features, in its order [F] int64.

        It is asked for the hits of one event, since what it makes is what counts.
        """
        random = torch.Generator().manual_seed(0)
        made = self.detector.respond(
            self.deposits.select(torch.tensor([row])),
            self.detector.draw(1, random, self.vary),
            random,
        )
        where = f"{_WHAT}: the detector {self.detector.name!r}"
        features = self.store.feature_names
        for kind, wanted, names in (
            ("features", features, made.feature_names),
            ("hit columns", tuple(hits), tuple(made.hits)),
        ):
            missing = [name for name in wanted if name not in names]
            if missing:
                message = (
                    f"{where} makes the {kind} {', '.join(names)}, not "
                    f"{', '.join(missing)}, which the schema has\n"
                    f"  what to do: take {'it' if len(missing) == 1 else 'them'} out of the schema"
                )
                raise SettingsError(message)
        columns = [made.feature_names.index(name) for name in features]
        units = [("positions", made.position_unit, self.store.position_unit)]
        if made.feature_units and self.store.feature_units:
            units += [
                (name, made.feature_units[column], unit)
                for name, column, unit in zip(
                    features, columns, self.store.feature_units, strict=True
                )
                if unit and made.feature_units[column]
            ]
        for name, ours, theirs in units:
            if ours != theirs:
                message = (
                    f"{where} makes {name} in {ours or 'no unit'}, the schema has them in "
                    f"{theirs or 'no unit'}\n"
                    f"  what to do: give both in one unit, or give the schema the right one"
                )
                raise SettingsError(message)
        return torch.tensor(columns, dtype=torch.int64)


def _require_distinct(deposits: Mapping[str, Deposits]) -> None:
    """Check that no key stands twice in all the files."""
    owner = torch.cat(
        [torch.full((len(part),), place) for place, part in enumerate(deposits.values())]
    )
    table = KeyTable(torch.cat([part.truth[_KEY] for part in deposits.values()]))
    again = (table.keys[1:] == table.keys[:-1]).nonzero()[:, 0]
    if not again.numel():
        return
    names = list(deposits)
    place = int(again[0])
    one, two = (names[int(owner[table.rows[row]])] for row in (place, place + 1))
    where = f"twice in {one}" if one == two else f"in {one} and in {two}"
    message = (
        f"{_WHAT}.deposits: expected the deposits of an event once, but those of the event "
        f"{int(table.keys[place])} are {where} ({again.numel()} such events)\n"
        f"  what to do: name each file once, and number the events of all files in one go"
    )
    raise SettingsError(message)


def _of_use(deposits: Mapping[str, Deposits], keys: Tensor) -> Deposits:
    """The deposits of the keys [B], in one."""
    parts = []
    for part in deposits.values():
        wanted = torch.isin(part.truth[_KEY], keys)
        bare = Deposits(
            part.ptr, part.pos, part.energy, part.length, part.time, {_KEY: part.truth[_KEY]}
        )
        parts.append(bare if bool(wanted.all()) else bare.select(wanted.nonzero()[:, 0]))
    return parts[0] if len(parts) == 1 else Deposits.concat(parts)


def _require_found(
    store: EventStore, lacking: Tensor, needed: int, deposits: Mapping[str, Deposits]
) -> None:
    """Check that no event is ``lacking`` [M] int64 its deposits."""
    if lacking.numel() == 0:
        if needed and any(len(part) for part in deposits.values()):
            return
        message = f"{_WHAT}: expected events and their deposits, there are none"
        raise SettingsError(message)
    some = ", ".join(str(key) for key in store.events[fields.KEY][lacking[:_SHOWN]].tolist())
    numbers = torch.unique(store.events[fields.EVENT_ID][lacking, 0]).tolist()
    files = [store.files[number] if store.files else f"file {number}" for number in numbers]
    more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
    message = (
        f"{_WHAT}: expected the true deposits of every training event, {lacking.numel()} of "
        f"{needed} have none (keys {some}{', ...' if lacking.numel() > _SHOWN else ''})\n"
        f"  events from: {', '.join(files[:_SHOWN])}{more}\n"
        f"  deposits from: {', '.join(deposits)}\n"
        f"  what to do: name the deposits files of all training samples, and check that the "
        f"schema's key is the column with the simulation's event numbers"
    )
    raise SettingsError(message)
