"""``hitclr demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["demo"]


def demo(
    name: Annotated[
        str, typer.Argument(help="Which demo; without a name the only one there is.")
    ] = "",
    out: Annotated[Path, typer.Option("--out", help="The folder to write.")] = Path("hitclr-demo"),
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="An override such as trainer.epochs=5.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from an interrupted demo's last checkpoint.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Delete an earlier run in the folder first.")
    ] = False,
) -> None:
    """Train on a plugin's example files and write a report: hitclr end to end in minutes."""
    from hitclr.cli.show import say, train_and_show
    from hitclr.config import override_settings
    from hitclr.errors import UnknownNameError
    from hitclr.plugins import load_plugins

    loaded = load_plugins()
    names = loaded.demos.names()
    if not name:
        if len(names) != 1:
            message = (
                f"which demo? There are: {', '.join(names)}"
                if names
                else "no installed plugin brings a demo\n"
                "  what to do: pip install 'hitclr-km3net[demo]' (or, in a clone of "
                "hitclr, './plugins/hitclr-km3net[demo]')"
            )
            raise UnknownNameError(message)
        name = names[0]
    chosen = loaded.demos.get(name)
    content = {
        **chosen.settings(),
        "title": chosen.title,
        "notes": list(chosen.notes),
        "out": str(out),
    }
    changes = overrides or []
    settings = override_settings(content, changes, where=f"the demo {name}")
    say(f"{chosen.title}\n" + "\n".join(f"- {note}" for note in chosen.notes))
    changed = [part for change in changes for part in ("--set", change)]
    train_and_show(
        settings,
        loaded,
        Path.cwd(),
        resume=resume,
        overwrite=overwrite,
        again=["demo", name, "--out", str(out), *changed, "--resume"],
    )
