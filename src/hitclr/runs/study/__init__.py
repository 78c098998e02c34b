"""A study: methods x training domains x test throws x seeds, under equal conditions."""

from hitclr.runs.study.cell import CellFailure
from hitclr.runs.study.cells import PlannedCell, plan_cells
from hitclr.runs.study.collect import SCORES_FILE, STUDY_TABLE, write_study
from hitclr.runs.study.compare import compare_studies
from hitclr.runs.study.estimate import CellTime, estimate_times
from hitclr.runs.study.run import Study, done_cells, prepare_study, run_study, some_cells

__all__ = [
    "SCORES_FILE",
    "STUDY_TABLE",
    "CellFailure",
    "CellTime",
    "PlannedCell",
    "Study",
    "compare_studies",
    "done_cells",
    "estimate_times",
    "plan_cells",
    "prepare_study",
    "run_study",
    "some_cells",
    "write_study",
]
