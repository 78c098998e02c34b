"""Where the hits of a view come from, before augmentation."""

from hitclr.views.paired import PairedViews
from hitclr.views.resimulated import ResimulatedViews
from hitclr.views.source import ViewSource
from hitclr.views.stored import StoredViews

__all__ = ["PairedViews", "ResimulatedViews", "StoredViews", "ViewSource"]
