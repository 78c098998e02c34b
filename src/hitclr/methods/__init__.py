"""Training methods, each a Lightning module of its own."""

from hitclr.methods.base import Method, Needs, Optimisation
from hitclr.methods.classifier import Classifier
from hitclr.methods.contrastive import Contrastive

__all__ = ["Classifier", "Contrastive", "Method", "Needs", "Optimisation"]
