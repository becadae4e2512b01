"""`emoclass evaluate`: what a trained model is worth on other datasets."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

import click

from emoclass.cli.native import native_messages_aside
from emoclass.cli.output import format_value, json_option, parse_maps, print_json, print_table
from emoclass.errors import ConfigError

if TYPE_CHECKING:
    from emoclass.results import Evaluation, MetricValue
    from emoclass.specs import SplitName

# Click keeps the lines of a paragraph that begins with a backspace character.
HELP = """Measure a trained model on other datasets, on those of its emotions that each of them shows.

SOURCE is a run folder, a bundle, or the name of a plugin that brings a trained model; a path that exists wins over a
name. The model chooses among all of its emotions, also among those that a dataset does not show.

\b
emoclass evaluate runs/20260102-030405-happysad --on folder=photos/
emoclass evaluate happy-model --on folder=faces/ --on synthetic-faces --json
"""


@click.command(help=HELP)
@click.argument("source")
@click.option("--on", "pairs", metavar="NAME=ROOT", multiple=True, required=True,
              help="A dataset and its folder, such as folder=photos/; NAME alone for a dataset that takes no folder. "
              "May be repeated.")  # fmt: skip
@click.option("--metrics", metavar="A,B,...", help="Compute these; by default those that were measured when the model "
              "was trained, or else the built-in ones.")  # fmt: skip
@click.option("--split", type=click.Choice(["train", "validation", "test"]),
              help="Only this one of the datasets' official splits; by default all images.")  # fmt: skip
@click.option("--map", "maps", metavar="WORD=EMOTION", multiple=True,
              help="Read a class as an emotion, or leave it out with WORD=ignore. May be repeated.")  # fmt: skip
@click.option("--resamples", type=click.IntRange(min=0), default=1000, show_default=True, metavar="N",
              help="Resamples behind a bootstrap interval; 0 leaves these intervals out.")  # fmt: skip
@click.option("--no-audit", is_flag=True, help="Do not look for images that the model was trained on.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N", help="Of the bootstrap.")
@click.option("--threads", type=click.IntRange(1, 256), metavar="N", help="Processor threads; all by default.")
@json_option
@click.option("--quiet", is_flag=True, help="Say nothing while working.")
def evaluate(
    source: str, pairs: tuple[str, ...], metrics: str | None, split: SplitName | None, maps: tuple[str, ...],
    resamples: int, no_audit: bool, seed: int, threads: int | None, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Evaluate, and print a table a dataset."""
    on = [_parse_pair(pair) for pair in pairs]
    named = None if metrics is None else [name.strip() for name in metrics.split(",")]
    mapping = parse_maps(maps)
    try:
        with redirect_stdout(sys.stderr):  # what a plugin prints is no result
            with native_messages_aside():
                from emoclass import assess
                from emoclass.cli.progress import TerminalProgress
                from emoclass.inference.load import load
                from emoclass.progress import Progress
                from emoclass.registry import Registry

                registry = Registry.discover()
                classifier = load(source, registry=registry, threads=threads)
            results = assess.evaluate(
                classifier,
                on,
                metrics=named,
                split=split,
                map=mapping,
                seed=seed,
                resamples=resamples,
                audit=not no_audit,
                registry=registry,
                threads=threads,
                progress=Progress() if quiet else TerminalProgress(),
            )
    except KeyboardInterrupt:
        click.echo("\nInterrupted.", err=True)
        sys.exit(130)
    if as_json:
        print_json({"model": source, "results": [result.to_json() for result in results]})
        return
    for number, result in enumerate(results):
        if number:
            click.echo()
        _print(source, result)


def _parse_pair(pair: str) -> tuple[str, str | None]:
    name, separator, root = pair.partition("=")
    if not name or (separator and not root):
        raise ConfigError(f"--on {pair}: expected NAME=ROOT, or NAME.", hint="For example --on folder=photos/.")
    return name, root or None


def _print(source: str, result: Evaluation) -> None:
    place = f" in {result.root}" if result.root else ""
    which = "all images" if result.split == "all" else f"its {result.split} split"
    click.echo(f"{source} on {result.dataset}{place}: {result.n_samples} images ({which})")
    if result.left_out:
        words = ", ".join(f"{word} {count}" for word, count in sorted(result.left_out.items()))
        click.echo(f"Note: Left out, since they are none of the model's emotions: {words}.")
    for note in result.notes:
        click.echo(f"Note: {note}")
    for skipped in result.skipped:
        click.echo(f"Skipped: {skipped.path}: {skipped.reason}")
    click.echo()
    header = ("metric", "value", "95 % interval", "images")
    print_table(list(_rows(result.metrics)), header=header)
    if result.leak_adjusted:
        click.echo(f"\nWithout the {result.n_leaked} images that are copies of training or validation images:\n")
        print_table(list(_rows(result.leak_adjusted)), header=header)
    for name, metric in result.metrics.items():
        if metric.matrix is not None:
            click.echo()
            counts = [[f"{count:g}" for count in row] for row in metric.matrix]
            rows = [(emotion, *row) for emotion, row in zip(result.labels, counts, strict=True)]
            print_table(rows, header=(f"{name} (rows: true class)", *result.labels))


def _rows(metrics: Mapping[str, MetricValue]) -> Iterator[tuple[str, str, str, str]]:
    """Yield a line for each figure; a metric that has one for each emotion takes a line an emotion."""
    for name, metric in metrics.items():
        if metric.matrix is not None:
            continue
        if not metric.per_class:
            yield name, *format_value(metric)
        for emotion, figure in metric.per_class.items():
            yield f"{name}: {emotion}", *format_value(figure)
