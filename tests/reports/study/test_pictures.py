import numpy as np
import pytest
from matplotlib.colors import to_rgba

from hitclr.reports.study import StudyTable
from hitclr.reports.study.curves import accuracy_of, can_draw, draw_curves, ece_of
from hitclr.reports.study.examples import choose_examples
from hitclr.reports.study.heat_map import draw_heat_map
from hitclr.reports.study.names import curves, heat_map
from hitclr.reports.study.ranking import draw_ranking
from hitclr.reports.study.series import series
from hitclr.reports.study.training import draw_training, trained
from hitclr.reports.style import style


@pytest.fixture(autouse=True)
def _styled():
    with style():
        yield


def lines_of(panel, marker):
    return [line for line in panel.get_lines() if line.get_marker() == marker]


def test_curves_hold_the_points_and_their_bands(content):
    content["axes"][0]["unit"] = "share"
    table = StudyTable.model_validate(content)
    figure = draw_curves(table, table.axes[0], accuracy_of, "accuracy")
    assert [panel.get_title() for panel in figure.axes] == [
        "trained on kept-0", "trained on kept-50",
    ]  # fmt: skip
    assert {panel.get_xlabel() for panel in figure.axes} == {"kept crosstalk [share]"}
    for panel, domain, trained_at in zip(figure.axes, table.domains, (0.0, 0.5), strict=True):
        for index, one in enumerate(series(table)):
            (line,) = lines_of(panel, one.marker)[:1]
            rows = [
                row for row in table.curve if (row.method, row.domain) == (one.name, domain.name)
            ]
            assert line.get_ydata().tolist() == [row.value for row in rows]
            assert np.allclose(line.get_xdata(), np.linspace(0, 1, 11))
            band = panel.collections[index].get_paths()[0].vertices[:, 1]
            assert band.min() == min(row.low for row in rows)
            assert band.max() == max(row.high for row in rows)
        triangle = lines_of(panel, "^")[-1]
        assert triangle.get_xdata()[0] == trained_at
        assert [line.get_xdata()[0] for line in lines_of(panel, "None")] == [0.0]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == [*(one.label for one in series(table)), "nominal", "trained here"]


def test_points_that_are_missing_leave_gaps(content):
    rows = [row for row in content["curve"] if row["method"] == "contrastive"]
    rows[2].update(value=None, low=None, high=None)
    content["curve"] = [row for row in content["curve"] if row["method"] != "classifier"]
    table = StudyTable.model_validate(content)
    figure = draw_curves(table, table.axes[0], accuracy_of, "accuracy")
    panel = figure.axes[0]
    assert np.flatnonzero(np.isnan(lines_of(panel, "o")[0].get_ydata())).tolist() == [2]
    assert len(panel.collections) == 4
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "contrastive" in legend
    assert "classifier" not in legend, "a method that was not run has no line"
    content["curve"] = []
    assert not can_draw(StudyTable.model_validate(content), table.axes[0], accuracy_of)


def test_calibration_errors_are_drawn_with_the_range_of_seeds(content):
    table = StudyTable.model_validate(content)
    values = [
        row.value for row in table.scores
        if (row.method, row.domain, row.throw, row.metric)
        == ("classifier", "kept-50", "kept-30", "ECE")
    ]  # fmt: skip
    point = ece_of(table, "classifier", "kept-50", "kept-30")
    assert point == (pytest.approx(np.mean(values)), min(values), max(values))
    assert np.isnan(ece_of(table, "classifier", "kept-50", "kept-30 ")[0])


def test_fifteen_methods_look_different_also_in_grey(content):
    first = content["methods"][0]
    content["methods"] += [{**first, "name": f"more {i}", "target": i > 7} for i in range(10)]
    looks = series(StudyTable.model_validate(content))
    assert len({(one.colour, one.marker, one.line) for one in looks}) == 15
    assert len({(one.marker, one.line) for one in looks}) >= 8
    for one in looks:
        assert (one.face == "white") == one.label.endswith(" †")
    assert sum(one.face == "white" for one in looks) == 3


def test_a_long_name_keeps_its_mark(content):
    content["methods"][4]["name"] = "x" * 60
    for key in ("scores", "summary", "curve", "comparisons", "invariance", "confusion", "cost",
                "losses", "selection", "cells"):  # fmt: skip
        content[key] = []
    assert series(StudyTable.model_validate(content))[4].label == "x" * 31 + "… †"


def test_the_heat_map_has_a_number_in_each_cell(content):
    next(row for row in content["curve"] if row["domain"] == "kept-50").update(value=None)
    table = StudyTable.model_validate(content)
    figure = draw_heat_map(table, "kept-50")
    axes = figure.axes[0]
    rows = [row for row in table.curve if row.domain == "kept-50"]
    expected = ["\N{EN DASH}", *(f"{row.value:.3f}" for row in rows[1:])]
    assert [text.get_text() for text in axes.texts] == expected
    assert [label.get_text() for label in axes.get_yticklabels()][-1] == "DANN †"
    assert axes.get_xticklabels()[0].get_text() == "kept-0 (nominal)"
    # The scale is that of all domains.
    every = [row.value for row in table.curve if row.value is not None]
    assert axes.images[0].get_clim() == (min(every), max(every))


def test_equal_accuracies_can_be_drawn(content):
    for row in content["curve"]:
        row["value"] = 0.5
    low, high = (
        draw_heat_map(StudyTable.model_validate(content), "kept-0").axes[0].images[0].get_clim()
    )
    assert low < high


def test_the_ranking_has_those_that_saw_the_target_below(content):
    content["summary"][0]["value"] = 0.01  # the first method is now the worst of its kind
    table = StudyTable.model_validate(content)
    panel = draw_ranking(table).axes[0]
    names = [label.get_text() for label in panel.get_yticklabels()]
    assert names[-2:] == ["contrastive", "DANN †"]
    # Means and worst cases: an interval, seeds, and a marker each.
    means = [line for line in lines_of(panel, "o") if len(line.get_xdata()) == 1]
    assert means[-2].get_xdata()[0] == 0.01
    assert to_rgba(means[-1].get_markerfacecolor()) == to_rgba("white")
    assert to_rgba(means[0].get_markerfacecolor()) != to_rgba("white")
    seeds = [line.get_xdata() for line in lines_of(panel, "|")]
    rows = [row for row in table.summary if (row.method, row.domain) == ("DANN", "kept-0")]
    assert list(seeds[-2]) == list(rows[0].seeds.values())


def test_the_ranking_has_those_that_knew_the_labels(content):
    content["methods"][-1]["labels"] = True
    panel = draw_ranking(StudyTable.model_validate(content)).axes[0]
    assert [label.get_text() for label in panel.get_yticklabels()][-1] == "DANN §"


def test_losses_are_means_over_cells_with_their_range(small):
    content, _ = small()
    content["losses"][1]["history"][3]["validation_loss"] = 9.0
    content["shifts"] = [{"name": "light", "parameters": [], "views": [], "throws": ["kept-0"]}]
    without = [{"epoch": 4, "train_loss": 99.0, "validation_loss": 99.0}]
    content["losses"].append({**content["losses"][0], "left_out": "light", "history": without})
    table = StudyTable.model_validate(content)
    figure = draw_training(table)
    assert [panel.get_title() for panel in figure.axes] == ["contrastive", "classifier", "DANN †"]
    train, validation = figure.axes[0].get_lines()
    histories = [row.history for row in table.losses[:2]]
    assert train.get_ydata()[3] == pytest.approx(np.mean([h[3].train_loss for h in histories]))
    assert validation.get_ydata()[3] == pytest.approx((histories[0][3].validation_loss + 9) / 2)
    assert figure.axes[0].collections[1].get_paths()[0].vertices[:, 1].max() == 9.0
    content["losses"] = content["losses"][:2]
    assert trained(StudyTable.model_validate(content)) == ["contrastive"]


def test_few_methods_and_throws_are_shown_in_detail(content):
    examples = choose_examples(StudyTable.model_validate(content))
    # Of three classifiers the one with no settings of its own.
    assert examples.methods == ("contrastive", "classifier")
    assert examples.domain == "kept-0"
    assert examples.worst == "kept-100"
    assert examples.throws == ("kept-0", "kept-100", "kept-50")
    content["summary"] = [row for row in content["summary"] if row["domain"] == "kept-50"]
    assert choose_examples(StudyTable.model_validate(content)).domain == "kept-50"
    content["summary"] = []
    assert choose_examples(StudyTable.model_validate(content)) is None


def test_names_of_files_are_safe_and_differ():
    assert curves(0, "../../etc/passwd") == "curves-1-etc-passwd"
    assert heat_map(1, "ß/∂") == "heat-map-2"
    assert curves(0, "a b") != curves(1, "a-b")
