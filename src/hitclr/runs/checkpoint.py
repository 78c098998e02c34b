"""Trained models on disk: the weights, and all that is needed to use them on other files.

A checkpoint is a Lightning checkpoint with one more entry, ``hitclr``, of plain values. It is read
with ``weights_only=True``: a checkpoint cannot run code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning as L
import torch

import hitclr
from hitclr.build import build_method
from hitclr.config import Settings, make_settings
from hitclr.errors import CheckpointError, SchemaError, SettingsError
from hitclr.io import Schema, load_schema
from hitclr.io.disk import writing
from hitclr.methods import Method
from hitclr.plugins import Plugins

__all__ = [
    "KEY",
    "Model",
    "RunRecord",
    "describe_run",
    "load_model",
    "read_record",
    "store_weights",
]

KEY = "hitclr"


@dataclass(frozen=True)
class Model:
    """A trained model.

    Attributes:
        method: the method with its weights, in evaluation mode.
        schema: how branches become events.
        settings: of its training.
        class_names: the class of each column of the scores.
    """

    method: Method
    schema: Schema
    settings: Settings
    class_names: tuple[str, ...]


def describe_run(
    settings: Settings,
    schema: Schema,
    class_names: Sequence[str],
    skipped: Sequence[Mapping[str, str | int]],
    *,
    inputs: Sequence[Mapping[str, str | int]],
    base: Path,
    reweighting: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What a checkpoint says of its run, as plain values.

    Args:
        settings: of the run.
        schema: how branches became events.
        class_names: the classes.
        skipped: what the bad-input policy left out.
        inputs: the files with their fingerprints.
        base: the folder that relative file names in the settings start from.
        reweighting: the factors of the events' weights; None where none are wanted.
    """
    return {
        "version": hitclr.__version__,
        "settings": settings.plain(),
        "schema": schema.model_dump(mode="json"),
        "class_names": list(class_names),
        "skipped": [dict(row) for row in skipped],
        "inputs": [dict(row) for row in inputs],
        "base": str(base.absolute()),
        "reweighting": None if reweighting is None else dict(reweighting),
    }


class RunRecord(L.Callback):
    """Puts the description of the run into every checkpoint."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.record = dict(record)

    def on_save_checkpoint(
        self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Called by Lightning."""
        checkpoint[KEY] = self.record


def read_record(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The description of the run in a checkpoint, and the whole checkpoint.

    Raises:
        CheckpointError: there is no such file, it is damaged, or it is not hitclr's.
    """
    if not path.is_file():
        message = (
            f"expected a checkpoint, there is no file {path}\n"
            f"  what to do: give the model.ckpt in the folder of a finished run"
        )
        raise CheckpointError(message)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        message = (
            f"{path} is not a readable checkpoint ({type(error).__name__})\n"
            f"  what to do: give the model.ckpt in the folder of a finished run; copy it again if "
            f"it was cut short"
        )
        raise CheckpointError(message) from error
    if not isinstance(content, dict) or KEY not in content or "state_dict" not in content:
        message = f"{path} is a checkpoint, but not one that hitclr has written"
        raise CheckpointError(message)
    return content[KEY], content


def load_model(path: Path, plugins: Plugins) -> Model:
    """Load a trained model.

    Raises:
        CheckpointError: the file cannot be used.
        UnknownNameError: the encoder or the method comes from a plugin that is not installed.
    """
    record, content = read_record(path)
    try:
        settings = make_settings(record["settings"], where=str(path))
        schema = load_schema(record["schema"])
        class_names = tuple(record["class_names"])
    except (KeyError, SettingsError, SchemaError) as error:
        message = (
            f"{path} was written by hitclr {record.get('version', '(unknown)')}, whose record this "
            f"version ({hitclr.__version__}) cannot use: {error}"
        )
        raise CheckpointError(message) from error
    method = build_method(
        settings, plugins, num_features=len(schema.features), num_classes=len(class_names)
    )
    try:
        method.load_state_dict(content["state_dict"])
    except RuntimeError as error:
        message = (
            f"the weights in {path} do not fit the encoder and method that its settings name; it "
            f"was written by hitclr {record['version']}, this is {hitclr.__version__}:\n{error}"
        )
        raise CheckpointError(message) from error
    return Model(method.eval(), schema, settings, class_names)


def store_weights(path: Path, method: Method) -> None:
    """Put the weights of a method in place of those of a checkpoint.

    What only serves to train on, such as a second set of weights of which the first is the average,
    goes.

    Raises:
        CheckpointError: the checkpoint cannot be used.
        OutputError: it cannot be written; the old one is still there.
    """
    _, content = read_record(path)
    content["state_dict"] = method.state_dict()
    for name in ("current_model_state", "averaging_state"):
        content.pop(name, None)
    new = path.with_name(f"{path.name}.new")
    with writing(path, "; the training is not lost, go on with --resume"):
        torch.save(content, new)
        new.replace(path)
