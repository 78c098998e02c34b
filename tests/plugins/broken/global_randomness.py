"""A plugin whose augmentation draws from torch's global generator."""

import torch

import hitclr
from hitclr.augment import Augmentation, Draws
from hitclr.events import replace_hits


class Wobble(Augmentation):
    """Move each event.

    Args:
        probability: the probability with which each event is changed.
    """

    writes = ("pos",)

    def sample(self, batch, generator):
        return Draws(batch.ptr, event={"shift": torch.randn(batch.num_graphs, 3)})

    def transform(self, batch, draws):
        return replace_hits(batch, {"pos": batch.pos + draws.event["shift"][batch.batch]})


@hitclr.hookimpl
def register_augmentations(registrar):
    registrar.add("wobble", Wobble)
