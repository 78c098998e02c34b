"""Encoders, and what stands before and after them."""

from hitclr.nn.class_head import ClassHead
from hitclr.nn.convnext import GraphConvNeXt
from hitclr.nn.dynedge import DynEdge
from hitclr.nn.encoder_model import graphnet_model
from hitclr.nn.graphnet import GraphNeTAdapter, to_graphnet
from hitclr.nn.normalise import InputNorm
from hitclr.nn.point_transformer import PointTransformer
from hitclr.nn.pointnet import PointNet
from hitclr.nn.probe import LinearProbe
from hitclr.nn.projector import Projector
from hitclr.nn.voxel_convnext import VoxelConvNeXt
from hitclr.nn.width import encoder_width

__all__ = [
    "ClassHead",
    "DynEdge",
    "GraphConvNeXt",
    "GraphNeTAdapter",
    "InputNorm",
    "LinearProbe",
    "PointNet",
    "PointTransformer",
    "Projector",
    "VoxelConvNeXt",
    "encoder_width",
    "graphnet_model",
    "to_graphnet",
]
