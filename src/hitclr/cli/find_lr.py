"""``hitclr find-lr``."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["find_lr"]

_ENDINGS = (".png", ".pdf", ".svg")


def find_lr(
    config: Annotated[Path, typer.Argument(help="The settings file (YAML).", show_default=False)],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(help="Overrides such as encoder.size=tiny.", metavar="KEY=VALUE..."),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", help="The picture to write: png, pdf or svg.")
    ] = Path("lr-curve.png"),
    lowest: Annotated[float, typer.Option(help="The learning rate of the first step.")] = 1e-6,
    highest: Annotated[float, typer.Option(help="The learning rate of the last step.")] = 1.0,
    steps: Annotated[int, typer.Option(help="How many steps.")] = 100,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
) -> None:
    """Suggest a learning rate: train some steps with rising rates and look where the loss falls.

    No model is kept. The settings are those of `hitclr train`; their optimizer.lr does not matter.
    """
    from hitclr.cli.show import read_progress, say
    from hitclr.config import load_settings
    from hitclr.errors import OutputError, SettingsError
    from hitclr.io.disk import writing
    from hitclr.plugins import load_plugins
    from hitclr.reports.lr_curve import write_lr_curve
    from hitclr.runs.training.find_lr import find_learning_rate

    if out.suffix not in _ENDINGS:
        message = f"--out: expected a name that ends in {', '.join(_ENDINGS)}, got {out}"
        raise SettingsError(message)
    if out.exists() and not overwrite:
        message = f"{out} exists\n  what to do: give another --out, or --overwrite"
        raise OutputError(message)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # devices, tips
    with read_progress("reading") as progress:
        curve = find_learning_rate(
            load_settings(config, overrides or []),
            load_plugins(),
            base=config.resolve().parent,
            lowest=lowest,
            highest=highest,
            steps=steps,
            progress=progress,
            say=say,
        )
    if curve.suggestion is None:
        say(
            "The loss does not fall at any of these rates: try a lower --lowest, more --steps, or "
            "look at the data."
        )
    else:
        say(f"The loss falls most steeply at optimizer.lr={curve.suggestion:.2g}")
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        write_lr_curve(out, curve.rates, curve.losses, curve.smooth, curve.suggestion)
    last = curve.rates[-1]
    say(f"wrote {out}: the losses of {len(curve.rates)} steps, rates from {lowest:g} to {last:.2g}")
