"""The picture of the learning rates."""

from __future__ import annotations

import pytest

from hitclr.reports.lr_curve import draw_lr_curve, write_lr_curve

RATES = [1e-4, 1e-3, 1e-2, 1e-1]
LOSSES = [2.0, 1.5, 1.0, 90.0]


def test_it_has_the_losses_and_the_suggestion():
    (axes,) = draw_lr_curve(RATES, LOSSES, LOSSES, 1e-3).axes
    assert axes.get_xscale() == "log"
    steps, smooth, mark = axes.lines
    assert list(steps.get_xdata()) == RATES
    assert list(smooth.get_ydata()) == LOSSES
    assert list(mark.get_xdata()) == [1e-3, 1e-3]
    low, high = axes.get_ylim()
    assert low < 1.0
    assert 2.0 < high < 4.0, "what runs away does not press the rest flat"


def test_without_a_suggestion_there_is_no_mark():
    (axes,) = draw_lr_curve(RATES, LOSSES, LOSSES, None).axes
    assert len(axes.lines) == 2


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_it_is_written(tmp_path, ending, start):
    path = tmp_path / f"curve.{ending}"
    write_lr_curve(path, RATES, LOSSES, LOSSES, 1e-3)
    assert path.read_bytes().startswith(start)
