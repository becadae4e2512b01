"""`emoclass audit --labels`: which labels are probably wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from emoclass.cli.output import parse_maps, print_json, print_table, printable, say
from emoclass.errors import ConfigError

if TYPE_CHECKING:
    from emoclass.auditing.label_quality import SuspectedLabels

F = TypeVar("F", bound=Callable[..., Any])

LISTED = 10
OPTIONS = (
    click.option("--labels", "suspects", is_flag=True, help="Find wrong labels instead: cross-validate a model, and "
        "list the images whose label it disagrees with. Needs emoclass[labels]."),
    click.option("--plugin", metavar="NAME", help="With --labels: the plugin whose model to use; happysad by default. "
        "With --study, needed if it is a file."),
    click.option("--folds", type=int, metavar="K", help="With --labels: number of cross-validation folds; 5 by "
        "default."),
    click.option("--epochs", type=int, metavar="N", help="With --labels: number of training epochs."),
    click.option("--seed", type=int, metavar="N", help="With --labels: random seed."),
    click.option("--map", "maps", metavar="WORD=EMOTION", multiple=True, help="With --labels: read a class as an "
                 "emotion, or leave it out with WORD=ignore. May be repeated."),
    click.option("--out", metavar="DIR", help="With --labels: output folder for the models and the list; runs by "
        "default."),
    click.option("--study", metavar="FOLDER", help="With --labels: resume an interrupted search, or use a finished "
        "cross-validation (emoclass run --folds K), instead of DIR."),
)  # fmt: skip


def label_options(command: F) -> F:
    """Give a command the options of the search for wrong labels, collected by `labels_chosen`."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def labels_chosen(chosen: dict[str, Any], others: dict[str, object]) -> bool:
    """Tell whether wrong labels are looked for, and refuse what does not go with the answer.

    Args:
        chosen: The values of `label_options`.
        others: Option -> value, of those that belong to the other audit.

    Raises:
        ConfigError: An option belongs to the other kind of audit.
    """
    if chosen["suspects"]:
        for name, value in others.items():
            if value:
                raise ConfigError(f"{name}: cannot be combined with --labels.", hint="Run the audit again without it.")
        return True
    for name, value in chosen.items():
        if value not in (None, (), False):
            name = {"maps": "map"}.get(name, name)
            raise ConfigError(f"--{name}: belongs to --labels, which is missing.", hint="Add --labels.")
    return False


def audit_labels(
    root: str | None,
    dataset: str | None,
    data_options: dict[str, Any],
    *,
    threads: int | None,
    as_json: bool,
    quiet: bool,
    chosen: dict[str, Any],
) -> None:
    """Search, and print what was found."""
    from emoclass.cli.interrupts import insisting
    from emoclass.cli.progress import TerminalProgress
    from emoclass.progress import Progress
    from emoclass.workflows.suspected_labels import continue_command, suspected_labels

    study, out, folds = chosen["study"], chosen["out"], chosen["folds"]
    if study is not None:
        given = {"DIR": root, "--dataset": dataset, "--threads": threads, "--out": out, "--folds": folds}
        given |= {f"--{name}": chosen[name] for name in ("epochs", "seed")}
        given["--map"] = chosen["maps"] or None
        given["--data-option"] = data_options or None
        if extra := [name for name, value in given.items() if value is not None]:
            raise ConfigError(
                f"--study: uses the data and settings it was started with, got {', '.join(extra)} as well.",
                hint="Leave these out, or start again without --study.",
            )
    settings = {name: chosen[name] for name in ("plugin", "epochs", "seed")}
    maps = parse_maps(chosen["maps"]) or None
    progress = Progress() if quiet else TerminalProgress()
    try:
        with insisting(progress), redirect_stdout(sys.stderr):  # what a plugin prints is no result
            found = suspected_labels(
                root, study=study, folds=5 if folds is None else folds, out=out or "runs", progress=progress,
                dataset=dataset, threads=threads, map=maps, data_options=data_options or None, **settings,
            )  # fmt: skip
    except KeyboardInterrupt:
        click.echo("\nInterrupted.", err=True)
        folder = Path(study) if study else progress.folder
        if folder is not None:
            say(f"Continue with: {continue_command(folder)}", err=True)
        sys.exit(130)
    if as_json:
        print_json(found.to_json())
    else:
        _print(found)


def _print(found: SuspectedLabels) -> None:
    click.echo(
        f"{found.n_images:,} images of {', '.join(found.labels)}: the model disagrees with {len(found.suspects):,} "
        f"labels. Confident learning suspects {found.n_issues:,} of them to be wrong."
    )
    if found.suspects:
        click.echo()
        rows = [
            [str(rank), printable(each.path), f"{each.label} {each.label_probability:.3f}",
             f"{each.suggestion} {each.suggestion_probability:.3f}", "yes" if each.issue else ""]
            for rank, each in enumerate(found.suspects[:LISTED], start=1)
        ]  # fmt: skip
        print_table(rows, header=["rank", "image", "label", "model", "suspected"])
        if len(found.suspects) > LISTED:
            say(f"... and {len(found.suspects) - LISTED:,} more.")
    click.echo(f"\n{found.caution}\n")
    say(f"List:     {found.table}")
    if found.sheet is not None:
        say(f"Pictures: {found.sheet}")
