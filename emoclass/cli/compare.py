"""`emoclass compare`: finished runs side by side, and whether they differ by more than chance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from emoclass.cli.output import format_value, json_option, print_json, print_table, say
from emoclass.errors import ConfigError

if TYPE_CHECKING:
    from emoclass.evaluation.comparison import ComparisonTable
    from emoclass.values.results import MetricValue

# Click keeps the lines of a paragraph that begins with a backspace character.
HELP = """Compare finished runs, and test whether each differs significantly from the first.

All runs must have the same test images. Nothing is trained or predicted again.

\b
emoclass compare runs/20260102-030405-happysad runs/20260102-040506-happysad
emoclass compare runs/short runs/long runs/longer --plot comparison.png
"""


@click.command(help=HELP)
@click.argument("runs", nargs=-1, required=True)
@click.option("--plot", metavar="FILE.png", help="Save a plot of the comparison.")
@click.option("--resamples", type=click.IntRange(min=100), default=10_000, show_default=True, metavar="N",
              help="Bootstrap resamples for the intervals of the differences.")  # fmt: skip
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Random seed for the bootstrap.",
)
@json_option
def compare(runs: tuple[str, ...], plot: str | None, resamples: int, seed: int, as_json: bool) -> None:
    """Compare, draw where asked to, and print a table."""
    if plot is not None and Path(plot).suffix.lower() != ".png":
        raise ConfigError(f"--plot {plot}: expected the name of a PNG file.", hint="For example --plot comparison.png.")
    from emoclass.workflows.compare import compare as compare_runs

    found = compare_runs(runs, resamples=resamples, seed=seed)
    if plot is not None:
        found.write_plot(Path(plot).expanduser())
    if as_json:
        print_json(found.to_json())
        return
    _print(found)
    if plot is not None:
        say(f"Plot: {plot}")


def _print(found: ComparisonTable) -> None:
    from emoclass.evaluation.comparison import format_p

    first = found.runs[0]
    metrics = list(first.metrics)
    say(f"{len(found.runs)} runs on the same {found.n_samples} test images; {', '.join(found.labels)}")
    for note in found.notes:
        say(f"Note: {note}")
    click.echo()
    rows = [(run.name, *(_figure(run.metrics[name]) for name in metrics)) for run in found.runs]
    print_table(rows, header=("run", *metrics))
    click.echo()
    say(f"Difference from {first.name}, in percentage points:")
    several = len(found.differences) > 1
    print_table(
        [
            (each.name, _points(each.accuracy), _points(each.macro_f1), str(each.only_run), str(each.only_reference),
             format_p(each.p_value), *([format_p(each.p_adjusted)] if several else []))
            for each in found.differences
        ],
        header=("run", "accuracy", "macro F1", "only this run correct", "only the first correct", "p-value",
                *(["corrected"] if several else [])),
    )  # fmt: skip
    click.echo()
    for each in found.differences:
        say(each.verdict)


def _figure(value: MetricValue) -> str:
    figure, interval, _ = format_value(value)
    return f"{figure} {interval if value.ci_low is not None else f'({interval})'}  n = {value.n_samples}"


def _points(value: MetricValue) -> str:
    if value.value is None or value.ci_low is None or value.ci_high is None:
        return f"{100 * (value.value or 0):+.1f} ({value.reason})"
    return f"{100 * value.value:+.1f} [{100 * value.ci_low:+.1f}, {100 * value.ci_high:+.1f}]"
