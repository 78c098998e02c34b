"""The answer of a study in sentences made from its numbers, and what it does not say."""

from __future__ import annotations

from collections.abc import Sequence

from hitclr.reports.study.document import Block, Note, Table, Text
from hitclr.reports.study.pairs import (
    best_in_words,
    difference_in_words,
    is_behind,
    lead_in_words,
    matching,
    over_common_seeds,
)
from hitclr.reports.study.rows import Comparison, Cost, Quantity
from hitclr.reports.study.shifts import shift_verdicts
from hitclr.reports.study.table import Cell, StudyTable
from hitclr.reports.study.wording import (
    KNEW,
    SAW,
    Dashes,
    difference_of,
    labelled,
    over_some,
    that_saw,
    value_of,
    within,
)
from hitclr.reports.summary import count_of

__all__ = ["answer", "compared", "ranking"]

_BRACKETS = (
    "Square brackets are 95 % intervals for other test events and seeds; ± is the standard "
    "deviation over seeds."
)
_FEW_SEEDS = 3
_MOST_NAMED = 6


def answer(table: StudyTable) -> list[Block]:
    """What the study found, then what must be known to read it."""
    domains = [
        domain.name
        for domain in table.domains
        if any(ranking(table, domain.name, "mean", target=target) for target in (False, True))
    ]
    blocks: list[Block]
    if not domains:
        blocks = [Text(_no_answer(table))]
    elif len(table.domains) == 1:
        blocks = [Text(" ".join(_domain(table, domains[0])), lead=True)]
        if verdicts := shift_verdicts(table, domains[0]):
            blocks.append(Text(" ".join(verdicts), lead=True))
        blocks.append(Text(_BRACKETS))
    else:
        blocks = [Text(" ".join(_overall(table, domains)), lead=True)]
        blocks += _best_tables(table, domains)
    if table.missing:
        blocks.append(Note("This study is not complete", _missing(table)))
    cautions = _cautions(table)
    if cautions:
        blocks.append(Note("What cannot be concluded", cautions))
    if table.notes:
        blocks.append(Note("About this study", table.notes))
    return blocks


def _no_answer(table: StudyTable) -> str:
    """Why no method is the best."""
    if any(ranking(table, row.name, "mean", target=True, labels=True) for row in table.domains):
        return (
            "Only methods that had the labels of the target were scored on all throws: they show "
            "what there is to gain, so there is no answer."
        )
    return "No accuracy over throws was measured yet, so there is no answer."


def ranking(
    table: StudyTable, domain: str, quantity: str, *, target: bool = False, labels: bool = False
) -> list[tuple[str, float, Quantity]]:
    """The methods that have the quantity, best first: name, value and row.

    Args:
        table: the study.
        domain: what they were trained on.
        quantity: as in the table.
        target: of the methods that saw the target, without its labels; of those that did not see
            it otherwise.
        labels: with those that saw its labels.
    """
    rows = [
        (method.name, row.value, row)
        for method in table.methods
        if method.target is target
        and (labels or method.name not in table.ceilings)
        and (row := table.quantities.get((method.name, domain, quantity))) is not None
        and row.value is not None
    ]
    return sorted(rows, key=lambda row: -row[1])


def compared(
    table: StudyTable, domain: str, quantity: str, first: str, second: str
) -> Comparison | None:
    """The first method minus the second, whichever way round the table has them."""
    rows = [row for row in table.comparisons if (row.domain, row.quantity) == (domain, quantity)]
    return matching(rows, first, second)


def _domain(table: StudyTable, domain: str) -> list[str]:
    """At most three sentences: the best mean, the best worst case, those that saw the target."""
    lines = []
    means = ranking(table, domain, "mean")
    best, ahead = _lead(table, domain, "mean", means)
    if means:
        name, _, row = means[0]
        lead = f"Trained on {domain}, "
        if len(means) > 1:
            lead += f"of the {len(means)} methods that never saw the target"
            lead += f"{_and_whole(table, domain, means, target=False)}, "
        lines.append(
            f"{lead}{name} has {f'the {best}' if best else 'a'} mean accuracy over "
            f"{count_of(len(table.throws), 'throw')}, {_value(row)}{ahead}."
        )
    worst = ranking(table, domain, "worst")
    if worst:
        name, _, row = worst[0]
        word, ahead = _lead(table, domain, "worst", worst)
        if not means or name != means[0][0]:
            lead = f"{name} has {f'the {word}' if word else 'a'} worst case, "
        elif word:
            lead = f"Its worst case is the {word}{' too' if word == best else ''}, "
        else:
            lead = "Its worst case is "
        lines.append(f"{lead}{_value(row)}{ahead}.")
    seen = ranking(table, domain, "mean", target=True)
    if seen:
        name, _, row = seen[0]
        kind = "the best of those" if len(seen) > 1 else "the one method"
        kind += f" {that_saw(table)}{_and_whole(table, domain, seen, target=True)}"
        line = f"{name}, {kind}, has a mean of {_value(row)}"
        if means:
            pair = compared(table, domain, "mean", means[0][0], name)
            line += f"; {over_common_seeds(table, pair)}{means[0][0]} minus {name} is "
            line += difference_in_words(pair)
        lines.append(f"{line}.")
    return lines


def _overall(table: StudyTable, domains: Sequence[str]) -> list[str]:
    """How often each method is the best over several domains, and how often beyond doubt."""
    lines: list[str] = []
    for quantity, words in (("mean", "mean accuracy over throws"), ("worst", "worst case")):
        won: dict[str, list[Comparison | None]] = {}
        for domain in domains:
            rows = ranking(table, domain, quantity)
            if len(rows) > 1:
                pair = compared(table, domain, quantity, rows[0][0], rows[1][0])
                won.setdefault(rows[0][0], []).append(pair)
        parts = [
            _won(name, words, pairs, len(domains))
            for name, pairs in sorted(won.items(), key=lambda item: -len(item[1]))
        ]
        if parts:
            lead = "Of the methods that never saw the target, " if not lines else ""
            lines.append(f"{lead}{'; '.join(parts)}.")
    ahead = []
    for domain in domains:
        own, seen = (ranking(table, domain, "mean", target=target) for target in (False, True))
        if own and seen:
            pair = compared(table, domain, "mean", own[0][0], seen[0][0])
            ahead.append(pair is not None and bool(pair.survives) and (pair.difference or 0) < 0)
    if ahead:
        lines.append(
            f"The best method {that_saw(table)} has a higher mean than the best that never saw "
            f"it, by a difference that survives, on {sum(ahead)} of {len(ahead)}."
        )
    return lines or ["Too few methods were measured to say which is the best."]


def _won(name: str, words: str, pairs: Sequence[Comparison | None], domains: int) -> str:
    """On how many domains a method is the best, and on how many beyond doubt.

    Args:
        name: of the method.
        words: what it is the best in.
        pairs: its differences to the runner-up, one for each domain where it is the best.
        domains: how many there are.
    """
    sure = [pair for pair in pairs if pair and pair.survives and (pair.difference or 0) > 0]
    behind = [pair for pair in pairs if is_behind(pair)]
    text = (
        f"{name} has the {'highest' if behind else 'best'} {words} on {len(pairs)} of "
        f"{count_of(domains, 'training domain')}, with a lead over the runner-up that survives "
        f"Holm's correction on {len(sure)}"
    )
    if behind:
        text += f", and is not ahead over the seeds that both have on {len(behind)}"
    return text


def _best_tables(table: StudyTable, domains: Sequence[str]) -> list[Block]:
    """The best method of each domain, with its runner-up; and with the best that saw the target."""
    blocks: list[Block] = []
    for target, rival in ((False, "the runner-up"), (True, f"the best {that_saw(table)}")):
        dashes = Dashes()
        rows = []
        for domain in domains:
            for quantity in ("mean", "worst"):
                own = ranking(table, domain, quantity)
                rivals = ranking(table, domain, quantity, target=True) if target else own[1:]
                if own and rivals:
                    first, second = own[0][0], rivals[0][0]
                    pair = compared(table, domain, quantity, first, second)
                    other = labelled(table, second) + over_some(table, pair)
                    values = [value_of(row[2], "", dashes) for row in (own[0], rivals[0])]
                    apart = difference_of(pair, dashes)
                    rows.append([domain, quantity, first, other, *apart, *values])
        if rows:
            header = [
                "trained on", "accuracy", "best", rival, "difference", "survives Holm",
                "the best has", f"{rival} has",
            ]  # fmt: skip
            note = f" {_BRACKETS}" if not blocks else ""
            caption = f"The best method that never saw the target and {rival}.{note}"
            words = frozenset({1, 2, 3, 5})
            blocks.append(Table(caption, header, rows, dashes.footnotes, words=words))
    return blocks


def _value(row: Quantity) -> str:
    spread = "" if row.spread is None else f" ±{row.spread:.3f}"
    return f"{row.value:.3f} {within(row.low, row.high)}{spread}"


def _lead(
    table: StudyTable, domain: str, quantity: str, rows: Sequence[tuple[str, float, Quantity]]
) -> tuple[str, str]:
    """What the first is called, and how far it is ahead; both empty where there is no second."""
    if len(rows) < 2:
        return "", ""
    pair = compared(table, domain, quantity, rows[0][0], rows[1][0])
    return best_in_words(pair), f"; {lead_in_words(table, pair, rows[1][0])}"


def _and_whole(
    table: StudyTable,
    domain: str,
    rows: Sequence[tuple[str, float, Quantity]],
    *,
    target: bool,
) -> str:
    """That only the methods of these rows are spoken of, where others of their kind have no mean.

    Args:
        table: the study.
        domain: what they were trained on.
        rows: of `ranking`, by the mean.
        target: as there.
    """
    ranked = {name for name, _, _ in rows}
    if all(
        method.name in ranked or method.name in table.ceilings
        for method in table.methods
        if method.target is target and (method.name, domain) in table.pairs
    ):
        return ""
    return f" and {'was' if len(rows) == 1 else 'were'} scored on all throws"


def _missing(table: StudyTable) -> list[str]:
    """How many cells are missing, and which."""
    done = len(table.planned) - len(table.missing)
    lines = [
        (
            f"{done} of {count_of(len(table.planned), 'cell')} are done. All numbers are of these "
            f"and may change; methods with different cells cannot be compared."
        )
    ]
    for method in table.methods:
        cells = [cell for cell in table.missing if cell.method == method.name]
        if not cells:
            continue
        if len(cells) == sum(cell.method == method.name for cell in table.planned):
            lines.append(f"{method.name} lacks all of its {count_of(len(cells), 'cell')}.")
            continue
        names = ", ".join(map(_named, cells[:_MOST_NAMED]))
        more = _and_more(len(cells) - _MOST_NAMED)
        lines.append(f"{method.name} lacks {names}{more}.")
    return lines


def _at_collapse(row: Cost) -> str:
    cell = Cell(row.method, row.domain, row.target, row.seed, row.left_out)
    loss, at = row.collapsed or (0.0, 0.0)
    return f"{row.method} {_named(cell)} ({loss:.3f}, collapsed {at:.3f})"


def _and_more(number: int) -> str:
    return f" and {number} more" if number > 0 else ""


def _named(cell: Cell) -> str:
    """A cell within its method."""
    target = f" to {cell.target}" if cell.target else ""
    without = f" without {cell.left_out}" if cell.left_out else ""
    return f"{cell.domain}{target}{without} seed {cell.seed}"


def _seeds(table: StudyTable, method: str) -> set[int]:
    return {cell.seed for cell in table.planned if cell.method == method}


def _cautions(table: StudyTable) -> list[str]:
    lines = []
    if len(table.seeds) < _FEW_SEEDS:
        number = "One seed says" if len(table.seeds) == 1 else "Two seeds say"
        lines.append(
            f"{number} little of how much another training would differ: a method may be ahead by "
            f"its luck."
        )
    else:
        few = [m.name for m in table.methods if 0 < len(_seeds(table, m.name)) < _FEW_SEEDS]
        if few:
            lines.append(
                f"{', '.join(labelled(table, name) for name in few)} had fewer than three seeds, "
                f"which say little of how much another training would differ."
            )
    if len(table.throws) == 1:
        lines.append(
            "There is one throw, so nothing here shows what happens when the detector changes."
        )
    if any(row.low is None or row.high is None for row in table.summary if row.value is not None):
        lines.append("Some values have no interval: nothing says how far chance moved them.")
    partly = dict.fromkeys(
        f"{labelled(table, method)} ({len(table.scored_on(method, domain))})"
        for method, domain in table.pairs
        if table.scored_in_part(method, domain)
    )
    if partly:
        lines.append(
            f"Not all {len(table.throws)} throws were scored for {', '.join(partly)}, so these "
            f"have no mean and no worst case. Differences are over the throws that both have."
        )
    collapsed = [row for row in table.cost if row.collapsed is not None]
    if collapsed:
        lines.append(
            f"The contrastive loss of {count_of(len(collapsed), 'cell')} stayed at the value of a "
            f"model that gives every event the same embedding; nothing may have been learnt: "
            f"{'; '.join(_at_collapse(row) for row in collapsed[:_MOST_NAMED])}"
            f"{_and_more(len(collapsed) - _MOST_NAMED)}."
        )
    budgets: dict[tuple[str, int], set[tuple[int | None, ...]]] = {}
    for row in table.cost:  # seeds divide the events into training and validation each in its way
        budget = (row.steps, row.views, row.encoded)
        budgets.setdefault((row.domain, row.seed), set()).add(budget)
    if any(len(found) > 1 for found in budgets.values()):
        lines.append(
            "The methods did not all have the same number of steps and encoded views (see "
            "“Budget and time”): a difference may be one of budget."
        )
    if table.targeted - table.ceilings:
        lines.append(
            f"Methods marked {SAW} saw the events of each throw that they are scored on, without "
            f"their labels, and were trained anew for each. They know more than the others and are "
            f"compared apart."
        )
    if table.ceilings:
        lines.append(
            f"Methods marked {KNEW} had the labels of each throw that they are scored on, which "
            f"nobody has on real data: they show what there is to gain."
        )
    if table.chosen_by_labels:
        names = [
            labelled(table, row.name) for row in table.methods if row.name in table.chosen_by_labels
        ]
        lines.append(
            f"The epoch of {', '.join(names)} was chosen by the labels of the target's validation "
            f"events: the accuracy is a ceiling, not what is reached without these labels."
        )
    return lines
