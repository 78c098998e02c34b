"""A report as Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hitclr.reports.study.document import Block, Code, Document, Image, Note, Table, Text

__all__ = ["escape", "render_markdown"]

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def render_markdown(document: Document) -> str:
    """The report in the Markdown of GitHub; its pictures are files beside it.

    Args:
        document: the report.
    """
    parts = [f"# {escape(document.title)}", _line(document.byline)]
    parts += [_block(block) for block in document.opening]
    for section in document.sections:
        parts.append(f"## {escape(section.title)}")
        parts += [_block(block) for block in section.blocks]
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    r"""Text from a file in one line, with nothing left in it that Markdown or HTML would act on.

    >>> escape("a|b *c* <d>")
    'a\\|b \\*c\\* &lt;d&gt;'
    """
    line = " ".join(text.split())
    line = re.sub(r"[\\`*_\[\]|~$]", lambda found: f"\\{found[0]}", line)
    line = re.sub(r"[&<>]", lambda found: _ENTITIES[found[0]], line)
    # An address would become a link by itself.
    return line.replace("://", "&#58;//").replace("www.", "www&#46;")


def _line(text: str) -> str:
    """`escape` where a line begins: neither a heading, nor a list, nor a rule."""
    return re.sub(r"^(\d+(?=[.)](?:\s|$))|)([-+=#.)])", r"\1\\\2", escape(text))


def _block(block: Block) -> str:
    if isinstance(block, Text):
        return _line(block.text)
    if isinstance(block, Note):
        lines = [f"**{escape(block.title)}**", "", *(f"- {_line(line)}" for line in block.lines)]
        return "\n".join(f"> {line}".rstrip() for line in lines)
    if isinstance(block, Image):
        image = f"![{escape(block.alt)}]({block.name}.png)"
        return f"{image}\n\n{_line(block.caption)} ([PDF]({block.name}.pdf))"
    if isinstance(block, Code):
        return f"**{escape(block.title)}**\n\n{_fenced(block.text)}"
    return _table(block)


def _table(table: Table) -> str:
    marks = [
        ":--" if column == 0 or column in table.words else "--:"
        for column in range(len(table.header))
    ]
    rows = [table.header, marks, *table.rows]
    lines = [_row(row) if row is not marks else f"| {' | '.join(marks)} |" for row in rows]
    notes = f"\n\n{_line('; '.join(table.footnotes))}" if table.footnotes else ""
    return f"**{escape(table.caption)}**\n\n" + "\n".join(lines) + notes


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(escape(cell) or ' ' for cell in cells)} |"


def _fenced(text: str) -> str:
    """The text between fences that are longer than any in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text.rstrip()}\n{fence}"
