"""Two studies side by side: what differs in them, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from hitclr.reports.folder import PAGE, replace_report
from hitclr.reports.study.document import Block, Document, Note, Section, Table, Text
from hitclr.reports.study.html import render_html
from hitclr.reports.study.markdown import render_markdown
from hitclr.reports.study.wording import DASH, Dashes, p_in_brackets, signed, within
from hitclr.reports.summary import count_of

__all__ = ["Change", "Difference", "TwoStudies", "write_two_studies"]

_MARKDOWN = "report.md"
_TITLES = {"mean": "mean over throws", "worst": "worst throw", "nominal": "nominal throw"}


@dataclass(frozen=True)
class Difference:
    """A setting, a version or a throw that is not the same in both.

    Attributes:
        key: what it is.
        first: in the first study; empty where it is not there.
        second: in the second.
    """

    key: str
    first: str
    second: str


@dataclass(frozen=True)
class Change:
    """An accuracy of a method in both studies.

    Attributes:
        method: the line of the comparison that both have.
        domain: what it was trained on.
        quantity: ``mean``, ``worst``, ``nominal``, ``area PARAMETER`` or ``throw NAME``.
        first: the value in the first study with the ends of its interval; None where unknown.
        second: that in the second.
        difference: the second minus the first; None where it is not known.
        low: the lower end of its 95 % interval.
        high: the upper end.
        paired: whether it is of the same test events and seeds.
        survives: whether it survives Holm's correction; None where it is not paired.
        p_holm: the corrected p-value.
        note: why there is no difference, or why it is not paired.
    """

    method: str
    domain: str
    quantity: str
    first: tuple[float | None, float | None, float | None]
    second: tuple[float | None, float | None, float | None]
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    paired: bool = False
    survives: bool | None = None
    p_holm: float | None = None
    note: str = ""


@dataclass(frozen=True)
class TwoStudies:
    """What two studies have in common and what not.

    Attributes:
        names: of both, as given.
        titles: their headlines.
        created: when their tables were made.
        settings: what differs in their settings and versions.
        throws: what differs in their throws.
        changes: the accuracies that both have.
        cells: trainings that are in one of them alone, or done in one alone: what, and how many in
            each.
    """

    names: tuple[str, str]
    titles: tuple[str, str]
    created: tuple[datetime, datetime]
    settings: Sequence[Difference] = ()
    throws: Sequence[Difference] = ()
    changes: Sequence[Change] = ()
    cells: Sequence[tuple[str, int, int]] = field(default=())

    def of(self, quantity: str) -> list[Change]:
        """The changes of one quantity."""
        return [change for change in self.changes if change.quantity == quantity]

    def summary(self) -> list[str]:
        """What changed, in sentences."""
        first, second = self.names
        means = self.of("mean")
        if not means:
            return ["The studies have no method in common whose mean over throws can be compared."]
        groups: dict[str, list[str]] = {"higher": [], "lower": [], "": []}
        for one in means:
            name = one.method if len({c.domain for c in means}) == 1 else f"{one.method} on "
            name += "" if name == one.method else one.domain
            sure = one.low is not None and one.high is not None and one.low * one.high > 0
            up = (one.difference or 0) > 0
            groups[("higher" if up else "lower") if sure else ""].append(name)
        lines = [
            f"In {second} the mean accuracy over throws is {word} than in {first}, by an interval "
            f"that excludes 0, for {', '.join(groups[word])}."
            for word in ("higher", "lower")
            if groups[word]
        ]
        if groups[""]:
            lines.append(
                f"For {', '.join(groups[''])} the interval of the difference contains 0, or there "
                f"is none: nothing shows that the studies differ there."
            )
        return lines


def write_two_studies(directory: Path, found: TwoStudies) -> Path:
    """Write the page ``report/index.html`` and the same as ``report/report.md``.

    Args:
        directory: the folder; it is made. An earlier report in it is replaced.
        found: what is shown.

    Returns:
        The path of the page.

    Raises:
        OutputError: ``report`` is something else, or the folder cannot be written to.
    """
    document = _document(found)

    def fill(folder: Path) -> None:
        (folder / PAGE).write_text(
            render_html(document, {}), encoding="utf-8", errors="backslashreplace"
        )
        (folder / _MARKDOWN).write_text(
            render_markdown(document), encoding="utf-8", errors="backslashreplace"
        )

    return replace_report(directory, fill)


def _document(found: TwoStudies) -> Document:
    first, second = found.names
    opening: list[Block] = [Text(" ".join(found.summary()), lead=True)]
    cautions = _cautions(found)
    if cautions:
        opening.append(Note("What cannot be concluded", cautions))
    return Document(
        title=f"{first} and {second}",
        byline=(
            f"{first}: {found.titles[0]}, {found.created[0]:%Y-%m-%d %H:%M}; "
            f"{second}: {found.titles[1]}, {found.created[1]:%Y-%m-%d %H:%M}"
        ),
        opening=opening,
        sections=[
            Section("Accuracy over throws", _summary_blocks(found)),
            Section("Throw by throw", _throw_blocks(found)),
            Section("What differs in the settings", _settings_blocks(found)),
            Section("Trainings", _cell_blocks(found)),
        ],
    )


def _cautions(found: TwoStudies) -> list[str]:
    lines = []
    noted = [one for one in found.changes if not one.paired and one.note]
    apart = dict.fromkeys(one.note for one in noted if one.difference is not None)
    if apart:
        lines.append(
            f"Not all differences are of the same test events and seeds, and so they have wider "
            f"intervals and are not tested: {'; '.join(apart)}."
        )
    none = dict.fromkeys(one.note for one in noted if one.difference is None)
    if none:
        lines.append(f"Not all accuracies have a difference: {'; '.join(none)}.")
    if found.settings:
        number = count_of(len(found.settings), "setting or version", "settings or versions")
        lines.append(
            f"The studies differ in {number}: a difference in accuracy may come from any of them."
        )
    return lines


def _summary_blocks(found: TwoStudies) -> list[Block]:
    quantities = [
        name
        for name in dict.fromkeys(one.quantity for one in found.changes)
        if not name.startswith("throw ")
    ]
    blocks: list[Block] = [
        Text(
            "95 % intervals in square brackets, for other test events and seeds. Paired "
            "differences are of the same events and seeds, on the throws that both have, and "
            "Holm's correction is for the number of methods. Others are from the two intervals "
            "alone (MOVER: Zou and Donner 2008)."
        )
    ]
    tables = [_changes(found, quantity, _TITLES.get(quantity, quantity)) for quantity in quantities]
    return [*blocks, *tables] if tables else [Text("No accuracy over throws is in both.")]


def _throw_blocks(found: TwoStudies) -> list[Block]:
    blocks: list[Block] = []
    if found.throws:
        blocks.append(_differences("Throws that are not the same in both", found, found.throws))
    rows = [one for one in found.changes if one.quantity.startswith("throw ")]
    for throw in dict.fromkeys(one.quantity for one in rows):
        blocks.append(_changes(found, throw, throw.removeprefix("throw "), fold=True))
    return blocks or [Text("No throw is in both.")]


def _changes(found: TwoStudies, quantity: str, title: str, *, fold: bool = False) -> Table:
    dashes = Dashes()
    rows = []
    for one in found.of(quantity):
        values = [_value(value, dashes) for value in (one.first, one.second)]
        if one.difference is None:
            difference = dashes.dash(one.note or "could not be worked out")
        else:
            difference = f"{signed(one.difference)} {within(one.low, one.high, sign=True)}"
        if one.survives is None:
            survives = dashes.dash("not tested: " + (one.note or "one of them has no interval"))
        else:
            survives = f"{'yes' if one.survives else 'no'}{p_in_brackets(one.p_holm)}"
        rows.append([one.method, one.domain, *values, difference, survives])
    first, second = found.names
    header = ["method", "trained on", first, second, f"{second} minus {first}", "survives Holm"]
    caption = f"Accuracy, {title}"
    return Table(caption, header, rows, dashes.footnotes, words=frozenset({1, 5}), fold=fold)


def _value(value: tuple[float | None, float | None, float | None], dashes: Dashes) -> str:
    number, low, high = value
    if number is None:
        return dashes.dash("not measured")
    return f"{number:.3f} {within(low, high)}"


def _settings_blocks(found: TwoStudies) -> list[Block]:
    if not found.settings:
        return [Text("Nothing: settings and versions are the same.")]
    return [_differences("Settings and versions that differ", found, found.settings)]


def _differences(caption: str, found: TwoStudies, rows: Sequence[Difference]) -> Table:
    cells = [[one.key, one.first or DASH, one.second or DASH] for one in rows]
    notes = [f"{DASH} not given"] if any(DASH in row for row in cells) else []
    return Table(caption, ["what", *found.names], cells, notes, words=frozenset({1, 2}))


def _cell_blocks(found: TwoStudies) -> list[Block]:
    if not found.cells:
        return [Text("Both studies have the same trainings, and the same ones are done.")]
    rows = [[name, str(first), str(second)] for name, first, second in found.cells]
    return [Table("Trainings that are done, where they differ", ["training", *found.names], rows)]
