"""The file ``study.json``: all numbers of a study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field, model_validator

from hitclr.errors import did_you_mean
from hitclr.reports.json_file import load_json
from hitclr.reports.results import Row
from hitclr.reports.study.rows import (
    Axis,
    CellState,
    Comparison,
    Cost,
    CurvePoint,
    Domain,
    FewLabelScore,
    Invariance,
    Losses,
    Matrix,
    Method,
    Picked,
    Quantity,
    Shift,
    ShiftComparison,
    ShiftQuantity,
    ShiftScore,
    StudyScore,
    StudySkip,
    Throw,
)

__all__ = ["Cell", "StudyTable", "load_study_table"]


class Cell(NamedTuple):
    """One training."""

    method: str
    domain: str
    target: str | None
    seed: int
    left_out: str | None = None


class StudyTable(Row):
    """The content of ``study.json``.

    Attributes:
        title: the headline of the report.
        notes: what a reader must know.
        created: when the table was made.
        versions: the version of each package that made the numbers.
        detector: the name of the detector, where it is simulated.
        classes: the names of the C classes.
        seeds: each is a training of its own.
        nominal: the throw that the others are compared with.
        throws: what is tested on.
        axes: the throws along one parameter.
        domains: what is trained on.
        methods: the lines of the comparison.
        cells: all that are planned.
        settings: of the study, as in its file.
        scores: every score of every cell.
        summary: accuracies over throws.
        curve: accuracies by throw.
        comparisons: differences of two methods.
        invariance: of the embeddings.
        confusion: the confusion matrices.
        cost: what each cell took.
        losses: of each cell.
        selection: validator and oracle, for methods that see a target.
        few_labels: the scores of probes on few labels.
        skipped: what was left out on reading.
        shifts: ways in which the detector changes, that trainings leave out.
        shift_scores: the accuracy of each kind of training under each shift.
        shift_summary: accuracies over modelled and over unmodelled shifts.
        shift_comparisons: differences of methods within each group, and of the groups.
    """

    title: str
    notes: tuple[str, ...] = ()
    created: datetime
    versions: Mapping[str, str]
    detector: str | None = None
    classes: tuple[str, ...]
    seeds: Annotated[tuple[int, ...], Field(min_length=1)]
    nominal: str
    throws: Annotated[tuple[Throw, ...], Field(min_length=1)]
    axes: tuple[Axis, ...] = ()
    domains: Annotated[tuple[Domain, ...], Field(min_length=1)]
    methods: Annotated[tuple[Method, ...], Field(min_length=1)]
    cells: tuple[CellState, ...]
    settings: Mapping[str, Any] = {}
    scores: tuple[StudyScore, ...] = ()
    summary: tuple[Quantity, ...] = ()
    curve: tuple[CurvePoint, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    invariance: tuple[Invariance, ...] = ()
    confusion: tuple[Matrix, ...] = ()
    cost: tuple[Cost, ...] = ()
    losses: tuple[Losses, ...] = ()
    selection: tuple[Picked, ...] = ()
    few_labels: tuple[FewLabelScore, ...] = ()
    skipped: tuple[StudySkip, ...] = ()
    shifts: tuple[Shift, ...] = ()
    shift_scores: tuple[ShiftScore, ...] = ()
    shift_summary: tuple[ShiftQuantity, ...] = ()
    shift_comparisons: tuple[ShiftComparison, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> StudyTable:
        throws = _unique("throws", (row.name for row in self.throws))
        domains = _unique("domains", (row.name for row in self.domains))
        methods = _unique("methods", (row.name for row in self.methods))
        _known("nominal", self.nominal, throws)
        for index, axis in enumerate(self.axes):
            for name in axis.throws:
                _known(f"axes.{index}.throws", name, throws)
        for table in ("cells", "scores", "summary", "curve", "invariance", "confusion", "cost",
                      "losses", "selection", "few_labels", "shift_scores",
                      "shift_summary"):  # fmt: skip
            rows: tuple[Any, ...] = getattr(self, table)
            for index, row in enumerate(rows):
                _known(f"{table}.{index}.method", row.method, methods)
                _known(f"{table}.{index}.domain", row.domain, domains)
                for key in ("throw", "target"):
                    other = getattr(row, key, None)
                    if other is not None:
                        _known(f"{table}.{index}.{key}", other, throws)
        for table in ("comparisons", "shift_comparisons"):
            for index, pair in enumerate(getattr(self, table)):
                _known(f"{table}.{index}.domain", pair.domain, domains)
                _known(f"{table}.{index}.first", pair.first, methods)
                _known(f"{table}.{index}.second", pair.second, methods)
        shifts = _unique("shifts", (row.name for row in self.shifts))
        for index, shift in enumerate(self.shifts):
            for name in shift.throws:
                _known(f"shifts.{index}.throws", name, throws)
        for table in ("cells", "cost", "losses", "shift_scores"):
            for index, row in enumerate(getattr(self, table)):
                if row.left_out is not None:
                    _known(f"{table}.{index}.left_out", row.left_out, shifts)
        size = len(self.classes)
        for index, confusion in enumerate(self.confusion):
            lengths = [len(row) for row in confusion.matrix]
            if lengths != [size] * size:
                message = (
                    f"confusion.{index}.matrix: expected {size} rows of {size} numbers, one for "
                    f"each of the classes, got rows of {lengths}"
                )
                raise ValueError(message)
        return self

    @cached_property
    def planned(self) -> tuple[Cell, ...]:
        """All cells of the study."""
        return tuple(
            Cell(row.method, row.domain, row.target, row.seed, row.left_out) for row in self.cells
        )

    @cached_property
    def missing(self) -> tuple[Cell, ...]:
        """The cells that are not done yet."""
        return tuple(
            cell for cell, row in zip(self.planned, self.cells, strict=True) if not row.done
        )

    @cached_property
    def pairs(self) -> dict[tuple[str, str], bool]:
        """Each method and domain that it is trained on, and whether all their cells are done.

        Those that leave a shift out are not looked at.
        """
        unfinished = {(cell.method, cell.domain) for cell in self.missing if cell.left_out is None}
        planned = dict.fromkeys((cell.method, cell.domain) for cell in self.planned)
        return {pair: pair not in unfinished for pair in planned}

    @cached_property
    def quantities(self) -> dict[tuple[str, str, str], Quantity]:
        """The rows of ``summary`` by method, domain and quantity."""
        return {(row.method, row.domain, row.quantity): row for row in self.summary}

    @cached_property
    def points(self) -> dict[tuple[str, str, str], CurvePoint]:
        """The rows of ``curve`` by method, domain and throw."""
        return {(row.method, row.domain, row.throw): row for row in self.curve}

    @cached_property
    def measured(self) -> dict[tuple[str, str, str, str], tuple[StudyScore, ...]]:
        """The rows of ``scores`` by method, domain, throw and metric: one for each seed."""
        found: dict[tuple[str, str, str, str], list[StudyScore]] = {}
        for row in self.scores:
            found.setdefault((row.method, row.domain, row.throw, row.metric), []).append(row)
        return {key: tuple(rows) for key, rows in found.items()}

    @cached_property
    def over_shifts(self) -> dict[tuple[str, str, str, str], ShiftQuantity]:
        """The rows of ``shift_summary`` by method, domain, group and quantity."""
        return {
            (row.method, row.domain, row.group, row.quantity): row for row in self.shift_summary
        }

    @cached_property
    def targeted(self) -> frozenset[str]:
        """The names of the methods that saw the target."""
        return frozenset(method.name for method in self.methods if method.target)

    @cached_property
    def ceilings(self) -> frozenset[str]:
        """The names of the methods that saw the target's labels, be it only to choose the epoch."""
        trained = frozenset(method.name for method in self.methods if method.labels)
        return trained | self.chosen_by_labels

    @cached_property
    def chosen_by_labels(self) -> frozenset[str]:
        """The names of the methods whose epoch was chosen by the target's labels."""
        return frozenset(row.method for row in self.selection if row.looks_at == "truth")

    def scored_on(self, method: str, domain: str) -> list[str]:
        """The throws on which a method has an accuracy, in order."""
        return [one.name for one in self.throws if (method, domain, one.name) in self.points]

    def scored_in_part(self, method: str, domain: str) -> bool:
        """Whether a method has an accuracy on some throws, and not on all."""
        return 0 < len(self.scored_on(method, domain)) < len(self.throws)

    def worst_throw(self, method: str, domain: str) -> str | None:
        """The throw with a method's lowest accuracy; None where there is no accuracy."""
        rows = [
            (point.value, throw.name)
            for throw in self.throws
            if (point := self.points.get((method, domain, throw.name))) is not None
            and point.value is not None
        ]
        return min(rows, key=lambda row: row[0])[1] if rows else None

    def place(self, axis: Axis, throw: str) -> float | None:
        """Where a throw stands on an axis; None where the table does not say."""
        values = next(row.values for row in self.throws if row.name == throw)
        value = values.get(axis.parameter)
        return axis.nominal if value is None and throw == self.nominal else value


def load_study_table(path: Path) -> StudyTable:
    """Read ``study.json``.

    Args:
        path: the file.

    Raises:
        OutputError: the file is missing or damaged, lacks a key, or contradicts itself.
    """
    return load_json(path, StudyTable, "study", "run the study again")


def _unique(key: str, names: Iterable[str]) -> list[str]:
    counts = Counter(names)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        message = f"{key}: expected names that differ, {twice[0]!r} stands twice"
        raise ValueError(message)
    return list(counts)


def _known(key: str, name: str, names: list[str]) -> None:
    if name not in names:
        message = f"{key}: {name!r} is not in the table. {did_you_mean(name, names)}"
        raise ValueError(message)
