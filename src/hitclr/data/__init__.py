"""What feeds a method: which events make a step, and the views of them.

Every batch is a function of (seed, epoch, step) alone. The sampler says which events make a step,
the data set makes their views and edges, in whatever process; so the numbers are the same for any
number of workers, and a resumed run goes on as if it had never stopped.
"""

from hitclr.data.module import EventDataModule
from hitclr.data.plan import BatchPlan, FedPlan, PairedPlan, Share, Step, fed
from hitclr.data.split import SPLITS, hide_labels, split_events
from hitclr.data.view_dataset import ViewDataset

__all__ = [
    "SPLITS",
    "BatchPlan",
    "EventDataModule",
    "FedPlan",
    "PairedPlan",
    "Share",
    "Step",
    "ViewDataset",
    "fed",
    "hide_labels",
    "split_events",
]
