"""The hooks of hitclr: all that a plugin can implement, top to bottom.

A plugin is an installed distribution with an entry point in the group ``hitclr`` that names a
module. Functions in that module that are marked with ``hitclr.hookimpl`` and carry one of the
names below are called::

    # pyproject.toml
    [project.entry-points.hitclr]
    mydetector = "mydetector.plugin"

    # mydetector/plugin.py
    import hitclr

    HITCLR_HOOKS = 1

    @hitclr.hookimpl
    def register_augmentations(registrar):
        registrar.add("mydetector-dropout", MyDropout)

A hook ``register_...`` is called once when plugins are loaded, in each process that loads them. It
gets a registrar, which adds to one registry in the plugin's name. The other hooks are called as a
run goes on, with the arguments that stand here; an implementation may leave out those that it does
not need. They observe: what they are given is not theirs to change, and they return nothing.

An exception in a hook becomes an error that names plugin, distribution, hook and cause. While
plugins are loaded it takes that plugin out, and the rest goes on; in a run it ends the run.

Domain types are imported for typing only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from torch import nn
    from torch_geometric.data import Batch

    from hitclr.augment import Augmentation
    from hitclr.config import Settings
    from hitclr.demo import Demo
    from hitclr.detectors import Detector
    from hitclr.graphs import EdgeBuilder
    from hitclr.io import Schema
    from hitclr.methods import Method
    from hitclr.plugins.registry import Registrar
    from hitclr.reports.section import ReportSection
    from hitclr.runs import Prepared, TrainedRun
    from hitclr.studies import Metric
    from hitclr.studies.validators import Validator

__all__ = [
    "after_loading",
    "after_study",
    "after_training",
    "before_training",
    "register_augmentations",
    "register_demos",
    "register_detectors",
    "register_edges",
    "register_encoders",
    "register_methods",
    "register_metrics",
    "register_report_sections",
    "register_schema_makers",
    "register_schemas",
    "register_validators",
]

HOOK_VERSION = 1
"""The version of these hooks.

A plugin says with ``HITCLR_HOOKS = 1`` in its module which one it was written for, and is refused
where that is another; one that says nothing was written for 1, so that none is taken for newer than
it is. The version rises when a hook or an argument goes away, gets another name or another meaning;
not when one is added, since plugins need not take what is new.
"""

hookspec = pluggy.HookspecMarker("hitclr")


@hookspec
def register_schemas(registrar: Registrar[Schema]) -> None:
    """Register schemas: how the branches of a collaboration's ROOT files become events.

    A settings file refers to one by its name: ``schema: km3net-offline``.
    """


@hookspec
def register_schema_makers(registrar: Registrar[Callable[..., Schema]]) -> None:
    """Register functions that make a schema from a file of the detector: a geometry, a calibration.

    A settings file calls one by its name: ``schema: {name: km3net-daq, detx: detector.detx}``. The
    annotated arguments are the options; relative names in those annotated as ``pathlib.Path`` start
    from the folder of the settings file. What is read belongs into ``Schema.tables``, so that it is
    kept with the trained model.
    """


@hookspec
def register_augmentations(registrar: Registrar[type[Augmentation]]) -> None:
    """Register augmentations: subclasses of `hitclr.augment.Augmentation`.

    The constructor's annotated arguments are the options that a settings file may give.
    """


@hookspec
def register_detectors(registrar: Registrar[Detector]) -> None:
    """Register detectors: objects of a subclass of `hitclr.detectors.Detector`.

    ``hitclr simulate --detector NAME`` makes its events, and ``views.resimulate`` of a settings
    file its views. The detector's schema, ``detector.schema``, is to be registered too.
    """


@hookspec
def register_edges(registrar: Registrar[Callable[..., EdgeBuilder]]) -> None:
    """Register edge builders: callables that give a batch its ``edge_index``."""


@hookspec
def register_encoders(registrar: Registrar[Callable[..., nn.Module]]) -> None:
    """Register encoders: classes or functions that make one.

    Called as ``make(in_channels, **options)``; the result maps a batch to a tensor [B, D] and has
    ``out_channels`` (or GraphNeT's ``nb_outputs``). An attribute ``edges`` with an edge builder,
    or None, says which edges it wants.
    """


@hookspec
def register_methods(registrar: Registrar[type[Method]]) -> None:
    """Register training methods: subclasses of `hitclr.methods.Method`."""


@hookspec
def register_validators(registrar: Registrar[type[Validator]]) -> None:
    """Register validators: subclasses of `hitclr.studies.validators.Validator`.

    ``select: NAME`` in a settings file keeps the model of the epoch with the highest score. The
    constructor's annotated arguments are the options that a settings file may give.
    """


@hookspec
def register_metrics(registrar: Registrar[Metric]) -> None:
    """Register metrics: functions from test events to a number, or to a number with an interval.

    Called as ``metric(events)`` with `hitclr.studies.ScoredEvents` (true classes, class scores,
    embeddings): with all test events, and with those of each sample, after each training. It gives
    a number, a `hitclr.studies.Estimate`, or None where the events do not define it. The number
    stands in the tables of scores under the metric's name, with spaces for hyphens.
    """


@hookspec
def register_report_sections(registrar: Registrar[ReportSection]) -> None:
    """Register sections of reports: objects of a subclass of `hitclr.reports.ReportSection`.

    They stand after hitclr's own, in the page of a run, of a study, or of both. They are made when
    a report is written, in the process that writes it.
    """


@hookspec
def register_demos(registrar: Registrar[Demo]) -> None:
    """Register demos: what ``hitclr demo NAME`` runs."""


@hookspec
def before_training(settings: Settings, prepared: Prepared) -> None:
    """Called before a run trains: all is read and built, an earlier run not yet deleted.

    So this is the place to refuse what does not go together. It is called in each process that
    trains, also where a run goes on after an interruption, and for each cell of a study.

    Args:
        settings: of the run.
        prepared: the events, the method and what feeds it.
    """


@hookspec
def after_loading(views: Sequence[Batch], split: str, epoch: int, step: int) -> None:
    """Called with what was loaded for a step, as the method gets it.

    It is called in the process that trains, for its own share of the events where there are
    several; never in the workers that make views, so what an implementation remembers is there at
    the next call.

    Args:
        views: the views of the step's events, augmented and with edges, on the device that trains.
        split: ``train`` or ``validation``.
        epoch: the epoch, from 0.
        step: the step in it, from 0.
    """


@hookspec
def after_training(settings: Settings, run: TrainedRun) -> None:
    """Called at the end of a run: the model, its scores and the report are written.

    Of several processes that train together the first one calls it. In a study it is called for
    each cell, in the process of the cell.

    Args:
        settings: of the run.
        run: what the run left behind.
    """


@hookspec
def after_study(folder: Path) -> None:
    """Called when the tables and the report of a study are written, also where cells are missing.

    It is called in the process that runs the study, each time that it is run.

    Args:
        folder: the folder of the study, with ``study.json``.
    """
