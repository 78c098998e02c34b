import torch
from hitclr_km3net.modules import group_hits


def test_groups_are_the_distinct_pairs():
    source = torch.Generator().manual_seed(3)
    parent = torch.randint(6, (200,), generator=source)
    ids = torch.randint(-5, 2**31 - 1, (9,), generator=source)[
        torch.randint(9, (200,), generator=source)
    ]
    group, owner = group_hits(parent, ids)
    pairs = sorted(set(zip(parent.tolist(), ids.tolist(), strict=True)))
    assert [pairs[g] for g in group] == list(zip(parent.tolist(), ids.tolist(), strict=True))
    assert owner.tolist() == [event for event, _ in pairs]


def test_no_hits():
    nothing = torch.zeros(0, dtype=torch.int64)
    group, owner = group_hits(nothing, nothing)
    assert group.numel() == owner.numel() == 0
