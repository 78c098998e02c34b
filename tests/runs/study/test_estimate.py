"""The short trial that says how long a study will take."""

from __future__ import annotations

import pytest

from hitclr.runs.study import prepare_study
from hitclr.runs.study.estimate import estimate_times


@pytest.mark.parametrize(("target", "events"), [(None, 384), (768, 384), (2304, 1152)])
def test_the_trial_has_events_of_a_target_in_the_same_proportion(
    make_study, plugins, tmp_path, monkeypatch, target, events
):
    simulation = {"train": 768, "test": 30, "energy": [5, 10]}
    if target is not None:
        simulation["target"] = target
    study = make_study(simulation=simulation)
    seen = []
    monkeypatch.setattr(
        "hitclr.runs.study.estimate.simulate_inputs",
        lambda settings, *given, **named: seen.append(settings.simulation),
    )
    monkeypatch.setattr("hitclr.runs.study.estimate.run_cell", _stop)
    prepared = prepare_study(study, plugins, tmp_path, base=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        estimate_times(prepared, plugins, base=tmp_path, threads=1)
    (small,) = seen
    assert (small.target or small.train) / small.train == events / 384


def test_what_begins_with_another_encoder_is_tried_with_any(
    make_study, plugins, tmp_path, monkeypatch
):
    monkeypatch.setattr("hitclr.runs.study.cell.load_plugins", lambda disabled: plugins)
    methods = {
        "later": {"method": "classifier", "begin_with": "first"},
        "first": "classifier",
    }
    study = prepare_study(make_study(methods=methods), plugins, tmp_path, base=tmp_path)
    later, first = estimate_times(study, plugins, base=tmp_path, threads=1)
    assert (later.method, later.cells, first.cells) == ("later", 2, 2)
    assert 0.1 < later.seconds / first.seconds < 10, "its own training alone"


def _stop(job):
    raise KeyboardInterrupt
