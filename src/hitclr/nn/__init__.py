"""Encoders, and what stands before and after them."""

from hitclr.nn.convnext import GraphConvNeXt
from hitclr.nn.normalise import InputNorm
from hitclr.nn.probe import LinearProbe
from hitclr.nn.projector import Projector
from hitclr.nn.width import encoder_width

__all__ = ["GraphConvNeXt", "InputNorm", "LinearProbe", "Projector", "encoder_width"]
