"""``hitclr inspect``: what is in a ROOT file, and a first schema for it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from hitclr.cli.plain_table import DIGITS, counted, head, plain_table, short, tail
from hitclr.cli.show import console, read_progress, say
from hitclr.errors import OutputError, SettingsError

if TYPE_CHECKING:
    from hitclr.io.files import FileName
    from hitclr.io.inspection.guess import Guess, Guesses
    from hitclr.io.inspection.inspect import BranchSummary

__all__ = ["inspect"]

_TYPE = 14
_BESIDE_NAMES = len("trigger?") + _TYPE + len("n/entry") + 2 * DIGITS + 5
_RIGHT = ("n/entry", "min", "max")
_WHOLE = 24  # a tree with no more branches than this is shown whole


def inspect(
    names: Annotated[
        list[str],
        typer.Argument(metavar="FILES...", help="ROOT files or URLs.", show_default=False),
    ],
    tree: Annotated[
        str | None, typer.Option("--tree", help="Look at this tree only.", show_default=False)
    ] = None,
    write_schema: Annotated[
        str | None,
        typer.Option(
            "--write-schema",
            metavar="PATH",
            help="Write a first schema to PATH, or to the screen with '-'.",
            show_default=False,
        ),
    ] = None,
    check: Annotated[
        str | None,
        typer.Option(
            "--check",
            metavar="SCHEMA",
            help="Read every entry by SCHEMA, a YAML file or a registered name, and show what "
            "training would get. Exit code 1 where something is at fault.",
            show_default=False,
        ),
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Show every branch or file.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite an existing schema file.")
    ] = False,
) -> None:
    """Show what is in ROOT files, write a first schema for one, or check a schema against them.

    At most the first 1000 entries of a tree are read, with --check all of them.
    """
    from hitclr.io.files import file_name

    files = [file_name(name, Path()) for name in names]
    if check is not None:
        if write_schema is not None or tree is not None:
            message = (
                "--check goes with neither --write-schema nor --tree: the schema is there, and "
                "names its tree"
            )
            raise SettingsError(message)
        _check(files, check, whole=show_all)
    elif write_schema is not None:
        if len(files) > 1:
            message = (
                f"--write-schema: expected one file to guess from, got {len(files)}\n"
                f"  what to do: give one with many hits, and try what comes out on all of them: "
                f"hitclr inspect FILES --check SCHEMA"
            )
            raise SettingsError(message)
        _write(files[0], tree, write_schema, force=force)
    else:
        for number, file in enumerate(files):
            if number:
                console.print()
            _show(file, tree, whole=show_all)


def _check(files: Sequence[FileName], name: str, *, whole: bool) -> None:
    from hitclr.build import find_schema
    from hitclr.cli.check_table import show_check
    from hitclr.io.inspection.check import SchemaCheck, iterate_checks
    from hitclr.plugins import load_plugins

    schema = find_schema(name, load_plugins(), Path())
    found, interrupted = SchemaCheck(schema.name), False
    try:
        with read_progress("checking") as progress:
            for so_far in iterate_checks(schema, files, progress=progress):
                found = so_far
    except KeyboardInterrupt:
        interrupted = True
    show_check(found, whole=whole, interrupted=interrupted)
    if interrupted or not found.fits:
        raise typer.Exit(130 if interrupted else 1)


def _write(file: FileName, tree: str | None, write_schema: str, *, force: bool) -> None:
    from hitclr.io.inspection.propose import propose_schema

    if write_schema == "-":
        typer.echo(propose_schema(file, tree).text, nl=False)
        return
    target = Path(write_schema)
    _check_free(target, force=force)
    proposal = propose_schema(file, tree)
    try:
        target.write_text(proposal.text, encoding="utf-8")
    except OSError as error:
        message = (
            f"the schema cannot be written to {target}: {error.strerror or error}\n"
            f"  what to do: give a path in a folder that exists and that you may write to"
        )
        raise OutputError(message) from error
    _show_guesses(proposal.guesses, proposal.choice)
    check = shlex.join(["hitclr", "inspect", str(file), "--check", str(target)])
    say(
        f"Wrote {target}, guessed from names and first values: read it.\n"
        f"Next: settle the {proposal.text.count('CHECK: ')} lines marked CHECK, and see what "
        f"training would get:"
    )
    say(f"  {check}", whole=True)
    say("Then name the schema in a settings file, and run `hitclr train SETTINGS.yaml`.")


def _check_free(target: Path, *, force: bool) -> None:
    if target.exists() and not force:
        message = (
            f"expected a new file for the schema, {target} exists already\n"
            f"  what to do: give another name, or --force to overwrite it"
        )
        raise OutputError(message)


def _show_guesses(guesses: Guesses, choice: str) -> None:
    say(f"{guesses.tree.path}: {choice}")
    table = plain_table("used as", "branch", "why")
    for guess in guesses.found:
        if guess.used:
            table.add_row(_role(guess), Text(guess.branch), Text(guess.reason))
    console.print(table)
    _show_cautions(guesses)


def _show(file: FileName, tree: str | None, *, whole: bool) -> None:
    from hitclr.io.inspection.guess import guess_file

    trees = guess_file(file, tree)
    say(str(file), whole=True)
    if not trees:
        say("There is no tree and no RNTuple in it: nothing that hitclr could read.")
        return
    for guesses in sorted(trees, key=lambda one: one.tree.entries == 0):
        _show_tree(guesses, whole=whole, alone=len(trees) == 1)
    console.print()
    with_hits = [guesses for guesses in trees if guesses.tier]
    if not with_hits:
        say("No branches look like hit positions; `--write-schema -` says what was looked for.")
        return
    if with_hits[0].hits:
        say("Next: write a first schema, and with it `hitclr train`.")
    else:
        say("No hits to look at: better take a file with some before you write a first schema.")
    command = f"hitclr inspect {shlex.quote(str(file))} --write-schema schema.yaml"
    say(f"  {command}", whole=True)


def _show_tree(guesses: Guesses, *, whole: bool, alone: bool) -> None:
    tree, number = guesses.tree, len(guesses.tree.branches)
    entries = counted(tree.entries, "entry", "entries") if tree.entries else "no entries"
    hit = "" if guesses.keys is None else " (each a hit)"
    facts = f"  {tree.kind}, {entries}{hit}, {counted(number, 'branch', 'branches')}"
    console.print()
    console.print(Text.assemble((tree.path, "bold"), facts))
    if not (tree.entries or whole or alone):
        return
    marks = {name: Text("per hit") for name in guesses.others}
    marks = {guess.branch: _role(guess) for guess in guesses.found} | marks
    order = {name: place for place, name in enumerate(marks)}
    told = sorted(tree.branches, key=lambda branch: _place(branch, order))
    if not whole and number > _WHOLE:
        told = told[: len(marks) if guesses.tier else _WHOLE]
    room = max(16, console.width - _BESIDE_NAMES)
    table = plain_table("guess", "branch", "type", *_RIGHT, right=_RIGHT)
    for branch in told:
        name = branch.name if whole else tail(branch.name, room)
        kind = branch.type if whole else head(branch.type, _TYPE)
        table.add_row(marks.get(branch.name, ""), Text(name), Text(kind), *_numbers(branch))
    console.print(table)
    if number > len(told):
        say(f"… {number - len(told)} more, --all shows them")
    for branch in told:
        look = branch.look
        if branch.problem:
            say(f"{branch.name} cannot be read: {branch.problem}")
        if look and look.nan + look.infinite:
            say(f"{branch.name} has {look.nan} NaN and {look.infinite} infinite values")
    _show_cautions(guesses)


def _place(branch: BranchSummary, guessed: Mapping[str, int]) -> tuple[int, int]:
    """Guessed branches first, in the order of a schema, then lists, numbers and the rest."""
    if branch.name in guessed:
        return 0, guessed[branch.name]
    return (1 if branch.shape == "list" and branch.dtype else 2 if branch.dtype else 3), 0


def _show_cautions(guesses: Guesses) -> None:
    for caution in guesses.cautions:
        console.print(Text(f"Note: {caution}.", "yellow"))


def _role(guess: Guess) -> Text:
    name = {
        "position": f"pos {guess.name}",
        "direction": f"dir {guess.name[-1]}",
        "hit column": "hit id",
        "observer": guess.name,
    }.get(guess.role, guess.role)
    return Text(name, "green") if guess.used else Text(f"{name}?")


def _numbers(branch: BranchSummary) -> tuple[str, ...]:
    look = branch.look
    if look is None or not look.entries:
        return ()
    return f"{look.per_entry:.4g}", short(look.minimum), short(look.maximum)
