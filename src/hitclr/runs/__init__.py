"""Whole runs: train a model, use a trained one."""

from hitclr.runs.checkpoint import Model, load_model
from hitclr.runs.embed import embed_files
from hitclr.runs.prepare import Prepared
from hitclr.runs.simulate import Simulated, SimulatedFile, simulate
from hitclr.runs.train import TrainedRun, train

__all__ = [
    "Model",
    "Prepared",
    "Simulated",
    "SimulatedFile",
    "TrainedRun",
    "embed_files",
    "load_model",
    "simulate",
    "train",
]
