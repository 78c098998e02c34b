"""From the result table of a study to pictures, a self-contained page and the same in Markdown."""

from hitclr.reports.study.table import StudyTable, load_study_table
from hitclr.reports.study.write import write_study_report

__all__ = ["StudyTable", "load_study_table", "write_study_report"]
