"""What the branches of a tree probably are, from their names and their first values.

The rules are about words: ``Evt/hits/hits.pos.x`` holds the words evt, hits, pos and the axis x.
A guess is a proposal to a person, with its reason; nothing is read into events because of one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import awkward as ak
import numpy as np

from hitclr.io.files import find_tree, open_root, tree_names
from hitclr.io.inspection import words
from hitclr.io.inspection.flat_values import EventKeys, FlatValues, find_keys
from hitclr.io.inspection.inspect import BranchSummary, TreeSummary, summarise_tree
from hitclr.io.inspection.values import TreeValues

__all__ = ["MAX_CLASSES", "Guess", "Guesses", "Role", "Tier", "guess_branches", "guess_file"]

Role = Literal[
    "position",
    "time",
    "charge",
    "direction",
    "hit column",
    "trigger",
    "label",
    "observer",
    "event key",
]
Tier = Literal["hits", "plain", "simulated hits"]
"""How the position branches are called, best first: like hits, like nothing, like true hits."""

_TIERS: tuple[Tier, ...] = ("hits", "plain", "simulated hits")
MAX_CLASSES = 12
"""More different values than this are no classes, but an id or an energy in steps."""
_LARGE_TIME = 1e5  # from here on the steps of a float32 are 0.01 or more


@dataclass(frozen=True)
class Guess:
    """What one branch probably is.

    Attributes:
        role: what.
        name: the name that it gets in a schema.
        branch: the branch.
        reason: why, and what its values look like.
        used: whether a first schema should use it, or only mention it.
        unit: the unit, where the name says it; ``1`` for numbers without one.
        index: the element to take, for a list that gives one number per event.
        relative_to: for times, what to subtract.
        note: why that is subtracted.
        values: for labels, the values in the entries looked at, each with its number of entries.
    """

    role: Role
    name: str
    branch: str
    reason: str
    used: bool = True
    unit: str = ""
    index: int | None = None
    relative_to: Literal["nothing", "median"] = "nothing"
    note: str = ""
    values: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Guesses:
    """What the branches of one tree probably are.

    Attributes:
        tree: the tree.
        found: the guesses; three positions x, y, z come first, where there are any.
        others: further branches with one number per hit, of unknown meaning.
        tier: how the positions are called; None without positions.
        looked: the number of events in which the hits were looked at.
        hits: the number of hits in them.
        cautions: what is odd about the hits.
        keys: what numbers the events where an entry is a hit; None where it is an event.
    """

    tree: TreeSummary
    found: tuple[Guess, ...]
    others: tuple[str, ...] = ()
    tier: Tier | None = None
    looked: int = 0
    hits: int = 0
    cautions: tuple[str, ...] = ()
    keys: EventKeys | None = None

    def of(self, *roles: Role, used: bool = True) -> tuple[Guess, ...]:
        """The guesses of some roles that a schema should use, or only mention."""
        return tuple(g for g in self.found if g.role in roles and g.used == used)

    @property
    def rank(self) -> tuple[bool, int, bool, bool, float]:
        """Orders trees: the one with the smallest rank has the most plausible hits."""
        tier = _TIERS.index(self.tier) if self.tier else len(_TIERS)
        mean = self.hits / max(self.looked, 1)
        return self.hits == 0, tier, self.keys is not None, bool(self.cautions), -mean


def guess_file(path: str | Path, tree: str | None = None) -> list[Guesses]:
    """Guess what the branches are in all trees of a file, or in one of them.

    Returns:
        One for each tree: those with the most plausible hits first.

    Raises:
        InputError: the file is missing, damaged or not a ROOT file, or has no such tree.
    """
    with open_root(path) as directory:
        every = []
        for name in [tree] if tree is not None else tree_names(directory):
            opened = find_tree(directory, name, path)
            every.append(guess_branches(opened, summarise_tree(opened, name), path))
    return sorted(every, key=lambda guesses: guesses.rank)


def guess_branches(tree: Any, summary: TreeSummary, file: str | Path) -> Guesses:
    """Guess what the branches of an open tree are.

    Args:
        tree: the uproot tree or RNTuple.
        summary: its summary.
        file: its file, for messages.

    Raises:
        InputError: a branch that was readable for the summary is not any more.
    """
    values = TreeValues(tree, summary, file)
    best = min(_position_triples(values), key=lambda triple: triple.rank, default=None)
    keys = find_keys(values) if best is None and _flat_triples(values) else None
    flat = values if keys is None else FlatValues(tree, summary, file, keys)
    if best is None and keys is not None:
        best = min(_position_triples(flat), key=lambda triple: triple.rank, default=None)
    if best is None:
        return Guesses(summary, (*_labels(values), *_observers(values)))
    values = flat
    events = (*_labels(values), *_observers(values))
    beside = _companions(best, values)
    cautions = best.cautions
    momenta = [trio for stem, trio in words.triples(beside) if "p" in words.split(stem)]
    if momenta and best.tier == "plain":
        names = ", ".join(momenta[0])
        cautions += (f"{names} lie beside them: these may be particles, not hits",)
    positions = (
        Guess("position", axis, name, values.look(name).range, unit=words.unit_of(name))
        for axis, name in zip("xyz", best.branches, strict=True)
    )
    hits = (*positions, *_hit_guesses(best, beside, values))
    groups = () if keys is None else tuple(_key_guesses(keys, values))
    taken = {guess.branch for guess in (*hits, *events)}
    return Guesses(
        tree=summary,
        found=(*hits, *groups, *events),
        others=tuple(name for name in beside if name not in taken),
        tier=best.tier,
        looked=best.counts.size,
        hits=int(best.counts.sum()),
        cautions=cautions + (() if keys is None else tuple(_key_cautions(keys))),
        keys=keys,
    )


def _flat_triples(values: TreeValues) -> bool:
    """Whether three branches with one number per entry differ in x, y, z."""
    single = [name for name, b in values.branches.items() if b.shape == "one" and b.dtype]
    return next(words.triples(single), None) is not None


def _key_guesses(keys: EventKeys, values: TreeValues) -> Iterator[Guess]:
    for name, known in zip(keys.names, keys.known, strict=True):
        yield Guess("event key", known, name, f"named {known}; {values.look(name).range}")


def _key_cautions(keys: EventKeys) -> Iterator[str]:
    if keys.apart:
        yield (
            f"the hits of an event are apart ({keys.apart}): either they are mixed, and "
            f"`rows: any` gathers them, or these are two events with one number, and group_by "
            f"lacks a column that tells them apart"
        )


@dataclass(frozen=True)
class _Triple:
    """Three branches that differ in x, y, z and have equally many values in each entry."""

    branches: tuple[str, str, str]
    tier: Tier
    named_position: bool
    counts: Any
    cautions: tuple[str, ...]

    @property
    def rank(self) -> tuple[int, bool, bool, bool, float]:
        empty = not self.counts.any()
        mean = -float(self.counts.mean()) if self.counts.size else 0.0
        return _TIERS.index(self.tier), empty, bool(self.cautions), not self.named_position, mean


def _position_triples(values: TreeValues) -> Iterator[_Triple]:
    for stem, branches in words.triples(values.lists):
        own, around = words.split(stem), words.split_path(stem)
        hit, true = words.has(words.HIT, around), words.has(words.TRUE, around)
        if words.has(words.NO_POSITION, own) or words.has(words.ERROR, own):
            continue
        if not hit and (true or words.has(words.FITTED, around)):
            continue
        if not all(values.equal_counts(branches[0], other) for other in branches[1:]):
            continue
        yield _Triple(
            branches,
            "plain" if not hit else "simulated hits" if true else "hits",
            words.has(words.POSITION, own),
            values.counts(branches[0]),
            _cautions(branches, values),
        )


def _cautions(names: tuple[str, str, str], values: TreeValues) -> tuple[str, ...]:
    looks = [values.look(name) for name in names]
    entries = f"the first {looks[0].entries} entries"
    if values.entries == 0:
        return ("the tree has no entries: these are guesses from names alone",)
    if not looks[0].values:
        return (f"there is not one hit in {entries}: these are guesses from names alone",)
    cautions = []
    if all(look.minimum == 0 == look.maximum for look in looks):
        cautions.append(
            f"all positions are zero in {entries}: the file carries channels, not positions, and "
            f"the detector's geometry has to fill them in"
        )
    if any(look.nan + look.infinite for look in looks):
        cautions.append(f"some positions are NaN or infinite in {entries}")
    return tuple(cautions)


def _companions(triple: _Triple, values: TreeValues) -> list[str]:
    """The other branches beside the positions with as many values in each entry."""
    name = triple.branches[0]
    first = words.split(name)[:1]
    telling = values.flat or np.unique(triple.counts).size > 1 or len(words.split(name)) == 1
    return [
        other
        for other in values.lists
        if other not in triple.branches
        and not other.endswith(words.BOOKKEEPING)
        and words.folder(other) == words.folder(name)
        and (telling or words.split(other)[:1] == first)
        and values.equal_counts(name, other)
    ]


def _hit_guesses(triple: _Triple, beside: list[str], values: TreeValues) -> list[Guess]:
    """Features, hit columns and triggers among the branches beside the positions."""
    around = words.split(triple.branches[0])
    # A true time or charge would give the answer away.
    free = [
        name
        for name in beside
        if triple.tier == "simulated hits" or not words.has(words.TRUE, words.split(name))
    ]
    found = [
        *(_timed(guess, values) for guess in _best("time", words.TIMES, free, around, values)),
        *_best("charge", words.CHARGES, free, around, values),
        *_directions(free, values),
    ]
    taken = {guess.branch for guess in found}
    for branch in (name for name in free if name not in taken):
        known = words.match(branch, words.HIT_IDS, around)
        trigger = words.match(branch, words.TRIGGERS, around)
        if known and values.branches[branch].dtype.startswith(("int", "uint")):
            guess = _named("hit column", known.name, branch, known, values)
            twice = any(other.name == guess.name for other in found)
            found.append(replace(guess, used=guess.used and not twice))
        elif trigger:
            guess = _named("trigger", "trigger", branch, trigger, values)
            found.append(replace(guess, used=False))
    return found


def _named(role: Role, name: str, branch: str, known: words.Match, values: TreeValues) -> Guess:
    look = values.look(branch)
    reason = f"named {known.name}; {look.range}"
    return Guess(role, name, branch, reason, not look.constant, words.unit_of(branch))


def _best(
    role: Role, known: tuple[str, ...], names: list[str], around: list[str], values: TreeValues
) -> list[Guess]:
    """The branch that matches best, named like its role, and the others, not to be used."""
    matches = {name: words.match(name, known, around) for name in names}
    ranked = sorted(
        (values.look(name).constant, found, name) for name, found in matches.items() if found
    )
    guesses = [
        _named(role, role if place == 0 else found.name, name, found, values)
        for place, (_, found, name) in enumerate(ranked)
    ]
    return [*guesses[:1], *(replace(guess, used=False) for guess in guesses[1:])]


def _timed(guess: Guess, values: TreeValues) -> Guess:
    """The time with what to subtract from it."""
    look = values.look(guess.branch)
    if look.minimum is None or look.maximum is None:
        return replace(guess, relative_to="median", note="no values to tell")
    if max(-look.minimum, look.maximum) >= _LARGE_TIME:
        return replace(guess, relative_to="median", note="too large for float32 to keep its digits")
    times = values.hits(guess.branch)
    times = times[np.isfinite(times)]
    times = times[ak.num(times) > 0]
    if np.std(ak.mean(times, axis=1)) > np.mean(ak.std(times, axis=1)):
        return replace(guess, relative_to="median", note="events start at different times")
    return guess


def _directions(names: list[str], values: TreeValues) -> Iterator[Guess]:
    for stem, branches in words.triples(names):
        kind = "_".join(word for word in words.split(stem) if words.has(words.DIRECTION, [word]))
        # A vector needs its three components, one that is always the same too.
        used = not all(values.look(branch).constant for branch in branches)
        if kind:
            for axis, branch in zip("xyz", branches, strict=True):
                reason = f"named {kind}; {values.look(branch).range}"
                yield Guess("direction", f"{kind}.{axis}", branch, reason, used, unit="1")


def _labels(values: TreeValues) -> list[Guess]:
    """Candidates for the class of an event, the best first; at most one of them is to be used."""
    ranked: list[tuple[bool, words.Match, Guess]] = []
    for name, branch in values.branches.items():
        known = words.match(name, words.LABELS)
        if not known or not branch.dtype.startswith(("int", "uint", "bool")):
            continue
        around = words.split_path(name)
        true = words.has(words.TRUE, around) or known.name.startswith("pdg")
        if words.has(words.HIT, around) or (words.has(words.FITTED, around) and not true):
            continue
        first = branch.shape == "list" and true and not known.loose and not values.flat
        if branch.shape == "one" or first:
            ranked.append((branch.shape == "list", known, _label(branch, known, values)))
    ranked.sort(key=lambda entry: (not entry[2].used, *entry[:2]))
    guesses = [guess for _, _, guess in ranked]
    return [*guesses[:1], *(replace(guess, used=False) for guess in guesses[1:])]


def _label(branch: BranchSummary, known: words.Match, values: TreeValues) -> Guess:
    array = values.events(branch.name)
    kept = ak.to_numpy(ak.drop_none(ak.firsts(array) if branch.shape == "list" else array))
    distinct, counts = np.unique(kept.astype(np.int64), return_counts=True)
    number = distinct.size
    unit = "events" if values.flat else "entries"
    what = {0: "no value", 1: "one value"}.get(number, f"{number} different values")
    without = f", none in {len(array) - kept.size} of them" if kept.size < len(array) else ""
    return Guess(
        "label",
        "label",
        branch.name,
        f"named {known.name}; {what} in the first {len(array)} {unit}{without}",
        used=1 < number <= MAX_CLASSES,
        index=0 if branch.shape == "list" else None,
        values=tuple(zip(distinct.tolist(), counts.tolist(), strict=True)),
    )


def _observers(values: TreeValues) -> Iterator[Guess]:
    integer, real = ("int", "uint"), ("float",)
    for name, known, dtypes in (
        ("run", words.RUNS, integer),
        ("event", words.EVENTS, integer),
        ("event_weight", words.WEIGHTS, real),
        ("energy", words.ENERGIES, real),
    ):
        ranked = []
        for branch in values.branches.values():
            found = words.match(branch.name, known)
            around = words.split_path(branch.name)
            true = words.has(words.TRUE, around)
            first = branch.shape == "list" and not values.flat
            if not found or not branch.dtype.startswith(dtypes) or words.has(words.HIT, around):
                continue
            # The first of a list is the primary particle's energy, where the list is of those.
            if branch.shape == "one" or (first and name == "energy" and true):
                ranked.append((first, found.loose, true, found, branch.name))
        if ranked:
            first, *_, found, best = min(ranked)
            look = "the first of a list" if first else values.look(best).range
            reason = f"named {found.name}; {look}"
            yield Guess("observer", name, best, reason, index=0 if first else None)
