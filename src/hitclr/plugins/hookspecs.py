"""The hooks of hitclr: all that a plugin can implement, top to bottom.

A plugin is an installed distribution with an entry point in the group ``hitclr`` that names a
module. Functions in that module that are marked with ``hitclr.hookimpl`` and carry one of the
names below are called when hitclr starts::

    # pyproject.toml
    [project.entry-points.hitclr]
    mydetector = "mydetector.plugin"

    # mydetector/plugin.py
    import hitclr

    @hitclr.hookimpl
    def register_augmentations(registrar):
        registrar.add("mydetector-dropout", MyDropout)

Each hook gets a registrar, which adds to one registry in the plugin's name. Domain types are
imported for typing only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from hitclr.augment import Augmentation
    from hitclr.demo import Demo
    from hitclr.detectors import Detector
    from hitclr.graphs import EdgeBuilder
    from hitclr.io import Schema
    from hitclr.methods import Method
    from hitclr.plugins.registry import Registrar
    from hitclr.studies.validators import Validator

__all__ = [
    "register_augmentations",
    "register_demos",
    "register_detectors",
    "register_edges",
    "register_encoders",
    "register_methods",
    "register_schemas",
    "register_validators",
]

hookspec = pluggy.HookspecMarker("hitclr")


@hookspec
def register_schemas(registrar: Registrar[Schema]) -> None:
    """Register schemas: how the branches of a collaboration's ROOT files become events.

    A settings file refers to one by its name: ``schema: km3net-offline``.
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
def register_demos(registrar: Registrar[Demo]) -> None:
    """Register demos: what ``hitclr demo NAME`` runs."""
