"""Which of several processes this is."""

from __future__ import annotations

import pytest

from hitclr.config import TrainerSettings
from hitclr.runs.trainer import process_rank

NAMES = ("RANK", "LOCAL_RANK", "SLURM_PROCID", "NODE_RANK")


@pytest.mark.parametrize(
    ("environment", "rank"),
    [
        ({}, 0),
        ({"RANK": "3", "LOCAL_RANK": "1"}, 3),  # torchrun
        ({"SLURM_PROCID": "2"}, 2),
        ({"LOCAL_RANK": "1"}, 1),  # started by Lightning
        ({"LOCAL_RANK": "1", "SLURM_PROCID": "0"}, 1),  # and within a task of SLURM
        ({"LOCAL_RANK": "1", "NODE_RANK": "1"}, 3),
    ],
)
def test_the_number_of_a_process(monkeypatch, environment, rank):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert process_rank(TrainerSettings(devices=2)) == rank
    assert process_rank(TrainerSettings()) == 0, "alone, whatever the batch system says"
