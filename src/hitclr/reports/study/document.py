"""What a report says, before it is a page: sections of text, tables and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

__all__ = ["Block", "Code", "Document", "Image", "Note", "Section", "Table", "Text"]


@dataclass(frozen=True)
class Text:
    """A paragraph; ``lead``: one of the few that everybody reads."""

    kind: ClassVar[str] = "text"
    text: str
    lead: bool = False


@dataclass(frozen=True)
class Note:
    """A box of sentences that must not be overlooked."""

    kind: ClassVar[str] = "note"
    title: str
    lines: Sequence[str]


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        caption: what it shows.
        header: the title of each column.
        rows: cells of text; the first of a row is its name.
        footnotes: lines below it, such as why a value is missing.
        words: the columns, besides the first, that hold words and not numbers.
        fold: whether the page shows the caption only, until it is opened.
    """

    kind: ClassVar[str] = "table"
    most_rows: ClassVar[int] = 24
    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    footnotes: Sequence[str] = ()
    words: frozenset[int] = frozenset()
    fold: bool = False

    @property
    def folded(self) -> bool:
        """Whether it is folded; long ones always are."""
        return self.fold or len(self.rows) > self.most_rows


@dataclass(frozen=True)
class Image:
    """A picture, by the stem of its files."""

    kind: ClassVar[str] = "image"
    name: str
    alt: str
    caption: str


@dataclass(frozen=True)
class Code:
    """Text that keeps its lines, folded."""

    kind: ClassVar[str] = "code"
    title: str
    text: str


Block: TypeAlias = Text | Note | Table | Image | Code


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    """A report.

    Attributes:
        title: the headline.
        byline: when and by what it was made.
        opening: what stands before the first section.
        sections: the rest.
    """

    title: str
    byline: str
    opening: Sequence[Block]
    sections: Sequence[Section] = field(default=())
