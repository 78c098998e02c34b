"""Which few methods, throws and domain are shown in detail."""

from __future__ import annotations

from dataclasses import dataclass

from hitclr.reports.study.answer import ranking
from hitclr.reports.study.table import StudyTable
from hitclr.reports.template import as_yaml

__all__ = ["Examples", "choose_examples"]

_MOST_THROWS = 6


@dataclass(frozen=True)
class Examples:
    """What stands for the rest.

    Attributes:
        domain: the first one where a method has an accuracy.
        methods: the best mean among those that never saw the target, and the plain classifier.
        worst: the throw with the lowest accuracy of these; None where there is none.
        throws: the nominal one, the worst one, the ends and the middles of the axes, at most six.
    """

    domain: str
    methods: tuple[str, ...]
    worst: str | None
    throws: tuple[str, ...]


def choose_examples(table: StudyTable) -> Examples | None:
    """Choose them; None where nothing was measured yet."""
    for domain in table.domains:
        ranked = [name for name, _, _ in ranking(table, domain.name, "mean")]
        ranked += [name for name, _, _ in ranking(table, domain.name, "mean", target=True)]
        if not ranked:
            continue
        plain = [
            method
            for method in table.methods
            if method.method == "classifier" and method.name in ranked
        ]
        # The plainest is the one with the least to say of its settings.
        plain.sort(key=lambda method: len(as_yaml(method.settings)))
        methods = tuple(dict.fromkeys([ranked[0], *(method.name for method in plain[:1])]))
        worst = _worst(table, domain.name, methods)
        ends = [name for axis in table.axes for name in (*axis.throws[:1], *axis.throws[-1:])]
        middles = [axis.throws[len(axis.throws) // 2] for axis in table.axes if axis.throws]
        every = [table.nominal, *([worst] if worst else []), *ends, *middles]
        throws = tuple(dict.fromkeys(every))[:_MOST_THROWS]
        return Examples(domain.name, methods, worst, throws)
    return None


def _worst(table: StudyTable, domain: str, methods: tuple[str, ...]) -> str | None:
    found = [
        (value, throw)
        for method in methods
        if (throw := table.worst_throw(method, domain)) is not None
        and (value := table.points[method, domain, throw].value) is not None
    ]
    return min(found)[1] if found else None
