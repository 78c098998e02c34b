"""Watching the global random states, which nothing may touch."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

__all__ = ["global_states", "seeded_globals"]


def global_states() -> dict[str, object]:
    """A snapshot of each global random state, by the name of its library; equal if untouched."""
    _, keys, *rest = np.random.get_state()  # noqa: NPY002 - the global state is what is watched
    return {
        "torch": torch.get_rng_state().tolist(),
        "numpy": (np.asarray(keys).tolist(), *rest),
        "random": random.getstate(),
        "torch.cuda": [state.tolist() for state in torch.cuda.get_rng_state_all()],
    }


@contextmanager
def seeded_globals(seed: int) -> Iterator[None]:
    """Seed the global random states for the time of the block, and restore them after it."""
    numpy_state = np.random.get_state()  # noqa: NPY002
    stdlib_state = random.getstate()
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        random.seed(seed)
        try:
            yield
        finally:
            np.random.set_state(numpy_state)  # noqa: NPY002
            random.setstate(stdlib_state)
