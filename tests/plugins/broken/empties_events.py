"""A plugin whose augmentation drops every hit of dim events."""

import torch

import hitclr
from hitclr.augment import Augmentation, Draws
from hitclr.events import hit_fields, ptr_after_mask, replace_hits


class Cut(Augmentation):
    """Drop hits, without a look at whether one is left.

    Args:
        fraction: the probability that a hit is dropped.
        probability: the probability with which each event is changed.
    """

    writes = ()
    keeps_hits = False

    def __init__(self, fraction: float = 0.3, probability: float = 1.0) -> None:
        super().__init__(probability)
        self.fraction = fraction

    def sample(self, batch, generator):
        chance = torch.rand(batch.pos.size(0), generator=generator)
        return Draws(batch.ptr, hit={"chance": chance})

    def transform(self, batch, draws):
        keep = draws.hit["chance"] >= self.fraction
        hits = {name: column[keep] for name, column in hit_fields(batch).items()}
        return replace_hits(batch, hits, ptr_after_mask(batch.ptr, keep))


@hitclr.hookimpl
def register_augmentations(registrar):
    registrar.add("cut", Cut)
