"""The tables of the accuracies: over throws, by throw, and differences of methods."""

from __future__ import annotations

from collections.abc import Sequence

from hitclr.reports.study.answer import compared, ranking
from hitclr.reports.study.document import Block, Table, Text
from hitclr.reports.study.rows import Comparison
from hitclr.reports.study.table import StudyTable
from hitclr.reports.study.wording import (
    Dashes,
    difference_of,
    labelled,
    mark_of,
    over_some,
    value_of,
    why_absent,
)

__all__ = ["comparison_blocks", "summary_blocks", "throw_tables"]

_TITLES = {"mean": "mean over throws", "worst": "worst throw", "nominal": "nominal throw"}
_APART = ("that never saw the target", "that saw the target")


def summary_blocks(table: StudyTable) -> list[Block]:
    """The accuracies over throws, a table for each domain; methods that saw the target apart."""
    quantities = _quantities(table)
    if not quantities:
        return [Text("No accuracy over throws was measured yet.")]
    blocks: list[Block] = [
        Text(
            "Accuracy with its 95 % interval for other test events and seeds, in square "
            "brackets, and its standard deviation over seeds, behind ±. The area is that under the "
            "robustness curve of one parameter."
        )
    ]
    for domain in table.domains:
        for target, words in zip((False, True), _APART, strict=True):
            names = _in_order(table, domain.name, target)
            partly = [name for name in names if table.scored_in_part(name, domain.name)]
            if partly:
                blocks.append(_at_throws(table, domain.name, partly))
            names = [name for name in names if name not in partly]
            if not names:
                continue
            dashes = Dashes()
            rows = [
                [
                    labelled(table, name),
                    *(
                        value_of(
                            table.quantities.get((name, domain.name, quantity)),
                            why_absent(table, name, domain.name),
                            dashes,
                        )
                        for quantity in quantities
                    ),
                ]
                for name in names
            ]
            header = ["method", *(_TITLES.get(name, name) for name in quantities)]
            caption = f"Trained on {domain.name}: methods {words}, best mean first"
            blocks.append(Table(caption, header, rows, dashes.footnotes))
    if len(table.seeds) > 1:
        blocks.append(_by_seed(table))
    return blocks


def comparison_blocks(table: StudyTable) -> list[Block]:
    """The best method against each other one, then all pairs; those that saw the target apart."""
    if not table.comparisons:
        return [Text("No two methods were compared.")]
    blocks: list[Block] = [
        Text(
            "Differences in accuracy for other test events and seeds, the same for both, with 95 % "
            "intervals in square brackets, and whether they survive Holm's correction for the "
            "number of comparisons."
        )
    ]
    for domain in table.domains:
        for target, words in zip((False, True), _APART, strict=True):
            best = ranking(table, domain.name, "mean")
            if best:
                blocks += _against(table, domain.name, best[0][0], target, words)
    for domain in table.domains:
        mine = [row for row in table.comparisons if row.domain == domain.name]
        for target, words in (
            (False, "all pairs of methods that never saw the target"),
            (True, "all pairs with a method that saw the target"),
        ):
            rows = [row for row in mine if bool({row.first, row.second} & table.targeted) is target]
            if rows:
                blocks.append(_pairs(table, rows, f"Trained on {domain.name}: {words}"))
    return blocks


def throw_tables(table: StudyTable) -> list[Block]:
    """The accuracy under each throw with its interval, a folded table for each domain."""
    blocks: list[Block] = []
    for domain in table.domains:
        names = [row.name for row in table.methods if table.scored_on(row.name, domain.name)]
        if not names:
            continue
        dashes = Dashes()
        rows = [
            [
                throw.name + mark_of(table, throw.name),
                *(
                    value_of(
                        table.points.get((name, domain.name, throw.name)),
                        why_absent(table, name, domain.name),
                        dashes,
                    )
                    for name in names
                ),
            ]
            for throw in table.throws
        ]
        header = ["throw", *(labelled(table, name) for name in names)]
        caption = f"Trained on {domain.name}: accuracy under each throw, with intervals"
        blocks.append(Table(caption, header, rows, dashes.footnotes, fold=True))
    return blocks


def _at_throws(table: StudyTable, domain: str, names: Sequence[str]) -> Table:
    """The accuracies of methods that were scored on some throws alone, and of one that was on all.

    There the methods are not ranked: they may have different throws.
    """
    throws = [
        one.name
        for one in table.throws
        if any((name, domain, one.name) in table.points for name in names)
    ]
    best = [name for name, _, _ in ranking(table, domain, "mean")[:1]]
    dashes = Dashes()
    rows = [
        [
            labelled(table, name),
            *(
                value_of(
                    table.points.get((name, domain, throw)),
                    why_absent(table, name, domain),
                    dashes,
                )
                for throw in throws
            ),
        ]
        for name in [*best, *(name for name in names if name not in best)]
    ]
    caption = f"Trained on {domain}: methods that were scored on some of the throws alone"
    if best:
        caption += f", and {best[0]}, which has the best mean of those that never saw the target"
    return Table(caption, ["method", *throws], rows, dashes.footnotes)


def _quantities(table: StudyTable) -> list[str]:
    """The quantities that there are: the well-known first, then areas as they come."""
    present = dict.fromkeys(row.quantity for row in table.summary)
    return [
        *(name for name in _TITLES if name in present),
        *(n for n in present if n not in _TITLES),
    ]


def _in_order(table: StudyTable, domain: str, target: bool) -> list[str]:
    """The methods that are trained on a domain, best mean first, then those without a mean."""
    ranked = [name for name, _, _ in ranking(table, domain, "mean", target=target, labels=True)]
    rest = [
        row.name
        for row in table.methods
        if row.target is target and row.name not in ranked and (row.name, domain) in table.pairs
    ]
    return ranked + rest


def _by_seed(table: StudyTable) -> Table:
    dashes = Dashes()
    rows = [
        [
            labelled(table, row.method),
            row.domain,
            _TITLES.get(row.quantity, row.quantity),
            *(
                dashes.dash("not planned, not done yet, or not measured")
                if value is None
                else f"{value:.3f}"
                for value in (row.seeds.get(seed) for seed in table.seeds)
            ),
        ]
        for row in table.summary
    ]
    header = ["method", "trained on", "accuracy", *(f"seed {seed}" for seed in table.seeds)]
    return Table(
        "The same, seed by seed", header, rows, dashes.footnotes, words=frozenset({1, 2}), fold=True
    )


def _against(table: StudyTable, domain: str, best: str, target: bool, words: str) -> list[Block]:
    """The method with the best mean minus each other one."""
    quantities = [
        name
        for name in _quantities(table)
        if any((row.domain, row.quantity) == (domain, name) for row in table.comparisons)
    ]
    others = [name for name in _in_order(table, domain, target) if name != best]
    if not quantities or not others:
        return []
    dashes = Dashes()
    rows = [
        [
            labelled(table, other) + over_some(table, compared(table, domain, "mean", best, other)),
            *(
                cell
                for quantity in quantities
                for cell in difference_of(compared(table, domain, quantity, best, other), dashes)
            ),
        ]
        for other in others
    ]
    header = ["minus"]
    for quantity in quantities:
        header += [_TITLES.get(quantity, quantity), "survives Holm"]
    caption = f"Trained on {domain}: {best} minus methods {words}"
    survives = frozenset(range(2, len(header), 2))
    return [Table(caption, header, rows, dashes.footnotes, words=survives)]


def _pairs(table: StudyTable, pairs: Sequence[Comparison], caption: str) -> Table:
    dashes = Dashes()
    rows = []
    for row in pairs:
        difference, survives = difference_of(row, dashes)
        rows.append(
            [
                labelled(table, row.first),
                labelled(table, row.second),
                _TITLES.get(row.quantity, row.quantity),
                difference,
                dashes.dash("not tested") if row.p is None else f"{row.p:.4f}",
                survives,
                *(
                    dashes.dash("not recorded") if count is None else f"{count:,}"
                    for count in (row.throws, row.events, row.seeds)
                ),
            ]
        )
    header = [
        "first", "minus", "accuracy", "difference", "p", "survives Holm", "throws", "events",
        "seeds",
    ]  # fmt: skip
    words = frozenset({1, 2, 5})
    return Table(caption, header, rows, dashes.footnotes, words=words, fold=True)
