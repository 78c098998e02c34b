"""How a study was made: budget and time, what was skipped, settings, versions, seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hitclr.reports.page import duration
from hitclr.reports.results import Number
from hitclr.reports.study.document import Block, Code, Table, Text
from hitclr.reports.study.rows import Cost, Method
from hitclr.reports.study.table import StudyTable
from hitclr.reports.study.wording import Dashes, labelled
from hitclr.reports.summary import count_of
from hitclr.reports.template import as_yaml

__all__ = ["cost_blocks", "making_blocks", "skip_blocks"]


_NUMBERS = ("epochs", "steps", "views", "encoded", "events", "parameters", "threads")


def cost_blocks(table: StudyTable) -> list[Block]:
    """Budget and time of each method."""
    if not table.cost:
        return [Text("No budget was recorded.")]
    dashes = Dashes()
    rows = []
    for method in table.methods:
        mine = [row for row in table.cost if row.method == method.name]
        planned = sum(cell.method == method.name for cell in table.planned)
        times = [row.seconds["train"] for row in mine if "train" in row.seconds]
        reason = "not recorded" if mine else "no finished cell"
        rows.append(
            [
                labelled(table, method.name),
                f"{len(mine)} of {planned}",
                duration(sum(times) / len(times)) if times else dashes.dash(reason),
                duration(sum(sum(row.seconds.values()) for row in mine))
                if times
                else dashes.dash(reason),
                *(_range(mine, key) or dashes.dash(reason) for key in _NUMBERS),
                _names(row.device for row in mine) or dashes.dash(reason),
                _names(row.select for row in mine) or dashes.dash(reason),
            ]
        )
    header = [
        "method", "cells", "training, each", "all stages, together", "epochs", "steps",
        "views for each event and step", "encoded in all", "training events", "parameters",
        "threads", "device", "epoch chosen by",
    ]  # fmt: skip
    caption = "Budget and time; a range where cells differ"
    blocks: list[Block] = [
        Table(caption, header, rows, dashes.footnotes, words=frozenset({11, 12}))
    ]
    for method in table.methods:
        first = method.settings.get("begin_with")
        if first is not None:
            blocks.append(
                Text(
                    f"{labelled(table, method.name)} begins with the encoder of "
                    f"{labelled(table, str(first))}: time, epochs, steps and encoded views are of "
                    f"both trainings."
                )
            )
    return blocks


def skip_blocks(table: StudyTable) -> list[Block]:
    """What was left out on reading."""
    if not table.skipped:
        return [Text("Nothing was skipped on reading.")]
    rows = [[row.sample, row.reason, count_of(row.count, row.unit)] for row in table.skipped]
    header = ["sample", "reason", "skipped"]
    return [Table("What was skipped on reading", header, rows, words=frozenset({1}))]


def making_blocks(table: StudyTable) -> list[Block]:
    """Throws, domains, methods with their settings, versions and seeds."""
    detector = f"Detector: {table.detector}. " if table.detector else ""
    text = (
        f"{detector}Classes: {', '.join(table.classes)}. Seeds: "
        f"{', '.join(str(seed) for seed in table.seeds)}. Nominal throw: {table.nominal}."
    )
    blocks: list[Block] = [Text(text)]
    units = {axis.parameter: axis.unit for axis in table.axes}
    for caption, title, named in (
        ("Throws: the parameters of the detector that are known", "throw", table.throws),
        ("Training domains", "domain", table.domains),
    ):
        values = {row.name: row.values for row in named}
        blocks.append(_values(caption, title, values, units))
    dashes = Dashes()
    rows = [
        [
            labelled(table, row.name),
            row.method,
            _sight(table, row),
            dashes.dash("not recorded") if row.views is None else str(row.views),
        ]
        for row in table.methods
    ]
    header = ["method", "registered as", "sees the target", "views for each event and step"]
    blocks.append(Table("Methods", header, rows, dashes.footnotes, words=frozenset({1, 2})))
    settings = {row.name: dict(row.settings) for row in table.methods}
    blocks.append(Code("Settings of each method", as_yaml(settings)))
    if table.settings:
        blocks.append(Code("Settings of the study", as_yaml(table.settings)))
    blocks.append(Code("Versions", as_yaml(table.versions)))
    return blocks


def _sight(table: StudyTable, method: Method) -> str:
    """Whether a method sees the target."""
    if method.labels:
        return "with its labels"
    if method.name in table.chosen_by_labels:
        return "with its labels in the choice of the epoch"
    return "yes" if method.target else "no"


def _values(
    caption: str,
    title: str,
    values: Mapping[str, Mapping[str, Number]],
    units: Mapping[str, str | None],
) -> Table:
    dashes = Dashes()
    parameters = list(dict.fromkeys(key for row in values.values() for key in row))
    rows = []
    for name, row in values.items():
        found = [row.get(key) for key in parameters]
        rows.append([name, *(dashes.dash("not stated") if x is None else f"{x:g}" for x in found)])
    header = [
        title,
        *(f"{key} [{units[key]}]" if units.get(key) else key for key in parameters),
    ]
    return Table(caption, header, rows, dashes.footnotes)


def _range(rows: list[Cost], key: str) -> str:
    values = [value for row in rows if (value := getattr(row, key)) is not None]
    if not values:
        return ""
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _names(values: Iterable[str | None]) -> str:
    return ", ".join(dict.fromkeys(value for value in values if value))
