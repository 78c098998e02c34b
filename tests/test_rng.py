"""Seeds and generators."""

from __future__ import annotations

import torch

from hitclr.rng import generator, seed_for


def test_seeds_depend_on_every_key_and_its_type():
    keys = [(1,), (2,), (1, "a"), (1, "a", 0), (1, "a", "0"), (1, 0, "a"), (1, "a0")]
    seeds = {seed_for(*key) for key in keys}
    assert len(seeds) == len(keys)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_seeds_stay_what_they_are():
    """A change would change every run; it needs a line in the changelog."""
    assert seed_for(0, "order", 3) == 708617171839187094


def test_generators_leave_the_default_one_alone():
    state = torch.get_rng_state()
    torch.rand(3, generator=generator(0, "a"))
    assert torch.equal(state, torch.get_rng_state())
