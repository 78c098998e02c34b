"""Modelled and unmodelled shifts: what each method bears, and which claim that supports."""

from __future__ import annotations

from collections.abc import Container

from hitclr.reports.study.document import Block, Image, Note, Table, Text
from hitclr.reports.study.names import shifts
from hitclr.reports.study.pairs import best_in_words, lead_in_words, matching
from hitclr.reports.study.rows import ShiftComparison
from hitclr.reports.study.table import StudyTable
from hitclr.reports.study.wording import Dashes, difference_of, over_some, value_of

__all__ = ["shift_blocks", "shift_verdicts"]

_GROUPS = ("modelled", "unmodelled")
_PRICE = "modelled minus unmodelled"
_MOST_THROWS = 6
_HIDDEN = "‡"
_TITLES = {"mean": "mean over shifts", "worst": "worst shift"}
_CLAIMS = {
    "modelled": (
        "Modelled shifts: the training shows something like the change. They support the claim "
        "that what is known of a detector, put into the training, makes a model bear it. Of "
        "changes that nobody thought of they say nothing."
    ),
    "unmodelled": (
        "Unmodelled shifts: nothing in the training shows the change. They alone support the claim "
        "that a method by itself makes representations that bear changes of the detector."
    ),
}


def shift_blocks(table: StudyTable, pictures: Container[str]) -> list[Block]:
    """The section of the shifts; nothing where the study has none.

    Args:
        table: the study.
        pictures: the names of those that were drawn.
    """
    if not table.shifts:
        return []
    blocks: list[Block] = [
        Text(
            "Under a modelled shift a method is judged by its training with all views and throws; "
            "under an unmodelled one by the training that leaves out what shows this shift, or, "
            "where nothing does, by the same. Both are on the same throws and events. Each shift "
            "counts alike, however many throws it has. Methods that saw a target are not here."
        )
    ]
    if not table.shift_summary:
        return [*blocks, _described(table), Text("Nothing was measured under these shifts yet.")]
    lines = []
    for group in _GROUPS:
        found = [
            line
            for domain in table.domains
            if (line := _verdict(table, domain.name, group, opening=False))
        ]
        none = [] if found else [f"No method was measured under {group} shifts."]
        lines.append(" ".join([_CLAIMS[group], *found, *none]))
    blocks += [Note("Which claim the numbers support", lines), _described(table)]
    blocks += [
        Image(
            name,
            f"Accuracy under modelled and unmodelled shifts, trained on {domain.name}.",
            f"Accuracy of each method where a shift is modelled and where it is left out of the "
            f"training, trained on {domain.name}, with 95 % intervals. Axes differ.",
        )
        for index, domain in enumerate(table.domains)
        if (name := shifts(index, domain.name)) in pictures
    ]
    belonging = {throw for shift in table.shifts for throw in shift.throws}
    free = [row.name for row in table.throws if row.name not in {*belonging, table.nominal}]
    if free:
        blocks.append(
            Text(
                f"Throws that belong to no shift, since they change several at a time or what they "
                f"change is not known: {', '.join(free)}."
            )
        )
    for domain in table.domains:
        for group in _GROUPS:
            blocks += _summary(table, domain.name, group)
        blocks += _prices(table, domain.name)
        for group in _GROUPS:
            blocks += _against(table, domain.name, group)
    for domain in table.domains:
        blocks += _pairs(table, domain.name)
        blocks += _trainings(table, domain.name)
    return blocks


def shift_verdicts(table: StudyTable, domain: str) -> list[str]:
    """A sentence for modelled shifts and one for unmodelled ones, where they were measured."""
    found = (_verdict(table, domain, group, opening=True) for group in _GROUPS)
    return [line for line in found if line]


def _verdict(table: StudyTable, domain: str, group: str, *, opening: bool) -> str:
    ranked = _ranked(table, domain, group)
    if not ranked:
        return ""
    best = table.over_shifts[ranked[0], domain, group, "mean"]
    value = value_of(best, "", Dashes())
    where = f"On {group} shifts" if opening else f"Trained on {domain},"
    if len(ranked) == 1:
        return (
            f"{where} {ranked[0]} has a mean accuracy of {value}; no other has one over the same "
            f"shifts."
        )
    pair = _compared(table, domain, group, "mean", ranked[0], ranked[1])
    return (
        f"{where} {ranked[0]} has the {best_in_words(pair)} mean accuracy, {value}; "
        f"{lead_in_words(table, pair, ranked[1])}."
    )


def _ranked(table: StudyTable, domain: str, group: str) -> list[str]:
    """The methods that have a mean over all shifts of the group, best first."""
    found = [
        (row.value, name.name)
        for name in table.methods
        if (row := table.over_shifts.get((name.name, domain, group, "mean"))) is not None
        and row.value is not None
    ]
    return [name for _, name in sorted(found, key=lambda one: -one[0])]


def _compared(
    table: StudyTable, domain: str, group: str, quantity: str, first: str, second: str
) -> ShiftComparison | None:
    rows = [
        row
        for row in table.shift_comparisons
        if (row.domain, row.group, row.quantity) == (domain, group, quantity)
    ]
    return matching(rows, first, second)


def _described(table: StudyTable) -> Table:
    dashes = Dashes()

    def listed(names: tuple[str, ...]) -> str:
        return ", ".join(names) or dashes.dash("none")

    def ends(names: tuple[str, ...]) -> str:
        if len(names) <= _MOST_THROWS:
            return ", ".join(names)
        return f"{len(names)}: {names[0]}, {names[1]}, ..., {names[-1]}"

    rows = [
        [row.name, listed(row.parameters), listed(row.views), ends(row.throws)]
        for row in table.shifts
    ]
    header = ["shift", "parameters", "augmentations that imitate it", "throws"]
    return Table("The shifts", header, rows, dashes.footnotes, words=frozenset({1, 2, 3}))


def _quantities(table: StudyTable, domain: str, group: str) -> list[str]:
    present = {
        row.quantity for row in table.shift_summary if (row.domain, row.group) == (domain, group)
    }
    single = [f"shift {shift.name}" for shift in table.shifts]
    return [name for name in (*_TITLES, *single) if name in present]


def _title(quantity: str) -> str:
    return _TITLES.get(quantity, quantity.removeprefix("shift "))


def _summary(table: StudyTable, domain: str, group: str) -> list[Block]:
    quantities = _quantities(table, domain, group)
    ranked = _ranked(table, domain, group)
    known = {row.method for row in table.shift_summary if row.domain == domain}
    present = {
        row.method for row in table.shift_summary if (row.domain, row.group) == (domain, group)
    }
    names = ranked + [row.name for row in table.methods if row.name in present - set(ranked)]
    if not names:
        return []
    dashes = Dashes()
    rows = [
        [
            name,
            *(
                value_of(
                    table.over_shifts.get((name, domain, group, quantity)),
                    _why_absent(table, name, domain, group, quantity),
                    dashes,
                )
                for quantity in quantities
            ),
        ]
        for name in names
    ]
    left = [row.name for row in table.methods if row.name in known - set(names)]
    notes = [f"Not here, as none of these shifts is {group} to them: {', '.join(left)}"]
    return [
        Table(
            f"Trained on {domain}: accuracy under {group} shifts, best mean first",
            ["method", *map(_title, quantities)],
            rows,
            [*dashes.footnotes, *(notes if left else [])],
        )
    ]


def _why_absent(table: StudyTable, method: str, domain: str, group: str, quantity: str) -> str:
    if not quantity.startswith("shift "):
        return f"not all shifts were measured, or are {group} to it"
    name = quantity.removeprefix("shift ")
    shown = {
        row.modelled
        for row in table.shift_scores
        if (row.method, row.domain, row.shift, row.left_out) == (method, domain, name, None)
    }
    if group == "modelled" and shown == {False}:
        return "nothing in its training shows this shift"
    planned = any(
        (cell.method, cell.domain, cell.left_out) == (method, domain, name)
        for cell in table.planned
    )
    if group == "unmodelled" and shown == {True} and not planned:
        return "no training leaves this shift out"
    return "not done yet: cells are missing"


def _prices(table: StudyTable, domain: str) -> list[Block]:
    """What it costs each method that a shift is not modelled."""
    mine = [row for row in table.shift_comparisons if (row.domain, row.group) == (domain, _PRICE)]
    quantities = [
        name
        for name in ("mean", *(f"shift {shift.name}" for shift in table.shifts))
        if any(row.quantity == name for row in mine)
    ]
    if not mine:
        return []
    dashes = Dashes()
    names = [row.name for row in table.methods if any(row.name == pair.first for pair in mine)]
    rows = [
        [
            name + over_some(table, _compared(table, domain, _PRICE, "mean", name, name)),
            *(
                cell
                for quantity in quantities
                for cell in difference_of(
                    _compared(table, domain, _PRICE, quantity, name, name), dashes
                )
            ),
        ]
        for name in names
    ]
    caption = (
        f"Trained on {domain}: accuracy where a shift is modelled minus that where it is not, on "
        f"the shifts that the method models"
    )
    header, words = _with_verdicts(["method"], quantities)
    return [Table(caption, header, rows, dashes.footnotes, words=words)]


def _with_verdicts(first: list[str], quantities: list[str]) -> tuple[list[str], frozenset[int]]:
    header = list(first)
    for quantity in quantities:
        header += [_title(quantity), "survives Holm"]
    return header, frozenset(range(2, len(header), 2))


def _against(table: StudyTable, domain: str, group: str) -> list[Block]:
    """The method with the best mean minus each other one."""
    ranked = _ranked(table, domain, group)
    if len(ranked) < 2:
        return []
    quantities = _quantities(table, domain, group)
    dashes = Dashes()
    rows = [
        [
            other + over_some(table, _compared(table, domain, group, "mean", ranked[0], other)),
            *(
                cell
                for quantity in quantities
                for cell in difference_of(
                    _compared(table, domain, group, quantity, ranked[0], other), dashes
                )
            ),
        ]
        for other in ranked[1:]
    ]
    header, words = _with_verdicts(["minus"], quantities)
    caption = f"Trained on {domain}: {ranked[0]} minus the others under {group} shifts"
    return [Table(caption, header, rows, dashes.footnotes, words=words)]


def _pairs(table: StudyTable, domain: str) -> list[Block]:
    dashes = Dashes()
    rows = []
    for row in table.shift_comparisons:
        if row.domain == domain and row.group in _GROUPS:
            p = dashes.dash("not tested") if row.p is None else f"{row.p:.4f}"
            difference, survives = difference_of(row, dashes)
            names = [row.first, row.second, row.group, _title(row.quantity)]
            rows.append([*names, difference, p, survives])
    if not rows:
        return []
    header = ["first", "minus", "shifts", "accuracy", "difference", "p", "survives Holm"]
    caption = f"Trained on {domain}: all pairs of methods, within each group of shifts"
    words = frozenset({1, 2, 3, 6})
    return [Table(caption, header, rows, dashes.footnotes, words=words, fold=True)]


def _trainings(table: StudyTable, domain: str) -> list[Block]:
    """Every kind of training under every shift."""
    found = {
        (row.method, row.left_out, row.shift): row
        for row in table.shift_scores
        if row.domain == domain
    }
    kinds = list(dict.fromkeys((method, left_out) for method, left_out, _ in found))
    kinds.sort(key=lambda one: [row.name for row in table.methods].index(one[0]))
    if not kinds:
        return []
    dashes = Dashes()
    rows = []
    for method, left_out in kinds:
        cells = []
        for shift in table.shifts:
            row = found.get((method, left_out, shift.name))
            text = value_of(row, "not measured", dashes)
            cells.append(f"{text} {_HIDDEN}" if row is not None and not row.modelled else text)
        rows.append([method, left_out or "nothing", *cells])
    header = ["method", "left out", *(shift.name for shift in table.shifts)]
    caption = f"Trained on {domain}: each kind of training under each shift"
    notes = [*dashes.footnotes, f"{_HIDDEN} nothing in the training shows this shift"]
    return [Table(caption, header, rows, notes, words=frozenset({1}), fold=True)]
