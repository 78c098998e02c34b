"""The weights of the training events in the report: the table read, the picture, the page."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from hitclr.errors import OutputError
from hitclr.reports import write_report
from hitclr.reports.results import Reweighting, load_results
from hitclr.reports.style import style
from hitclr.reports.weights import draw_weights

SUMS = np.array([[[40.0, 10.0], [20.0, 5.0], [4.0, 1.0]], [[0.0, 3.0], [6.0, 6.0], [9.0, 3.0]]])
FACTORS = 1 / np.maximum(SUMS, 1)


def table(**changes):
    row = {"outside": 3, "zero": 1, "smallest": 0.25, "largest": 1234.0, "effective": 41.6}
    return {
        "reference": "flat",
        "variables": [
            {"name": "energy", "edges": [1, 10, 100, 1000]},
            {"name": "cos<zenith>", "edges": [-1, 0, 1]},
        ],
        "classes": [{"class": name, "events": 4321, **row} for name in ("track", "shower")],
        "sums": SUMS.tolist(),
        "factors": FACTORS.tolist(),
        **changes,
    }


def test_the_picture_shows_each_variable_before_and_after():
    with style():
        figure = draw_weights(Reweighting.model_validate(table()))
        FigureCanvasAgg(figure).draw()
    assert len(figure.axes) == 4
    for axes, content, edges in zip(
        figure.axes,
        (SUMS.sum(2), (SUMS * FACTORS).sum(2), SUMS.sum(1), (SUMS * FACTORS).sum(1)),
        ([1, 10, 100, 1000],) * 2 + ([-1, 0, 1],) * 2,
        strict=True,
    ):
        for drawn, values in zip(axes.patches, content, strict=True):
            found = drawn.get_data()
            np.testing.assert_allclose(found.values, values)
            np.testing.assert_allclose(found.edges, edges)
    assert [axes.get_xscale() for axes in figure.axes] == ["log", "log", "linear", "linear"]
    assert figure.axes[0].get_xlabel() == "energy"


def test_one_variable():
    one = table(
        variables=[{"name": "e", "edges": [0, 1, 2]}],
        sums=[[1, 2], [3, 4]],
        factors=[[1, 1], [1, 1]],
    )
    with style():
        assert len(draw_weights(Reweighting.model_validate(one)).axes) == 2


def test_the_page_has_table_and_picture(write, content):
    content["results"]["reweighting"] = table(reference="track")
    page = write_report(write()).read_text()
    caption = "Weights of the training events, by energy and cos&lt;zenith&gt;: as in track"
    assert f"<caption>{caption}</caption>" in page
    for cell in ("track", "4,321", "42", "0.25", "1.23e+03", "3", "1"):
        assert f">{cell}</td>" in page
    assert "weights.png" in page


@pytest.mark.parametrize("key", ["sums", "factors"])
@pytest.mark.parametrize("wrong", [SUMS[:, :2].tolist(), SUMS[0].tolist(), [[1], [2, 3]], ["a"]])
def test_tables_that_do_not_fit_are_refused(write, content, key, wrong):
    content["results"]["reweighting"] = table(**{key: wrong})
    with pytest.raises(OutputError, match=rf"{key}: expected numbers \[2, 3, 2\], got"):
        load_results(write() / "results.json")
