"""The tables besides accuracy: calibration, classes, invariance, validator and oracle."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from hitclr.reports.study.document import Block, Table, Text
from hitclr.reports.study.table import StudyTable
from hitclr.reports.study.wording import (
    SAW,
    Dashes,
    about_seeds,
    labelled,
    over_seeds,
    why_absent,
)

__all__ = [
    "calibration_blocks",
    "class_blocks",
    "few_label_blocks",
    "further_blocks",
    "invariance_blocks",
    "selection_blocks",
]

_METRICS = ("ECE", "balanced accuracy", "AUC")
_OF_CLASSES = ("efficiency", "purity")


def calibration_blocks(table: StudyTable) -> list[Block]:
    """Calibration and ranking scores at the nominal throw and at each method's worst."""
    metrics = [name for name in _METRICS if any(row.metric == name for row in table.scores)]
    if not metrics:
        return [Text("No calibration was measured.")]
    blocks: list[Block] = [
        Text(
            f"The expected calibration error (ECE) is the mean distance between the probability "
            f"that a method gives to its answer and how often that answer is right: 0 is best. The "
            f"worst throw is that with the method's lowest accuracy. Values: {about_seeds(table)}."
        )
    ]
    return [*blocks, *_metric_tables(table, metrics)]


def further_blocks(table: StudyTable) -> list[Block]:
    """The metrics of plugins, at the nominal throw and at each method's worst; none without any."""
    shown = {*_METRICS, "accuracy", "largest class"}
    shown |= {f"{kind} {name}" for kind in _OF_CLASSES for name in table.classes}
    metrics = [
        name for name in dict.fromkeys(row.metric for row in table.scores) if name not in shown
    ]
    return _metric_tables(table, metrics) if metrics else []


def _metric_tables(table: StudyTable, metrics: Sequence[str]) -> list[Block]:
    blocks: list[Block] = []
    for domain in table.domains:
        header = ["method"]
        for metric in metrics:
            header += [f"{metric}, nominal", f"{metric}, worst throw"]
        dashes = Dashes()
        rows = [
            [labelled(table, name)]
            + [
                _score(table, name, domain.name, throw, metric, dashes)
                for metric in metrics
                for throw in (table.nominal, table.worst_throw(name, domain.name))
            ]
            for name in _with_domain(table, domain.name)
        ]
        if rows:
            blocks.append(Table(f"Trained on {domain.name}", header, rows, dashes.footnotes))
    return blocks


def class_blocks(table: StudyTable) -> list[Block]:
    """Efficiency and purity of each class, at the nominal throw and at each method's worst."""
    kinds = _OF_CLASSES
    known = {row.metric for row in table.scores}
    classes = [name for name in table.classes if any(f"{kind} {name}" in known for kind in kinds)]
    if not classes:
        return [Text("No efficiency or purity was measured.")]
    blocks: list[Block] = [
        Text(
            f"Efficiency: the share of a class's events that are recognised as such. Purity: the "
            f"share of the events recognised as a class that are of it. Values: "
            f"{about_seeds(table)}."
        )
    ]
    for domain in table.domains:
        dashes = Dashes()
        rows = []
        for name in _with_domain(table, domain.name):
            worst = table.worst_throw(name, domain.name)
            for label in classes:
                cells = [
                    _score(table, name, domain.name, throw, f"{kind} {label}", dashes)
                    for kind in kinds
                    for throw in (table.nominal, worst)
                ]
                rows.append([labelled(table, name), label, *cells])
        header = ["method", "class"]
        header += [f"{kind}, {where}" for kind in kinds for where in ("nominal", "worst throw")]
        if rows:
            caption = f"Trained on {domain.name}: efficiency and purity by class"
            blocks.append(Table(caption, header, rows, dashes.footnotes, words=frozenset({1})))
    return blocks


def few_label_blocks(table: StudyTable) -> list[Block]:
    """The accuracy of probes on few labels; none where none were fitted."""
    rows = [row for row in table.few_labels if row.metric == "accuracy"]
    if not rows:
        return []
    blocks: list[Block] = [
        Text(
            "A linear classifier on the frozen representation, fitted on a fraction of the "
            "labelled training events, and scored on all test events. Mean over seeds, in brackets "
            "the lowest and the highest."
        )
    ]
    for domain in table.domains:
        dashes = Dashes()
        made = []
        for method in table.methods:
            mine = [row for row in rows if (row.method, row.domain) == (method.name, domain.name)]
            for fraction in sorted({row.fraction for row in mine}):
                own = [row for row in mine if row.fraction == fraction]
                labels = sorted({row.labels for row in own})
                notes = sorted({row.note for row in own if row.value is None and row.note})
                why = "; ".join(notes) or "not measured"
                by_seed: dict[int, list[float]] = {}
                nominal = []
                for row in own:
                    if row.value is None:
                        continue
                    by_seed.setdefault(row.seed, []).append(row.value)
                    if row.throw == table.nominal:
                        nominal.append(row.value)
                means = [float(np.mean(values)) for values in by_seed.values()]
                number = f"{labels[0]:,}"
                if len(labels) > 1:
                    number += f" to {labels[-1]:,}"
                seeds = f"{len(by_seed)} of {len({row.seed for row in own})}"
                values = [_ranged(found) or dashes.dash(why) for found in (means, nominal)]
                made.append(
                    [labelled(table, method.name), f"{100 * fraction:g} %", number, seeds, *values]
                )
        header = ["method", "labels", "events", "seeds", "mean over throws", "nominal throw"]
        if made:
            caption = f"Trained on {domain.name}: accuracy of probes on few labels"
            blocks.append(Table(caption, header, made, dashes.footnotes))
    return blocks


def invariance_blocks(table: StudyTable) -> list[Block]:
    """How far the embedding stays the same under the throws."""
    if not table.invariance:
        return [Text("No invariance was measured.")]
    metrics = list(dict.fromkeys(row.metric for row in table.invariance))
    found: dict[tuple[str, str, str], list[float]] = {}
    for row in table.invariance:
        if row.value is not None:
            found.setdefault((row.method, row.domain, row.metric), []).append(row.value)
    blocks: list[Block] = [
        Text(
            "How far the embedding of an event stays the same when the detector changes: the mean "
            "over throws and seeds, in brackets the lowest and the highest. Domain accuracy is "
            "that of a classifier which tells throws apart by the embedding, so that the level of "
            "guessing is best; linear CKA is 1 where two embeddings agree up to rotation and scale."
        )
    ]
    for domain in table.domains:
        dashes = Dashes()
        rows = []
        for name in _with_domain(table, domain.name):
            cells = []
            for metric in metrics:
                values = found.get((name, domain.name, metric), [])
                cells.append(_ranged(values) or dashes.dash(why_absent(table, name, domain.name)))
            rows.append([labelled(table, name), *cells])
        if rows:
            blocks.append(
                Table(f"Trained on {domain.name}", ["method", *metrics], rows, dashes.footnotes)
            )
    return blocks


def selection_blocks(table: StudyTable) -> list[Block]:
    """The epoch that the validator chose beside the one that the oracle would choose."""
    if not table.targeted - table.ceilings:
        return [Text("No method of this study sees a target without its labels.")]
    chosen = [row for row in table.selection if row.method not in table.ceilings]
    if not chosen:
        return [Text("For the methods that see a target no choice of an epoch was recorded.")]
    blocks: list[Block] = [
        Text(
            f"Methods marked {SAW} have the events of their target without labels, so their epoch "
            f"is chosen by a validator that needs none, or is the last one. The oracle chooses by "
            f"the labels of the target's validation events, which nobody has on real data: the gap "
            f"is the price of not knowing them; it may be negative by chance. Both are scored on "
            f"the same test events. Mean over cells, in brackets the lowest and the highest."
        )
    ]
    groups: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    singles = Dashes()
    each = []
    for row in chosen:
        validator = row.validator or singles.dash("not recorded")
        both = row.by_validator is not None and row.by_oracle is not None
        group = groups.setdefault((row.method, row.domain, row.validator or ""), [])
        if row.by_validator is not None and row.by_oracle is not None:
            group.append((row.by_validator, row.by_oracle))
        each.append(
            [
                labelled(table, row.method),
                row.domain,
                row.target or singles.dash("has no target"),
                str(row.seed),
                validator,
                singles.dash("not recorded")
                if row.chosen_epoch is None
                else str(row.chosen_epoch + 1),
                *(
                    singles.dash("not measured") if value is None else f"{value:.3f}"
                    for value in (row.by_validator, row.by_oracle)
                ),
                f"{row.by_oracle - row.by_validator:.3f}"  # type: ignore[operator]
                if both
                else singles.dash("not measured"),
            ]
        )
    dashes = Dashes()
    rows = []
    for (method, domain, validator), pairs in groups.items():
        name = validator or dashes.dash("not recorded")
        absent = "" if pairs else dashes.dash("not measured")
        rows.append(
            [
                labelled(table, method),
                domain,
                name,
                str(len(pairs)),
                _ranged(value for value, _ in pairs) or absent,
                _ranged(value for _, value in pairs) or absent,
                _ranged(oracle - value for value, oracle in pairs) or absent,
            ]
        )
    header = ["method", "trained on", "validator", "cells", "by validator", "by oracle", "gap"]
    blocks.append(
        Table("Accuracy on the target", header, rows, dashes.footnotes, words=frozenset({1, 2}))
    )
    header = ["method", "trained on", "target", "seed", "validator", "epoch", "by validator",
              "by oracle", "gap"]  # fmt: skip
    blocks.append(
        Table(
            "The same, cell by cell", header, each, singles.footnotes,
            words=frozenset({1, 2, 4}), fold=True,
        )
    )  # fmt: skip
    return blocks


def _with_domain(table: StudyTable, domain: str) -> list[str]:
    """The methods that are trained on a domain."""
    return [row.name for row in table.methods if (row.name, domain) in table.pairs]


def _score(
    table: StudyTable, method: str, domain: str, throw: str | None, metric: str, dashes: Dashes
) -> str:
    rows = () if throw is None else table.measured.get((method, domain, throw, metric), ())
    return over_seeds(rows, why_absent(table, method, domain), dashes)


def _ranged(values: Iterable[float]) -> str:
    """The mean with its range; empty where there is no value."""
    found = list(values)
    if not found:
        return ""
    mean = f"{np.mean(found):.3f}"
    return mean if len(found) == 1 else f"{mean} ({min(found):.3f} to {max(found):.3f})"
