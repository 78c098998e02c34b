"""The probe in place of a classifier's head."""

from __future__ import annotations

import torch

from hitclr.config import Settings
from hitclr.errors import SettingsError
from hitclr.methods import Method
from hitclr.nn import ClassHead
from hitclr.studies import ProbeWeights

__all__ = ["head_to_replace", "replace_head"]


def head_to_replace(settings: Settings, method: Method) -> ClassHead | None:
    """The head that the probe is to take the place of; None where it shall stay, or there is none.

    Raises:
        SettingsError: the head shall go, and is no `ClassHead` of the representation, does not make
            the class scores alone, or was trained for a target.
    """
    if not settings.probe.replaces_head or not method.classifies:
        return None
    head = getattr(method, "head", None)
    name = settings.method.name
    if method.needs.target != "all":
        message = (
            f"probe.replaces_head: the method {name!r} adapts its head to a target, and the probe "
            f"sees the labels of the source alone\n  what to do: leave probe.replaces_head out"
        )
        raise SettingsError(message)
    shape = (method.num_classes, method.width)
    if not isinstance(head, ClassHead) or tuple(head.linear.weight.shape) != shape:
        message = (
            f"probe.replaces_head: expected the method {name!r} to have a `head`, "
            f"hitclr.nn.ClassHead from {method.width} features to {method.num_classes} classes, "
            f"got {head!r}\n  what to do: leave probe.replaces_head out"
        )
        raise SettingsError(message)
    if not _sees_the_representation(method, head):
        message = (
            f"probe.replaces_head: expected the class scores of the method {name!r} to be its "
            f"`head` of the representation, something stands between the two or behind them\n  "
            f"what to do: leave probe.replaces_head out"
        )
        raise SettingsError(message)
    return head


@torch.no_grad()
def _sees_the_representation(method: Method, head: ClassHead) -> bool:
    """Whether nothing but the head makes the class scores; a probe fits on nothing else."""
    training = method.training
    method.eval()
    weight = head.linear.weight
    some = torch.arange(2 * method.width, dtype=weight.dtype, device=weight.device)
    some = some.reshape(2, -1)
    same = torch.equal(method.logits(some), head(some))
    method.train(training)
    return same


def replace_head(head: ClassHead, probe: ProbeWeights) -> None:
    """Give the head the weights of a fitted probe: last-layer retraining (arXiv:2204.02937).

    Args:
        head: from the representation [B, D] to the class scores [B, C].
        probe: fitted on such representations.
    """
    weight = probe.weight.double() / probe.scale.double()
    head.set_linear(weight, probe.bias.double() - weight @ probe.mean.double())
