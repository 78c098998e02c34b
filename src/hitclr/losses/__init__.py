"""Losses as pure functions, with thin modules around them."""

from hitclr.losses.contrastive import ContrastiveLoss, contrastive_loss

__all__ = ["ContrastiveLoss", "contrastive_loss"]
