"""Whole runs: train a model, use a trained one."""

from hitclr.runs.checkpoint import Model, load_model
from hitclr.runs.embed import embed_files
from hitclr.runs.train import TrainedRun, train

__all__ = ["Model", "TrainedRun", "embed_files", "load_model", "train"]
