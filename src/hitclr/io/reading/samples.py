"""Samples: named groups of files, with what is known of their class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hitclr.io.files import FileName
from hitclr.io.schema import LabelRule, Schema

__all__ = ["Sample", "Use", "class_names"]

Use = Literal["split", "train", "validation", "test", "views"]


@dataclass(frozen=True)
class Sample:
    """A named group of files.

    Attributes:
        name: the sample's name; events carry its index as their ``domain``.
        files: the files, in the order in which they are read.
        label: the class of all its events, a rule for it, or None for the schema's rule (and,
            where the schema has none, the sample's own name).
        labelled: whether the class is known at all; without, ``y`` is -1.
        use: ``split``: divided into training, validation and test; or given whole to one of them;
            or ``views``: only other events' views are made of them. Without a label or a rule, such
            a sample is no class of its own, its events are of unknown class.
        entries: of each file, the first event that is read, and that after the last; None for all.
        fraction: the fraction of the events that is taken, chosen by a hash of the key, or of the
            event's place in the sample.
    """

    name: str
    files: tuple[FileName, ...]
    label: str | LabelRule | None = None
    labelled: bool = True
    use: Use = "split"
    entries: tuple[int, int | None] = (0, None)
    fraction: float = 1.0

    def labelling(self, schema: Schema) -> str | LabelRule | None:
        """The class or rule that holds for this sample under ``schema``; None if unlabelled."""
        if not self.labelled:
            return None
        if self.label is not None:
            return self.label
        if schema.label is None and self.use == "views":
            return None
        return schema.label if schema.label is not None else self.name


def class_names(schema: Schema, samples: Sequence[Sample]) -> tuple[str, ...]:
    """All classes that the samples may have, in order of first mention."""
    names: list[str] = []
    for sample in samples:
        labelling = sample.labelling(schema)
        if isinstance(labelling, str):
            names.append(labelling)
        elif labelling is not None:
            names.extend(labelling.classes)
    return tuple(dict.fromkeys(names))
