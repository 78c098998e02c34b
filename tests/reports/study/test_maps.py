import importlib.util
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from hitclr.reports.study import StudyTable
from hitclr.reports.study.examples import choose_examples
from hitclr.reports.study.map_picture import draw_maps
from hitclr.reports.study.maps import make_maps
from hitclr.reports.style import style


@pytest.fixture
def no_umap(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "umap" else find(name)
    )


@pytest.fixture
def study(tmp_path, small, put):
    """A small study on disk: its table, its folder, and what is shown in detail."""

    def made(change=lambda cells: None, **changes):
        content, cells = small(**changes)
        change(cells)
        put(tmp_path, content, cells)
        table = StudyTable.model_validate(content)
        return table, tmp_path, choose_examples(table)

    return made


@pytest.mark.usefixtures("no_umap")
def test_maps_show_the_same_events_under_each_throw(study):
    maps, reasons = make_maps(*study())
    assert reasons == ["There is no map by UMAP: it takes the package umap-learn."]
    assert list(maps) == ["PCA"]
    assert [one.method for one in maps["PCA"]] == ["contrastive", "classifier"]
    for one in maps["PCA"]:
        assert one.points.shape == (120, 2)
        assert one.seed == 1
        assert np.unique(one.throw).tolist() == [0, 1, 2]
        assert (one.label[one.throw == 0] == one.label[one.throw == 2]).all()
        # The first component holds the most, and the points are those of the components.
        shares = one.points.var(0)
        assert shares[0] / shares[1] == pytest.approx(one.shares[0] / one.shares[1])


@pytest.mark.usefixtures("no_umap")
def test_many_events_are_thinned_by_key(study):
    maps, _ = make_maps(*study(events=600))
    one = maps["PCA"][0]
    assert np.bincount(one.throw).tolist() == [200, 200, 200]
    assert (one.label[one.throw == 0] == one.label[one.throw == 1]).all()


@pytest.mark.usefixtures("no_umap")
def test_why_there_is_no_map(study):
    def change(cells):
        for (method, *_), arrays in cells.items():
            if method == "contrastive":
                arrays["embedding"] = np.ones_like(arrays["embedding"])
            elif method == "classifier":
                del arrays["embedding"]

    maps, reasons = make_maps(*study(change))
    assert maps == {}
    assert "contrastive: it takes two events with different" in reasons[0]
    assert "classifier: its cells kept no embeddings" in reasons[1]


@pytest.mark.usefixtures("no_umap")
def test_cells_that_are_not_here_are_said(study):
    maps, reasons = make_maps(*study(lambda cells: cells.clear()))
    assert maps == {}
    assert "contrastive: the events of its cells are not here" in reasons[0]


@pytest.mark.usefixtures("no_umap")
def test_embeddings_that_are_not_finite_are_left_out(study):
    def change(cells):
        for arrays in cells.values():
            arrays["embedding"][:5, 0] = np.nan

    maps, _ = make_maps(*study(change))
    assert len(maps["PCA"][0].points) == 115


def test_umap_is_used_where_it_is_installed(study, monkeypatch):
    asked = {}

    class Fake:
        def __init__(self, **options):
            asked.update(options)

        def fit_transform(self, embedding):
            return embedding[:, :2].astype(np.float32)

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: True if name == "umap" else find(name)
    )
    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=Fake))
    maps, reasons = make_maps(*study())
    assert reasons == []
    assert list(maps) == ["PCA", "UMAP"]
    assert maps["UMAP"][1].points.shape == (120, 2)
    # Two reports of one study shall be the same.
    assert asked["random_state"] == 0
    assert asked["n_jobs"] == 1


@pytest.mark.usefixtures("no_umap")
def test_maps_are_drawn_by_class_and_by_throw(study):
    table, folder, examples = study()
    maps, _ = make_maps(table, folder, examples)
    with style():
        figure = draw_maps(table, maps["PCA"], "PCA")
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["contrastive, by class", "contrastive, by throw", "classifier, by class",
                      "classifier, by throw"]  # fmt: skip
    by_class, by_throw = figure.axes[:2]
    names = [
        [text.get_text() for text in axes.get_legend().get_texts()] for axes in (by_class, by_throw)
    ]
    assert names == [["electron", "muon", "pion", "proton"], ["kept-0", "kept-50", "kept-100"]]
    for axes in figure.axes[:2]:
        assert sum(len(points.get_offsets()) for points in axes.collections) == 120
    # A green square in one is not one in the other.
    assert "principal component 1 (" in by_class.get_xlabel()
