"""``hitclr train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["train"]


def train(
    config: Annotated[Path, typer.Argument(help="The settings file (YAML).", show_default=False)],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            help="Overrides such as trainer.epochs=5 out=runs/try2.", metavar="KEY=VALUE..."
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from an interrupted run's last checkpoint.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Delete an earlier run in the folder first.")
    ] = False,
) -> None:
    """Train a model on ROOT files, score it, and write a report.

    Relative file names in the settings start from the settings file's folder, the run's own
    folder (`out`) from the current one.
    """
    from hitclr.cli.show import train_and_show
    from hitclr.config import load_settings
    from hitclr.plugins import load_plugins

    changes = overrides or []
    train_and_show(
        load_settings(config, changes),
        load_plugins(),
        config.resolve().parent,
        resume=resume,
        overwrite=overwrite,
        again=["train", str(config), *changes, "--resume"],
    )
