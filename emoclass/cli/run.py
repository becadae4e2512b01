"""`emoclass run`: train and measure what a plugin's recipe describes."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emoclass.cli.cropping import crop_options, take_crop
from emoclass.cli.output import (
    data_option,
    format_value,
    json_option,
    parse_data_options,
    parse_maps,
    print_json,
    print_table,
    say,
)
from emoclass.errors import ConfigError

if TYPE_CHECKING:
    from emoclass.workflows.run import RunResult


# Click keeps the lines of a paragraph that begins with a backspace character.
HELP = """Train a model, evaluate it on held-out images, and write a run folder with a report.

\b
emoclass run --plugin happysad                  on synthetic faces, no data needed
emoclass run --plugin happysad --data photos/   on your images in photos/happy/ and photos/sad/
emoclass run --plugin happysad --data labels.csv    on the images that a table names
emoclass run --plugin happysad --folds 5        5-fold cross-validation
"""


@click.command(help=HELP)
@click.option(
    "--plugin", metavar="NAME", help="An installed plugin, or the path of a one-file plugin (./my_plugin.py)."
)
@click.option(
    "--data",
    metavar="DIR|TABLE",
    help="The folder with the images: one subfolder per emotion, unless the dataset has a layout of its own. Or a "
    "table: a CSV, TSV, JSON lines or Parquet file.",
)
@click.option("--dataset", metavar="NAME", help="Use this dataset instead of the recipe's.")
@click.option("--model", metavar="NAME", help="Use this model instead of the recipe's.")
@click.option("--from", "start", metavar="SOURCE", help="Fine-tune a trained model instead of starting from random "
              "initial weights: what 'emoclass predict' takes (the folder of a run or a bundle, or the name of a "
              "plugin with a pretrained model, such as faces or faces:faces:fast); or 'pretrained' or "
              "'pretrained:NAME' for a model that the plugin of the run includes.")  # fmt: skip
@click.option("--recipe", metavar="NAME", help="The recipe (experiment) to run, if the plugin has several.")
@click.option("--labels", metavar="A,B,...", help="The emotions, in class order, or a named set of them: happysad, "
              "basic5, ekman6, fer7, affectnet8.")  # fmt: skip
@click.option("--map", "maps", metavar="WORD=EMOTION", multiple=True,
              help="Read a class folder as an emotion, or leave it out with WORD=ignore. May be repeated.")  # fmt: skip
@data_option
@crop_options
@click.option("--epochs", type=int, metavar="N", help="Number of training epochs.")
@click.option("--batch-size", type=int, metavar="N", help="Images per training step.")
@click.option(
    "--class-weights", type=click.Choice(["balanced"]), help="Give rare emotions a larger weight in the loss."
)
@click.option("--exclude", metavar="FILE", help="Exclude the images listed in FILE, one path per line; 'emoclass "
              "audit --write-clean FILE.txt' writes such a list.")  # fmt: skip
@click.option("--audit/--no-audit", default=None, help="Find duplicate images first, and keep them on the same side "
              "of the split. On by default.")  # fmt: skip
@click.option("--threads", type=int, metavar="N", help="Number of CPU threads; all by default.")
@click.option("--seed", type=int, metavar="N", help="Random seed for the split, the initial weights and shuffling.")
@click.option(
    "--folds", type=int, metavar="K", help="K-fold cross-validation: train K models, and test each image once."
)
@click.option("--seeds", metavar="A,B,...", help="Repeat the run with each seed, and report the spread of the metrics.")
@click.option(
    "--out", metavar="DIR", default="runs", show_default=True, help="The folder in which the run folder is created."
)
@click.option("--config", metavar="FILE.toml", help="A configuration file; options on the command line override it.")
@click.option(
    "--resume",
    metavar="FOLDER",
    help="Resume the interrupted run, cross-validation or repeated runs in FOLDER. Cannot be combined with settings; "
    "a one-file plugin has to be named with --plugin.",
)
@json_option
@click.option("--quiet", is_flag=True, help="Show no progress.")
@click.pass_context
def run(
    ctx: click.Context,
    /,
    resume: str | None,
    folds: int | None,
    seeds: str | None,
    maps: tuple[str, ...],
    data_options: tuple[str, ...],
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Run, or resume, and print the result."""
    if resume is not None:
        _refuse_settings(ctx)
    if folds is not None and seeds is not None:
        raise ConfigError("--folds: expected either --folds or --seeds, got both.", hint="Leave one of them out.")
    chosen = None if seeds is None else _parse_seeds(seeds)
    from emoclass.cli.interrupts import insisting
    from emoclass.cli.progress import TerminalProgress
    from emoclass.cli.study import print_study
    from emoclass.progress import Progress
    from emoclass.reporting.folders.run import resume_command
    from emoclass.reporting.folders.study import is_study
    from emoclass.workflows.cross_validate import StudyResult, cross_validate, repeat, resume_study
    from emoclass.workflows.run import resume as resume_run
    from emoclass.workflows.run import run as run_once

    progress = Progress() if quiet else TerminalProgress()
    options |= {
        "map": parse_maps(maps), "data_options": parse_data_options(data_options), "crop": take_crop(options)
    }  # fmt: skip
    result: RunResult | StudyResult
    try:
        with insisting(progress), redirect_stdout(sys.stderr):  # what a plugin prints is no result
            if resume is not None:
                go_on = resume_study if is_study(Path(resume)) else resume_run
                result = go_on(Path(resume), plugin=options["plugin"], progress=progress)
            elif folds is not None:
                result = cross_validate(folds=folds, progress=progress, **options)
            elif chosen is not None:
                result = repeat(seeds=chosen, progress=progress, **options)
            else:
                result = run_once(progress=progress, **options)
    except KeyboardInterrupt:
        folder = Path(resume) if resume else progress.folder
        click.echo("\nInterrupted.", err=True)
        if folder is not None:
            say(f"Continue with: {resume_command(folder)}", err=True)
        sys.exit(130)
    if as_json:
        print_json(result.to_json())
    elif isinstance(result, StudyResult):
        print_study(result)
    else:
        _print_result(result)


def _parse_seeds(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(each) for each in text.split(","))
    except ValueError:
        raise ConfigError(
            f"--seeds {text}: expected whole numbers, separated by commas.", hint="For example --seeds 0,1,2"
        ) from None


def _refuse_settings(ctx: click.Context) -> None:
    given = [
        parameter.opts[0]
        for parameter in ctx.command.params
        if parameter.name not in ("resume", "plugin", "as_json", "quiet", None)
        and ctx.get_parameter_source(str(parameter.name)) == click.core.ParameterSource.COMMANDLINE
    ]
    if given:
        raise ConfigError(
            f"--resume: uses the settings of the run, got {', '.join(given)} as well.",
            hint="Leave these out, or start a new run.",
        )


def _print_result(result: RunResult) -> None:
    counts = ", ".join(f"{count} {side}" for side, count in result.n_samples.items())
    labels = ", ".join(f"{number} = {emotion}" for number, emotion in enumerate(result.labels))
    say(f"{result.plugin}: {counts} images; {labels}")
    for note in result.notes:
        say(f"Note: {note}")
    print_table([(name, *format_value(result.metrics[name])) for name in result.headline])
    if result.leak_adjusted:
        say(f"Without copies of training or validation images ({result.n_leaked}):")
        print_table([(name, *format_value(result.leak_adjusted[name])) for name in result.headline])
    say(f"Report: {result.folder / 'report.html'}")
