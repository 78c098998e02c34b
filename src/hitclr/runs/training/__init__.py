"""What a training can be trusted by: averages, stopping, precision, and what is watched."""

from hitclr.runs.training.after_loading import AfterLoading
from hitclr.runs.training.average import weight_averaging
from hitclr.runs.training.collapse import CollapseWatch
from hitclr.runs.training.compiled import compile_encoder, explained_compile_errors
from hitclr.runs.training.early_stopping import StopEarly, early_stopping
from hitclr.runs.training.ema import EmaWeights
from hitclr.runs.training.heap_trim import HeapTrim
from hitclr.runs.training.precision import cuda_capability, resolve_precision
from hitclr.runs.training.swad import SwadWeights
from hitclr.runs.training.throughput import Throughput

__all__ = [
    "AfterLoading",
    "CollapseWatch",
    "EmaWeights",
    "HeapTrim",
    "StopEarly",
    "SwadWeights",
    "Throughput",
    "compile_encoder",
    "cuda_capability",
    "early_stopping",
    "explained_compile_errors",
    "resolve_precision",
    "weight_averaging",
]
