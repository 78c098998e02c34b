import logging
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm, to_rgb
from matplotlib.figure import Figure

from hitclr.reports.confusion import draw_confusion
from hitclr.reports.embedding_map import draw_embedding
from hitclr.reports.event_display import draw_event_display
from hitclr.reports.history import draw_history, has_losses
from hitclr.reports.picture import Picture
from hitclr.reports.projection import Projection
from hitclr.reports.results import Confusion, Epoch
from hitclr.reports.style import look, plain, style
from hitclr.reports.view_table import Hits, ViewTable


@pytest.fixture(autouse=True)
def report_style():
    with style():
        yield


def finish(figure):
    """Lay the figure out and draw it, as saving does."""
    FigureCanvasAgg(figure).draw()
    return figure


def views(event, first=None, second=None, *, charge=None, colour="charge"):
    def hits(pos):
        pos = np.asarray(event if pos is None else pos, dtype=np.float64).reshape(-1, 3)
        values = np.arange(1.0, len(pos) + 1) if charge is None else np.asarray(charge)
        return Hits(pos, np.stack([np.zeros(len(pos)), values[: len(pos)]], axis=1))

    return ViewTable(
        hits(event), hits(first), hits(second), ("t", "charge"), ("ns", "p.e."), (0, 1), colour, ()
    )


def panels(figure):
    return [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]


# The style ------------------------------------------------------------------------------------


def test_settings_are_restored_and_nothing_is_global():
    before = dict(mpl.rcParams)
    with style():
        mpl.rcParams["font.size"] = 99
    assert dict(mpl.rcParams) == before
    finish(draw_history([Epoch(epoch=1, train_loss=1.0, validation_loss=None)]))
    assert sys.modules["matplotlib.pyplot"].get_fignums() == []


def test_no_font_is_missed(caplog):
    with caplog.at_level(logging.WARNING, logger="matplotlib"):
        figure = Figure()
        figure.text(0.5, 0.5, "μ → “x” [m] … $10^{2}$ ± \u2212 \u03bd")
        finish(figure)
    assert caplog.records == []


def test_the_first_seven_looks_differ_in_colour_and_in_marker():
    colours, markers = zip(*map(look, range(7)), strict=True)
    assert len(set(colours)) == 7
    assert len(set(markers)) == 7
    assert len({look(index) for index in range(56)}) == 56
    assert look(-1) not in {look(index) for index in range(56)}


def test_colours_differ_in_brightness_or_hue_for_red_green_blindness():
    # Viénot, Brettel, Mollon (1999): without the long-wave cones red and green collapse on one
    # axis. Colours must stay apart there too.
    rgb = np.array([to_rgb(look(index)[0]) for index in range(7)]) ** 2.2
    to_lms = np.array(
        [[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]]
    )
    lms = rgb @ to_lms.T
    lms[:, 0] = 2.02344 * lms[:, 1] - 2.52581 * lms[:, 2]
    seen = np.clip(lms @ np.linalg.inv(to_lms).T, 0, 1) ** (1 / 2.2)
    distance = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
    assert distance[~np.eye(7, dtype=bool)].min() > 0.12


def test_names_are_drawn_as_they_are():
    figure = Figure()
    text = figure.text(0.5, 0.5, plain("a $x^2$ b"))
    assert text._preprocess_math(text.get_text()) == ("a $x^2$ b", False)
    assert plain("two\nlines  here") == "two lines here"
    assert len(plain("x" * 100)) == 40


# The confusion matrix -------------------------------------------------------------------------


def test_confusion_shows_numbers_and_shares_of_the_true_class():
    matrix = Confusion.model_validate({"set": "test", "sample": "", "matrix": [[24, 3], [5, 12]]})
    figure = finish(draw_confusion([matrix], ["track", "shower"]))
    axes = figure.axes[0]
    np.testing.assert_allclose(axes.images[0].get_array(), [[24 / 27, 3 / 27], [5 / 17, 12 / 17]])
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    # A cell at (column, row): truth goes down, prediction to the right.
    assert cells[1, 0] == "3\n11%"
    assert cells[0, 1] == "5\n29%"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["track", "shower"]
    assert axes.get_title() == "test, all samples (44 events)"
    assert axes.get_ylabel() == "true class"


def test_a_class_without_events_has_no_share():
    matrix = Confusion.model_validate({"set": "test", "sample": "a", "matrix": [[0, 0], [1, 3]]})
    axes = finish(draw_confusion([matrix], ["track", "shower"])).axes[0]
    np.testing.assert_allclose(axes.images[0].get_array(), [[0, 0], [0.25, 0.75]])
    assert axes.texts[0].get_text() == "0"


def test_each_matrix_has_its_panel():
    matrices = [
        Confusion.model_validate({"set": "test", "sample": name, "matrix": [[n]]})
        for n, name in enumerate(["", "$a$", "b"])
    ]
    figure = finish(draw_confusion(matrices, ["one"]))
    titles = [axes.get_title() for axes in panels(figure)]
    assert titles == [
        "test, all samples (0 events)",
        r"test, \$a\$ (1 event)",
        "test, b (2 events)",
    ]


def test_many_classes_leave_out_the_numbers():
    size = 15
    matrix = Confusion.model_validate(
        {"set": "test", "sample": "", "matrix": np.eye(size, dtype=int).tolist()}
    )
    axes = finish(draw_confusion([matrix], [f"c{i}" for i in range(size)])).axes[0]
    assert len(axes.texts) == 0


# The losses -----------------------------------------------------------------------------------


def test_losses_are_drawn_with_gaps():
    rows = [(1, 3.0, 3.5), (2, None, 3.1), (3, 2.0, float("nan")), (7, 1.5, 2.9)]
    history = [Epoch(epoch=e, train_loss=t, validation_loss=v) for e, t, v in rows]
    train, validation = finish(draw_history(history)).axes[0].lines
    np.testing.assert_array_equal(train.get_xdata(), [1, 2, 3, 7])
    np.testing.assert_array_equal(train.get_ydata(), [3.0, np.nan, 2.0, 1.5])
    np.testing.assert_array_equal(validation.get_ydata(), [3.5, 3.1, np.nan, 2.9])
    assert (train.get_label(), validation.get_label()) == ("train", "validation")


def test_a_loss_that_never_was_is_left_out():
    history = [Epoch(epoch=0, train_loss=1.0, validation_loss=None)]
    assert [line.get_label() for line in finish(draw_history(history)).axes[0].lines] == ["train"]


def test_a_history_without_losses_is_seen():
    assert not has_losses([])
    assert not has_losses([Epoch(epoch=1, train_loss=float("nan"), validation_loss=None)])
    assert has_losses([Epoch(epoch=1, train_loss=None, validation_loss=0.0)])


# The map of embeddings ------------------------------------------------------------------------


def offsets(figure):
    return [np.asarray(drawn.get_offsets()) for drawn in figure.axes[0].collections]


def test_test_events_are_filled_and_training_events_faint():
    points = np.arange(16.0).reshape(8, 2)
    projection = Projection(points, (0.7, 0.2), np.arange(8), "the training events", 0)
    split = np.array([0, 2, 1, 0, 2, 2, 0, 1])
    category = np.array([0, 0, 0, 1, 1, 1, -1, -1])
    figure = finish(draw_embedding(projection, split, category, ["a", "b"]))
    unknown, unknown_test, train_a, test_a, train_b, test_b = offsets(figure)
    np.testing.assert_array_equal(unknown, points[[6]])
    assert len(unknown_test) == 0
    np.testing.assert_array_equal(train_a, points[[0]])
    np.testing.assert_array_equal(test_a, points[[1]])
    np.testing.assert_array_equal(train_b, points[[3]])
    np.testing.assert_array_equal(test_b, points[[4, 5]])
    faint, filled = figure.axes[0].collections[2:4]
    assert faint.get_alpha() < 0.5
    assert filled.get_alpha() is None
    assert faint.get_sizes()[0] < filled.get_sizes()[0]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["not known (0 test, 1 train)", "a (1 test, 1 train)", "b (2 test, 1 train)"]
    assert figure.axes[0].get_xlabel() == "principal component 1 (70% of the variance)"
    assert figure.axes[0].get_ylabel() == "principal component 2 (20% of the variance)"


def test_markers_differ_between_classes_and_between_class_and_sample():
    projection = Projection(np.eye(2), (0.7, 0.2), np.arange(2), "the training events", 0)
    test = np.array([2, 2])

    def looks(shift):
        figure = draw_embedding(projection, test, np.arange(2), ["a", "b"], shift=shift)
        drawn = figure.axes[0].collections[1::2]
        return {
            (path.get_paths()[0].vertices.tobytes(), tuple(path.get_facecolor()[0]))
            for path in drawn
        }

    assert len(looks(0) | looks(2)) == 4
    assert len({shape for shape, _ in looks(0) | looks(2)}) == 4


def test_one_component_has_an_axis_without_meaning():
    projection = Projection(np.eye(2), (1.0,), np.arange(2), "the training events", 0)
    axes = finish(draw_embedding(projection, np.zeros(2, int), np.zeros(2, int), ["a"])).axes[0]
    assert "without meaning" in axes.get_ylabel()
    assert len(axes.get_yticks()) == 0


# The event display ----------------------------------------------------------------------------


def test_three_panels_in_two_projections_on_one_scale():
    rng = np.random.default_rng(0)
    event = rng.uniform([-100, -50, 0], [100, 50, 400], (30, 3))
    first, second = event[:20] + 5, event[:10]
    figure = draw_event_display(views(event, first, second), "m")
    grid = panels(figure)
    assert [axes.get_title() for axes in grid[:3]] == [
        "event: 30 hits", "view 1: 20 hits", "view 2: 10 hits",
    ]  # fmt: skip
    for row, (h, v) in enumerate([(0, 2), (1, 2)]):
        cells = grid[3 * row : 3 * row + 3]
        for axes, cloud in zip(cells, (event, first, second), strict=True):
            hits = np.asarray(axes.collections[-1].get_offsets())
            np.testing.assert_allclose(hits, cloud[:, [h, v]])
            assert axes.get_aspect() == 1.0
            assert axes.get_xlim() == cells[0].get_xlim()
            assert axes.get_ylim() == grid[0].get_ylim()
            assert axes.get_xlabel() == f"{'xyz'[h]} [m]"
            low, high = np.array([axes.get_xlim(), axes.get_ylim()]).T
            assert (hits > low).all()
            assert (hits < high).all()
    assert np.ptp(grid[0].get_xlim()) == pytest.approx(np.ptp(grid[3].get_xlim()))


def test_grey_dots_show_the_event_beside_its_views():
    event = np.arange(12.0).reshape(4, 3)
    figure = draw_event_display(views(event, event[:2], event[:3]), "m")
    shown, beside, _ = panels(figure)[:3]
    assert len(shown.collections) == 1
    np.testing.assert_array_equal(beside.collections[0].get_offsets(), event[:, [0, 2]])


def test_a_pixel_is_as_long_along_both_axes():
    event = np.array([[0.0, 0, 0], [40, 10, 400]])
    for axes in panels(finish(draw_event_display(views(event), "m"))):
        origin, diagonal = axes.transData.transform([[0.0, 0.0], [1.0, 1.0]])
        across, up = diagonal - origin
        assert across == pytest.approx(up, rel=1e-6)


@pytest.mark.parametrize(("top", "logarithmic"), [(30.0, False), (300.0, True)])
def test_one_colour_bar_with_unit_spans_all_panels(top, logarithmic):
    event = np.arange(12.0).reshape(4, 3)
    figure = finish(draw_event_display(views(event, charge=[1.0, 2.0, 5.0, top]), "m"))
    (bar,) = (axes for axes in figure.axes if axes.get_label() == "<colorbar>")
    assert bar.get_ylabel() == "charge [p.e.]"
    assert bar.get_ylim() == pytest.approx((1.0, top))
    assert (bar.get_yscale() == "log") == logarithmic
    norm = LogNorm(1, top) if logarithmic else mpl.colors.Normalize(1, top)
    expected = mpl.colormaps["viridis_r"](norm([1.0, 2.0, 5.0, top]))
    for axes in panels(figure):
        np.testing.assert_allclose(axes.collections[-1].get_facecolors(), expected)


def test_the_largest_values_lie_on_top():
    event = np.arange(9.0).reshape(3, 3)
    figure = draw_event_display(views(event, charge=[5.0, 1.0, 3.0]), "m")
    drawn = np.asarray(panels(figure)[0].collections[-1].get_offsets())
    np.testing.assert_array_equal(drawn, event[[1, 2, 0]][:, [0, 2]])


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_flat_event_is_drawn_in_its_plane(axis):
    event = np.random.default_rng(0).uniform(0, 5, (6, 3))
    event[:, axis] = 2.0
    figure = draw_event_display(views(event), "cm")
    h, v = (other for other in range(3) if other != axis)
    assert len(panels(figure)) == 3
    assert panels(figure)[0].get_xlabel() == f"{'xyz'[h]} [cm]"
    assert panels(figure)[0].get_ylabel() == f"{'xyz'[v]} [cm]"


@pytest.mark.parametrize(
    "event", [[[1.0, 2, 3]], [[1e7, 2, 3]], np.zeros((0, 3)), [[0.0, 0, 0], [0, 0, 5]]]
)
def test_a_point_a_line_and_nothing_can_be_drawn(event):
    figure = finish(draw_event_display(views(event), ""))
    assert len(panels(figure)) == 6
    assert panels(figure)[0].get_xlabel() == "x"
    number = len(event)
    assert panels(figure)[0].get_title() == f"event: {number} {'hit' if number == 1 else 'hits'}"


def test_hits_that_are_not_finite_are_counted():
    event = np.arange(15.0).reshape(5, 3)
    event[1, 0] = np.nan
    figure = draw_event_display(views(event, charge=[1, 2, np.inf, 4, 5]), "m")
    axes = panels(figure)[0]
    assert axes.get_title() == "event: 5 hits, 2 not finite"
    np.testing.assert_array_equal(axes.collections[-1].get_offsets(), event[[0, 3, 4]][:, [0, 2]])


def test_without_a_feature_to_colour_by_there_is_no_colour_bar():
    event = np.arange(15.0).reshape(5, 3)
    figure = draw_event_display(views(event, colour=""), "m")
    assert len(figure.axes) == len(panels(figure)) == 6
    assert len(panels(figure)[0].collections[-1].get_offsets()) == 5


# Files ----------------------------------------------------------------------------------------


def test_a_picture_is_written_the_same_each_time(tmp_path):
    def drawn():
        return draw_history([Epoch(epoch=1, train_loss=1.0, validation_loss=2.0)])

    first = Picture.write(drawn(), tmp_path, "one")
    second = Picture.write(drawn(), tmp_path, "two")
    assert first.data == second.data
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()
    assert (tmp_path / "one.pdf").read_bytes().startswith(b"%PDF")
