"""The settings of a run: validated, with defaults, from YAML and dotted overrides."""

from hitclr.config.base import Spec
from hitclr.config.data import DataSettings, SampleSettings, SplitSettings
from hitclr.config.load import load_settings, override_settings
from hitclr.config.reweight import ReweightSettings, VariableSettings
from hitclr.config.settings import Settings, make_settings
from hitclr.config.training import (
    EarlyStoppingSettings,
    EmaSettings,
    OptimizerSettings,
    PretrainedSettings,
    ProbeSettings,
    SwadSettings,
    TrainerSettings,
)
from hitclr.config.views import ResimulateSettings, ViewSettings

__all__ = [
    "DataSettings",
    "EarlyStoppingSettings",
    "EmaSettings",
    "OptimizerSettings",
    "PretrainedSettings",
    "ProbeSettings",
    "ResimulateSettings",
    "ReweightSettings",
    "SampleSettings",
    "Settings",
    "Spec",
    "SplitSettings",
    "SwadSettings",
    "TrainerSettings",
    "VariableSettings",
    "ViewSettings",
    "load_settings",
    "make_settings",
    "override_settings",
]
