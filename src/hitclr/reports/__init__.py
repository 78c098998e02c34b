"""From the result tables of one training run to pictures and one self-contained page."""

from hitclr.reports.event_table import EventTable
from hitclr.reports.results import Results
from hitclr.reports.section import Drawing, ReportSection, SectionWriter
from hitclr.reports.study.document import Code, Note, Section, Table, Text
from hitclr.reports.tables import Tables, read_tables
from hitclr.reports.view_table import ViewTable
from hitclr.reports.write import write_report

__all__ = [
    "Code",
    "Drawing",
    "EventTable",
    "Note",
    "ReportSection",
    "Results",
    "Section",
    "SectionWriter",
    "Table",
    "Tables",
    "Text",
    "ViewTable",
    "read_tables",
    "write_report",
]
