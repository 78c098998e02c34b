"""The settings of a run: validated, with defaults, from YAML and dotted overrides."""

from hitclr.config.base import Spec
from hitclr.config.data import DataSettings, SampleSettings, SplitSettings
from hitclr.config.load import load_settings, override_settings
from hitclr.config.reweight import ReweightSettings, VariableSettings
from hitclr.config.settings import Settings, make_settings
from hitclr.config.study import (
    DataSource,
    ShiftSettings,
    SimulationSettings,
    StudyMethod,
    StudySettings,
    ThrowSource,
    load_study,
)
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
    "DataSource",
    "EarlyStoppingSettings",
    "EmaSettings",
    "OptimizerSettings",
    "PretrainedSettings",
    "ProbeSettings",
    "ResimulateSettings",
    "ReweightSettings",
    "SampleSettings",
    "Settings",
    "ShiftSettings",
    "SimulationSettings",
    "Spec",
    "SplitSettings",
    "StudyMethod",
    "StudySettings",
    "SwadSettings",
    "ThrowSource",
    "TrainerSettings",
    "VariableSettings",
    "ViewSettings",
    "load_settings",
    "load_study",
    "make_settings",
    "override_settings",
]
