"""Beginning with the encoder of a trained model."""

from __future__ import annotations

from pathlib import Path

from hitclr.config import Settings
from hitclr.errors import CheckpointError, SettingsError, did_you_mean
from hitclr.io import Schema
from hitclr.methods import Method
from hitclr.runs.checkpoint import read_record

__all__ = ["load_pretrained", "pretrained_file"]

_PARTS = ("encoder.", "norm.")


def pretrained_file(settings: Settings, base: Path) -> Path | None:
    """The trained model that a run begins with.

    Args:
        settings: of the run.
        base: the folder that relative file names in the settings start from.
    """
    wanted = settings.pretrained
    return None if wanted is None else base / Path(wanted.checkpoint).expanduser()


def load_pretrained(settings: Settings, method: Method, schema: Schema, base: Path) -> str:
    """Give a method the encoder of a trained model, and freeze what is not to be trained.

    The inputs are standardised as they were for that model.

    Args:
        settings: of the run.
        method: the method; its encoder is changed.
        schema: of the run.
        base: the folder that relative file names in the settings start from.

    Returns:
        What was done, in a sentence.

    Raises:
        CheckpointError: the checkpoint cannot be read, or is of another encoder or other features.
        SettingsError: no weight has a name that ``pretrained.train`` gives.
    """
    wanted, path = settings.pretrained, pretrained_file(settings, base)
    if wanted is None or path is None:
        message = "expected settings with `pretrained`, got none"
        raise SettingsError(message)
    record, content = read_record(path)
    theirs = [feature["name"] for feature in record["schema"]["features"]]
    if theirs != list(schema.feature_names):
        message = (
            f"pretrained: the model in {path} reads the features {', '.join(theirs)}, this run "
            f"{', '.join(schema.feature_names)}; take the schema that it was trained with"
        )
        raise CheckpointError(message)
    state = {
        name: value for name, value in content["state_dict"].items() if name.startswith(_PARTS)
    }
    own = {name for name in method.state_dict() if name.startswith(_PARTS)}
    shapes = method.state_dict()
    unlike = sorted(
        own.symmetric_difference(state)
        | {name for name in own & state.keys() if state[name].shape != shapes[name].shape}
    )
    if unlike:
        message = (
            f"pretrained: the encoder in {path} is not that of this run ({len(unlike)} weights "
            f"differ, such as {unlike[0]}): take the settings `encoder` that it was trained with: "
            f"{record['settings']['encoder']}"
        )
        raise CheckpointError(message)
    method.load_state_dict(state, strict=False)
    trained = _freeze(method, wanted.train)
    total = sum(weight.numel() for weight in method.encoder.parameters())
    return (
        f"The encoder is that of {path}; {trained:,} of its {total:,} weights are trained further."
    )


def _freeze(method: Method, train: str | tuple[str, ...]) -> int:
    """Leave only the chosen weights of the encoder to be trained; how many these are."""
    weights = dict(method.encoder.named_parameters())
    if train == "all":
        return sum(weight.numel() for weight in weights.values())
    chosen = () if train == "none" else tuple(train)
    for prefix in chosen:
        if not any(name.startswith(prefix) for name in weights):
            parts = list(dict.fromkeys(name.split(".")[0] for name in weights))
            message = (
                f"pretrained.train: no weight of the encoder has a name that begins with "
                f"{prefix!r}. {did_you_mean(prefix, parts)}"
            )
            raise SettingsError(message)
    trained = 0
    for name, weight in weights.items():
        weight.requires_grad_(name.startswith(chosen) if chosen else False)
        trained += weight.numel() if weight.requires_grad else 0
    return trained
