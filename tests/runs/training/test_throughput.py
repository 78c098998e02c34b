"""The pace of training, by a clock that the test sets."""

from __future__ import annotations

import itertools

import lightning as L
import pytest

from hitclr.runs.training import Throughput


class Logged(L.Callback):
    def __init__(self):
        self.rows = []

    def on_train_end(self, trainer, pl_module):
        self.rows.append({name: float(v) for name, v in trainer.logged_metrics.items()})


@pytest.mark.parametrize("views", [1, 2])
def test_events_over_the_time_of_the_steps(fit, make, views):
    ticks = itertools.count(100)
    kind = "classifier" if views == 1 else "contrastive"
    trainer, _ = fit(Throughput(lambda: float(next(ticks))), method=make(kind), views=views)
    # One look at the start of the epoch and one after each of its 4 steps of 6 events.
    metrics = trainer.callback_metrics
    assert float(metrics["events_per_s"]) == pytest.approx(24 / 4)
    assert float(metrics["views_per_s"]) == pytest.approx(views * 24 / 4)
    assert "gpu_memory_mb" not in metrics


def test_validation_does_not_count(fit):
    times = iter([0.0, 0.0, 1.0, 2.0, 3.0, 4.0])

    class Slow(L.Callback):
        def on_validation_start(self, trainer, pl_module):
            nonlocal times
            times = iter([1000.0])

    trainer, _ = fit(Throughput(lambda: next(times)), Slow(), epochs=1)
    assert float(trainer.callback_metrics["events_per_s"]) == pytest.approx(6)


def test_a_resumed_epoch_counts_what_it_has_trained(fit):
    def clock():
        ticks = itertools.count()
        return lambda: float(next(ticks))

    with pytest.raises(RuntimeError, match="died"):
        fit(Throughput(clock()), die_at=10)
    trainer, _ = fit(Throughput(clock()), resume=True)
    assert float(trainer.callback_metrics["events_per_s"]) == pytest.approx(6)


def test_it_is_in_the_logs(fit, tmp_path):
    from lightning.pytorch.loggers import CSVLogger

    fit(Throughput(), epochs=2, logger=CSVLogger(tmp_path, name="logs"))
    (log,) = tmp_path.glob("logs/version_*/metrics.csv")
    header, *rows = log.read_text().splitlines()
    place = header.split(",").index("events_per_s")
    assert len([row for row in rows if row.split(",")[place]]) == 2
