"""The names of the pictures' files."""

from __future__ import annotations

import re

__all__ = ["CONFUSION", "RANKING", "TRAINING", "curves", "ece", "heat_map", "maps", "shifts"]

CONFUSION, RANKING, TRAINING = "confusion", "ranking", "training"


def curves(index: int, parameter: str) -> str:
    """Of the robustness curves over a parameter.

    >>> curves(0, "kept crosstalk")
    'curves-1-kept-crosstalk'
    """
    return _numbered("curves", index, parameter)


def ece(index: int, parameter: str) -> str:
    """Of the calibration errors over a parameter."""
    return _numbered("ece", index, parameter)


def heat_map(index: int, domain: str) -> str:
    """Of the accuracies, throws by methods."""
    return _numbered("heat-map", index, domain)


def shifts(index: int, domain: str) -> str:
    """Of the accuracies under modelled and unmodelled shifts."""
    return _numbered("shifts", index, domain)


def maps(kind: str) -> str:
    """Of the embedding maps."""
    return f"embedding-{kind.lower()}"


def _numbered(kind: str, index: int, name: str) -> str:
    # Names come from files: only letters and digits are safe in all places. Numbers tell apart.
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
    return f"{kind}-{index + 1}{f'-{slug}' if slug else ''}"
