"""The picture of one event."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from hitclr.reports.hits_display import Event, draw_event
from hitclr.reports.style import style


@pytest.fixture(autouse=True)
def report_style():
    with style():
        yield


def event(number=30, truth=True, low=1.0):
    random = np.random.default_rng(0)
    pos = random.normal(0, [10, 5, 2], (number, 3))
    value = low + random.exponential(50, number)
    true_pos = random.normal(0, [10, 5, 2], (100, 3)) if truth else None
    return Event("an event", pos, value, "charge", "pe", "cm", true_pos)


def drawn(made):
    figure = draw_event(made)
    FigureCanvasAgg(figure).draw()
    return figure


def test_four_panels_with_one_scale():
    made = event()
    space, *planes, bar = drawn(made).axes
    widths = {round(float(np.diff(axes.get_xlim())[0]), 6) for axes in planes}
    heights = {round(float(np.diff(axes.get_ylim())[0]), 6) for axes in planes}
    assert widths == heights
    assert len(widths) == 1
    labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in planes]
    assert labels == [("x [cm]", "y [cm]"), ("z [cm]", "y [cm]"), ("x [cm]", "z [cm]")]
    assert space.get_zlabel() == "z [cm]"
    assert bar.get_ylabel() == "charge [pe]"
    for axes, (h, v) in zip(planes, ((0, 1), (2, 1), (0, 2)), strict=True):
        truth, hits = axes.collections
        assert len(truth.get_offsets()) == 100
        order = np.argsort(made.value, kind="stable")  # the brightest on top
        assert np.asarray(hits.get_offsets()) == pytest.approx(made.pos[order][:, [h, v]])
        low, high = axes.get_xlim()
        assert low < made.pos[:, h].min()
        assert high > made.pos[:, h].max()


def test_without_truth_there_are_hits_alone():
    _, *planes, _ = drawn(event(truth=False)).axes
    assert all(len(axes.collections) == 1 for axes in planes)


def test_colours_are_logarithmic_where_values_differ_much():
    wide = event(low=0.1)
    assert drawn(wide).axes[-1].get_yscale() == "log"
    assert drawn(event(low=500.0)).axes[-1].get_yscale() == "linear"
    flat = Event("flat", wide.pos, np.ones(30), "charge", "", "cm")
    assert drawn(flat).axes[-1].get_ylabel() == "charge"


def test_one_hit_and_none():
    drawn(event(number=1))
    drawn(event(number=0, truth=False))
