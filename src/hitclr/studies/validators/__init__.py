"""Validators: scores by which a model is chosen, most of them without target labels."""

from hitclr.studies.validators.entropy import Entropy
from hitclr.studies.validators.nuclear_norm import NuclearNorm
from hitclr.studies.validators.outputs import Outputs, Validator
from hitclr.studies.validators.soft_density import SoftDensity
from hitclr.studies.validators.source_accuracy import SourceAccuracy
from hitclr.studies.validators.source_loss import SourceLoss
from hitclr.studies.validators.target_accuracy import TargetAccuracy
from hitclr.studies.validators.validation_loss import ValidationLoss

__all__ = [
    "Entropy",
    "NuclearNorm",
    "Outputs",
    "SoftDensity",
    "SourceAccuracy",
    "SourceLoss",
    "TargetAccuracy",
    "ValidationLoss",
    "Validator",
]
