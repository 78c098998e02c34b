"""A first schema for a ROOT file, with the reason for each line as a comment."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from hitclr.errors import SchemaError
from hitclr.io.inspection import words
from hitclr.io.inspection.guess import MAX_CLASSES, Guess, Guesses, guess_file
from hitclr.io.inspection.inspect import TreeSummary
from hitclr.io.schema import Schema, load_schema

__all__ = ["Proposal", "propose_schema", "schema_text"]

_UNKNOWN = "unknown"
_LISTED = 30  # more names than this in a message help nobody
_NAMES = (
    "11 e- -11 e+ 12 nu_e -12 anti-nu_e 13 mu- -13 mu+ 14 nu_mu -14 anti-nu_mu 15 tau- -15 tau+"
)
_NAMES += " 16 nu_tau -16 anti-nu_tau 22 gamma 111 pi0 211 pi+ -211 pi- 321 K+ -321 K- 2112 neutron"
_NAMES += " 2212 proton"
_PARTICLES = dict(zip(map(int, _NAMES.split()[::2]), _NAMES.split()[1::2], strict=True))
"""The PDG's numbering of particles (Review of Particle Physics)."""


@dataclass(frozen=True)
class Proposal:
    """A proposed schema.

    Attributes:
        text: the schema as commented YAML, which `load_schema` reads.
        schema: the same, read.
        guesses: what the branches of the chosen tree probably are, with the reasons.
        choice: why this tree.
    """

    text: str
    schema: Schema
    guesses: Guesses
    choice: str


def propose_schema(path: str | Path, tree: str | None = None) -> Proposal:
    """Propose a schema for a file.

    Args:
        path: the ROOT file.
        tree: the tree; without one, that with the most plausible hit positions.

    Raises:
        InputError: the file is missing, damaged or not a ROOT file, or has no such tree.
        SchemaError: no branches look like hit positions; the message lists what was looked for
            and the branches that are lists of numbers.
    """
    every = guess_file(path, tree)
    able = [guesses for guesses in every if guesses.tier]
    if not able:
        raise _no_positions(path, [guesses.tree for guesses in every])
    best, choice = able[0], _choice(able, named=tree is not None)
    text = schema_text(best, path, choice)
    return Proposal(text, load_schema(yaml.safe_load(text)), best, choice)


def schema_text(guesses: Guesses, path: str | Path, choice: str) -> str:
    """The commented YAML of a schema.

    Args:
        guesses: what the branches are; the positions among them.
        path: the file, for the heading.
        choice: why this tree.
    """
    tree = guesses.tree
    lines = [
        "# A first schema, guessed by hitclr from branch names and the first entries of",
        f"#   {_line(path)}",
        f"# Tree {_line(tree.path)}: {_entries(tree.entries)}, {len(tree.branches)} branches.",
        "# Read it line by line; CHECK marks what hitclr cannot know.",
        "",
        "name: my-detector  # CHECK: a name of your choice",
        f"tree: {_scalar(tree.path)}  # {choice}",
        *_layout(guesses),
        *_positions(guesses),
        *_features(guesses),
        *_hit_columns(guesses),
        *_selection(guesses),
        *_label(guesses),
        *_observers(guesses),
    ]
    return "\n".join(lines) + "\n"


def _choice(able: Sequence[Guesses], *, named: bool) -> str:
    if named:
        return "the tree that was asked for"
    if len(able) == 1:
        return "the only tree with branches that look like hit positions"
    others = ", ".join(_line(guesses.tree.path) for guesses in able[1:])
    return f"the most plausible hits; hit positions are in other trees too: {others}"


def _no_positions(path: str | Path, trees: Sequence[TreeSummary]) -> SchemaError:
    lines = [
        f"no branches in {path} look like hit positions",
        "  looked for: three lists of numbers per entry, equally long, whose names differ in",
        "  x, y, z (hits.pos.x, hit_x, posx, X, ...) and do not speak of tracks, vertices,",
        "  momenta or directions",
    ]
    for tree in trees:
        lists = [f"{branch.name} ({branch.type})" for branch in tree.hit_lists]
        more = f", … {len(lists) - _LISTED} more" if len(lists) > _LISTED else ""
        shown = ", ".join(lists[:_LISTED]) + more if lists else "none"
        lines.append(f"  lists of numbers in {tree.path} ({_entries(tree.entries)}): {shown}")
        single = [branch.name for branch in tree.branches if branch.shape == "one" and branch.dtype]
        lines += [
            f"  {', '.join(names)} in {tree.path} hold one number per entry, but no whole numbers "
            f"named like those of events (event, evt, spill, ...) stand beside them, the same in "
            f"several entries: if an entry is a hit, write the schema by hand with `layout: flat` "
            f"and `group_by`"
            for _, names in words.triples(single)
            if words.has(words.POSITION, words.split_path(names[0]))
            or words.has(words.HIT, words.split_path(names[0]))
            or len(words.split(names[0])) == 1
        ]
    if not trees:
        lines.append("  the file has no tree at all")
    lines.append(
        "  what to do: give the file or the tree with the hits, or write the schema by hand and "
        "name the three branches under `positions`"
    )
    return SchemaError("\n".join(lines))


def _layout(guesses: Guesses) -> Iterator[str]:
    keys = guesses.keys
    if keys is None:
        return
    yield "layout: flat  # an entry is a hit"
    yield "group_by:  # CHECK: the columns whose values the hits of an event share, and of no other"
    yield from (f"  - {_scalar(g.branch)}  # {g.reason}" for g in guesses.of("event key"))
    all_ = keys.looked == guesses.tree.entries
    where = f"{'all' if all_ else 'the first'} {_entries(keys.looked)}"
    if keys.rows == "any":
        yield "rows: any  # CHECK: right where events are mixed, wrong where numbers begin anew"
    else:
        events = _events(len(keys.starts))
        yield f"rows: contiguous  # the hits of an event follow one another in {where}: {events}"


def _positions(guesses: Guesses) -> Iterator[str]:
    found = guesses.of("position")
    yield ""
    how = "lists of equal length" if guesses.keys is None else "numbers"
    yield {
        "hits": f"# Hit positions: {how}, named like hits.",
        "plain": f"# Hit positions: {how}, named x, y, z and like nothing else.",
        "simulated hits": "# CHECK: SIMULATED hits; no positions of recorded ones were found.",
    }[guesses.tier or "plain"]
    if guesses.hits:
        mean, flat = guesses.hits / guesses.looked, guesses.keys is not None
        looked = _events(guesses.looked) if flat else _entries(guesses.looked)
        yield f"# {mean:.1f} hits per {'event' if flat else 'entry'} in the first {looked}."
    yield from (f"# CHECK: {caution}." for caution in guesses.cautions)
    yield "positions:"
    yield "  branches:"
    yield from (f"    - {_scalar(guess.branch)}  # {guess.reason}" for guess in found)
    yield _unit(found[0], "  ")


def _features(guesses: Guesses) -> Iterator[str]:
    used = guesses.of("time", "charge", "direction")
    yield ""
    yield "# Hit features, the columns of x, in this order."
    yield "features:"
    if not used:
        used = tuple(_stand_in(guesses))
        yield "  # CHECK: no time, charge or direction was recognised, and a schema needs at least"
        yield "  # one feature: this one stands in until you name a better one."
    for guess in used:
        yield f"  - name: {_scalar(guess.name)}  # {guess.reason}"
        yield f"    branch: {_scalar(guess.branch)}"
        yield _unit(guess, "    ")
        if guess.relative_to != "nothing":
            yield f"    relative_to: {guess.relative_to}  # {guess.note}"
    unused = guesses.of("time", "charge", "direction", used=False)
    if unused:
        yield "  # Like features too, left out:"
    for guess in unused:
        entry = f"{{name: {_scalar(guess.name)}, branch: {_scalar(guess.branch)}}}"
        yield f"  # - {entry}  # {guess.reason}"
    if guesses.others:
        yield "  # One number per hit too, of unknown meaning; true ones would give the class away:"
        for name in guesses.others:
            yield f"  #   {_line(name)}"


def _stand_in(guesses: Guesses) -> Iterator[Guess]:
    known = {branch.name: branch for branch in guesses.tree.branches}
    for name in guesses.others:
        look = known[name].look
        if look and look.minimum != look.maximum and not words.has(words.TRUE, words.split(name)):
            own = "_".join(words.split(name)) or "feature"
            yield Guess("charge", own, name, "of unknown meaning", unit=words.unit_of(name))
            return
    last = guesses.of("position")[2]
    reason = "a position, so rotations and shifts of the event do not reach it"
    yield Guess("charge", "z", last.branch, reason, unit=last.unit)


def _hit_columns(guesses: Guesses) -> Iterator[str]:
    used, unused = (guesses.of("hit column", used=u) for u in (True, False))
    if not (used or unused):
        return
    yield ""
    yield "# Whole numbers per hit that augmentations may need (dead modules, channels)."
    mark = "" if used else "# "
    yield f"{mark}hit_columns:"
    yield from (f"  {g.name}: {_scalar(g.branch)}  # {g.reason}" for g in used)
    yield from (f"  # {g.name}: {_scalar(g.branch)}  # left out: {g.reason}" for g in unused)


def _selection(guesses: Guesses) -> Iterator[str]:
    for guess in guesses.of("trigger", used=False)[:1]:
        yield ""
        yield f"# To keep triggered hits only ({guess.reason}):"
        yield "# select_hits:"
        yield f"#   - {{branch: {_scalar(guess.branch)}, min: 1}}"


def _label(guesses: Guesses) -> Iterator[str]:
    used, unused = guesses.of("label"), list(guesses.of("label", used=False))
    yield ""
    yield "# The class of an event. Without a label each sample is a class of its own."
    for guess in used:
        yield from _label_rule(guess, guesses, "")
    if not used and not unused:
        yield "# No branch looks like a label."
    if not used and unused and 0 < len(unused[0].values) <= MAX_CLASSES:
        yield "# Not used, since this file has a single class; if other files have more:"
        yield from _label_rule(unused.pop(0), guesses, "# ")
    if unused:
        yield "# Like labels too, left out:"
    for guess in unused:
        values = ", ".join(str(value) for value, _ in guess.values[:MAX_CLASSES])
        more = ", ..." if len(guess.values) > MAX_CLASSES else ""
        which = "" if guess.index is None else f", index {guess.index}"
        seen = f": {values}{more}" if values else ""
        yield f"#   {_line(guess.branch)}{which}: {guess.reason}{seen}"


def _label_rule(guess: Guess, guesses: Guesses, mark: str) -> Iterator[str]:
    yield f"{mark}label:"
    yield f"{mark}  columns:  # {guess.reason}"
    yield f"{mark}    - branch: {_scalar(guess.branch)}"
    if guess.index is not None:
        yield f"{mark}      index: {guess.index}  # the first of a list"
    count_of = _entries if guesses.keys is None else _events
    yield f"{mark}  classes:  # CHECK: give them names; values of one class together: [12, -12]"
    codes = words.match(guess.branch, ("pdgid", "pdg", "pdgcode", "particletype", "type", "pid"))
    for value, count in guess.values:
        named = f", {_PARTICLES[value]} in PDG codes" if codes and value in _PARTICLES else ""
        yield f"{mark}    class_{value}: {value}  # {count_of(count)}{named}"


def _observers(guesses: Guesses) -> Iterator[str]:
    found = guesses.of("observer")
    if not found:
        return
    yield ""
    yield "# Numbers per event that are carried along; no training sees them."
    yield "observers:"
    for guess in found:
        if guess.index is None:
            yield f"  {guess.name}: {_scalar(guess.branch)}  # {guess.reason}"
        else:
            yield f"  {guess.name}:  # {guess.reason}"
            yield f"    branch: {_scalar(guess.branch)}"
            yield f"    index: {guess.index}"


def _unit(guess: Guess, indent: str) -> str:
    if guess.unit:
        return f"{indent}unit: {_scalar(guess.unit)}"
    hint = {"position": "m, cm or mm", "time": "ns"}.get(guess.role, "pe, ADC counts, GeV, ns")
    return f"{indent}unit: {_UNKNOWN}  # CHECK: write the unit ({hint}, ...)"


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


def _events(count: int) -> str:
    return "1 event" if count == 1 else f"{count} events"


def _line(text: object) -> str:
    """Text that can stand in a comment."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(str(text).split()))


def _scalar(text: str) -> str:
    """Text as YAML that is read back as the same text, bare where that is safe."""
    bare = text and all(c.isalnum() or c in "_./-" for c in text)
    if bare and yaml.safe_load(text) == text:
        return text
    return yaml.safe_dump(text, default_style='"', width=sys.maxsize).rstrip("\n")
