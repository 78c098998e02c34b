"""The report of a study as a document."""

from __future__ import annotations

from collections.abc import Container, Sequence

from hitclr.reports.study.accuracy_tables import comparison_blocks, summary_blocks, throw_tables
from hitclr.reports.study.answer import answer
from hitclr.reports.study.detail_tables import (
    calibration_blocks,
    class_blocks,
    few_label_blocks,
    further_blocks,
    invariance_blocks,
    selection_blocks,
)
from hitclr.reports.study.document import Block, Document, Image, Section, Text
from hitclr.reports.study.examples import Examples
from hitclr.reports.study.making import cost_blocks, making_blocks, skip_blocks
from hitclr.reports.study.names import CONFUSION, RANKING, TRAINING, curves, ece, heat_map, maps
from hitclr.reports.study.shifts import shift_blocks
from hitclr.reports.study.table import StudyTable
from hitclr.reports.study.wording import about_marks, that_saw

__all__ = ["make_document"]


def make_document(
    table: StudyTable,
    pictures: Container[str],
    examples: Examples | None,
    no_maps: Sequence[str],
) -> Document:
    """The report of a study.

    Args:
        table: the study.
        pictures: the names of those that were drawn.
        examples: the methods and throws that are shown in detail, where there are any.
        no_maps: why embeddings that were looked for are not shown.
    """
    version = table.versions.get("hitclr", "(version not recorded)")
    zone = f" {name}" if (name := table.created.tzname()) else ""
    opening = answer(table)
    if RANKING in pictures:
        opening.append(
            Image(
                RANKING,
                "Mean and worst accuracy of the methods with intervals.",
                "Mean over throws and worst throw of each method that was scored on all throws, "
                "with 95 % intervals"
                + ("; strokes are single seeds." if len(table.seeds) > 1 else ".")
                + about_marks(table, _with_mean(table)),
            )
        )
    further = further_blocks(table)
    few = few_label_blocks(table)
    shifts = shift_blocks(table, pictures)
    return Document(
        title=table.title,
        byline=f"{table.created:%Y-%m-%d %H:%M}{zone}, hitclr {version}, "
        f"seeds {', '.join(str(seed) for seed in table.seeds)}",
        opening=opening,
        sections=[
            Section("Robustness curves", _curves(table, pictures)),
            Section("Throws by methods", _heat_maps(table, pictures)),
            Section("Accuracy over throws", summary_blocks(table)),
            Section("Comparisons", comparison_blocks(table)),
            *([Section("Modelled and unmodelled shifts", shifts)] if shifts else []),
            Section("Confusion matrices", _confusion(table, pictures, examples)),
            Section("Maps of the representation", _maps(table, pictures, examples, no_maps)),
            Section("Calibration", [*calibration_blocks(table), *_ece(table, pictures)]),
            Section("Classes", class_blocks(table)),
            *([Section("Further metrics", further)] if further else []),
            *([Section("Few labels", few)] if few else []),
            Section("Invariance", invariance_blocks(table)),
            Section("Validator and oracle", selection_blocks(table)),
            Section("Training", _training(pictures)),
            Section("Budget and time", cost_blocks(table)),
            Section("Input", skip_blocks(table)),
            Section("How it was made", making_blocks(table)),
        ],
    )


def _with_mean(table: StudyTable) -> list[str]:
    """The methods that stand in the picture of means and worst cases."""
    return [row.method for row in table.summary if row.quantity == "mean" and row.value is not None]


def _curves(table: StudyTable, pictures: Container[str]) -> list[Block]:
    if not table.axes:
        return [
            Text(
                "There are no curves: no throws differ from the nominal one in a single parameter."
            )
        ]
    blocks: list[Block] = []
    for index, axis in enumerate(table.axes):
        name = curves(index, axis.parameter)
        if name not in pictures:
            blocks.append(Text(f"There is no curve over {axis.parameter}: nothing was measured."))
            continue
        drawn = [row.method for row in table.curve if row.throw in axis.throws]
        caption = (
            f"Accuracy against {axis.parameter}, mean over seeds. Bands are 95 % intervals "
            f"for other test events and seeds; the dotted line is the nominal value, a triangle "
            f"the value that was trained with.{about_marks(table, drawn)}"
        )
        blocks.append(Image(name, f"Accuracy of each method against {axis.parameter}.", caption))
    return blocks


def _ece(table: StudyTable, pictures: Container[str]) -> list[Block]:
    return [
        Image(
            name,
            f"Calibration error of each method against {axis.parameter}.",
            f"Expected calibration error against {axis.parameter}, mean over seeds; bands from the "
            f"lowest to the highest seed.",
        )
        for index, axis in enumerate(table.axes)
        if (name := ece(index, axis.parameter)) in pictures
    ]


def _heat_maps(table: StudyTable, pictures: Container[str]) -> list[Block]:
    blocks: list[Block] = [
        Image(
            name,
            f"Accuracy of each method under each throw, trained on {domain.name}.",
            f"Accuracy under each throw, mean over seeds, trained on {domain.name}. The intervals "
            f"are in the table below.",
        )
        for index, domain in enumerate(table.domains)
        if (name := heat_map(index, domain.name)) in pictures
    ]
    blocks += throw_tables(table)
    return blocks or [Text("No accuracy was measured yet.")]


def _confusion(
    table: StudyTable, pictures: Container[str], examples: Examples | None
) -> list[Block]:
    if CONFUSION not in pictures or examples is None:
        return [Text("There is no confusion matrix of the methods that are shown in detail.")]
    return [
        Image(
            CONFUSION,
            "Confusion matrices: rows are true classes, columns predicted ones.",
            f"{_of(table, examples)}, trained on {examples.domain}. Numbers of events, all seeds "
            f"together, coloured by their share of the true class.",
        )
    ]


def _maps(
    table: StudyTable,
    pictures: Container[str],
    examples: Examples | None,
    no_maps: Sequence[str],
) -> list[Block]:
    blocks: list[Block] = []
    for kind, words in (
        ("PCA", "along the first two principal components of the events that are shown"),
        ("UMAP", "by UMAP, in which distances between groups mean little"),
    ):
        if maps(kind) in pictures and examples is not None:
            caption = (
                f"{_of(table, examples)}, trained on {examples.domain}: test events {words}, "
                f"coloured by class and by throw. Classes that lie apart and throws that mix are "
                f"wanted."
            )
            blocks.append(Image(maps(kind), f"Embeddings by {kind}.", caption))
    blocks += [Text(reason) for reason in no_maps]
    return blocks or [Text("There is no map: nothing was measured yet.")]


def _of(table: StudyTable, examples: Examples) -> str:
    """The methods that are shown in detail, and why these."""
    best, *plain = examples.methods
    also = f" and the plain classifier ({plain[0]})" if plain else ""
    rivals = that_saw(table) if best in table.targeted else "that never saw the target"
    return f"The method with the best mean of those {rivals} ({best}){also}"


def _training(pictures: Container[str]) -> list[Block]:
    if TRAINING not in pictures:
        return [Text("No loss was recorded.")]
    return [
        Image(
            TRAINING,
            "Loss of each method against the epoch.",
            "Losses after each epoch: the mean over cells, with bands from the lowest to the "
            "highest. Losses of different methods are different functions.",
        )
    ]
