"""Judging a trained method: embeddings, probes, scores with intervals, result tables."""

from hitclr.studies.embedding import Embedded, class_scores, embed_events
from hitclr.studies.estimate import Estimate
from hitclr.studies.probe import ProbeWeights, fit_probe
from hitclr.studies.scored_events import ScoredEvents
from hitclr.studies.scores import Metric, Score, confusion_matrix, score_events
from hitclr.studies.tables import RESULTS_FILE, write_tables

__all__ = [
    "RESULTS_FILE",
    "Embedded",
    "Estimate",
    "Metric",
    "ProbeWeights",
    "Score",
    "ScoredEvents",
    "class_scores",
    "confusion_matrix",
    "embed_events",
    "fit_probe",
    "score_events",
    "write_tables",
]
