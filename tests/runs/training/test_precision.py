"""What precision ``auto`` is."""

from __future__ import annotations

import pytest
import torch

from hitclr.runs.training import cuda_capability, resolve_precision


@pytest.mark.parametrize(
    ("capability", "expected"),
    [
        (None, "32-true"),
        ((6, 1), "16-mixed"),
        ((7, 5), "16-mixed"),
        ((8, 0), "bf16-mixed"),
        ((8, 6), "bf16-mixed"),
        ((12, 0), "bf16-mixed"),
    ],
)
def test_auto(capability, expected):
    assert resolve_precision("auto", capability) == expected
    assert resolve_precision("64-true", capability) == "64-true"


def test_the_weakest_device_counts(monkeypatch):
    found = {0: (9, 0), 1: (7, 0)}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_capability", found.__getitem__)
    assert cuda_capability("auto") == cuda_capability("gpu") == cuda_capability("cuda") == (7, 0)
    assert cuda_capability("cpu") is None
    assert cuda_capability("mps") is None
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert cuda_capability("auto") is None
