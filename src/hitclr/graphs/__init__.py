"""Edges from hit positions."""

from hitclr.graphs.builder import EdgeBuilder
from hitclr.graphs.knn import KNN
from hitclr.graphs.radius import Radius

__all__ = ["KNN", "EdgeBuilder", "Radius"]
