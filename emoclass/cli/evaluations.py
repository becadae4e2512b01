"""How `emoclass evaluate` prints: tables of a dataset, or of models and datasets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

from emoclass.cli.output import format_value, print_table, printable, say
from emoclass.reporting.formatting import independent
from emoclass.values.evaluation import Breakdown, Evaluation, EvaluationMatrix
from emoclass.values.results import MetricValue

MOST_VALUES = 40
"""Values of an attribute that a table has: a dataset may have thousands of persons."""

MOST_COLUMNS = 3
"""Metrics beside each other in a table of an attribute's values."""


SKIPPED = 5
"""How many skipped images of a reason are named."""


def _print_skipped(result: Evaluation) -> None:
    """Print how many images were skipped, by reason; `--json` lists them all."""
    paths: dict[str, list[str]] = {}
    for each in result.skipped:
        paths.setdefault(each.reason, []).append(each.path)
    for reason, named in paths.items():
        if len(named) == 1:
            say(f"Skipped: {named[0]}: {reason}")
            continue
        shown = ", ".join(named[:SKIPPED]) + (", ..." if len(named) > SKIPPED else "")
        say(f"Skipped: {len(named):,} images: {reason}: {shown}")
    if any(len(named) > SKIPPED for named in paths.values()):
        say("All skipped images: add --json, and see skipped.")


def print_evaluation(source: str, result: Evaluation) -> None:
    """Print all metrics of a model on a dataset."""
    place = f" in {result.root}" if result.root else ""
    which = "all images" if result.split == "all" else f"its {result.split} split"
    say(f"{source} on {result.dataset}{place}: {result.n_samples} images ({which})")
    if result.left_out:
        words = ", ".join(f"{word} {count}" for word, count in sorted(result.left_out.items()))
        say(f"Note: Excluded, as other emotions or by --map: {words}.")
    for note in result.notes:
        say(f"Note: {note}")
    _print_skipped(result)
    click.echo()
    header = ("metric", "value", "95 % interval", "images")
    print_table(list(_rows(result.metrics)), header=header)
    if result.leak_adjusted:
        click.echo(f"\nWithout copies of training or validation images ({result.n_leaked}):\n")
        print_table(list(_rows(result.leak_adjusted)), header=header)
    for name, metric in result.metrics.items():
        if metric.matrix is not None:
            click.echo()
            counts = [[f"{count:g}" for count in row] for row in metric.matrix]
            rows = [(emotion, *row) for emotion, row in zip(result.labels, counts, strict=True)]
            print_table(rows, header=(f"{name} (rows: true class)", *result.labels))
    for breakdown in result.by.values():
        click.echo()
        _print_breakdown(breakdown)


def _rows(metrics: Mapping[str, MetricValue]) -> Iterator[tuple[str, str, str, str]]:
    """Yield one row per value; a per-class metric has one row per emotion."""
    for name, metric in metrics.items():
        if metric.matrix is not None:
            continue
        if not metric.per_class:
            yield name, *format_value(metric)
        for emotion, figure in metric.per_class.items():
            yield f"{name}: {emotion}", *format_value(figure)


def _print_breakdown(found: Breakdown) -> None:
    values = dict(list(found.values.items())[:MOST_VALUES])
    first = next(iter(values.values()))
    columns = [name for name, each in first.metrics.items() if each.matrix is None and not each.per_class]
    columns = columns[:MOST_COLUMNS]
    grouped = any(group.n_groups is not None for group in values.values())
    rows = [
        (
            printable(value), str(group.n_samples), *([str(group.n_groups)] if grouped else []),
            *(_figure(group.metrics[name]) for name in columns),
            f"too small for a conclusion: {group.too_small}" if group.too_small else "",
        )
        for value, group in values.items()
    ]  # fmt: skip
    print_table(rows, header=(found.attribute, "images", *(["groups"] if grouped else []), *columns, ""))
    if len(found.values) > len(values):
        say(f"... and {len(found.values) - len(values)} more values; --json has them all.")
    if found.n_without:
        say(f"{found.n_without} images have no {found.attribute}.")
    say(found.verdict)


def print_matrix(found: EvaluationMatrix, metric: str | None) -> None:
    """Print one metric for all models and datasets: the value with its interval, and below it the sample size."""
    for note in found.notes:
        say(f"Note: {note}")
    for column, dataset in enumerate(found.datasets):  # models mostly skip the same files
        n_skipped = len({each.path for row in found.matrix for each in row[column].skipped})
        if n_skipped:
            say(f"Note: Skipped in {dataset}: {n_skipped} image{'' if n_skipped == 1 else 's'}; --json says why.")
    if any(cell.left_out for row in found.matrix for cell in row):
        click.echo("Note: Some images are excluded, as other emotions or by --map; --json and --report count them.")
    click.echo()
    shown = metric or found.metrics[0]
    rows = []
    for model, row, values in zip(found.models, found.matrix, found.figures(metric), strict=True):
        rows.append((model, *(_figure(value) for value in values)))
        evidence = [
            f"{cell.basis}, n = {value.n_samples}{independent(value)}, {value.split}"
            for cell, value in zip(row, values, strict=True)
        ]
        rows.append(("", *evidence))
        if any(cell.leak_adjusted for cell in row):
            rows.append(("", *(_leak_adjusted(cell, shown) for cell in row)))
    print_table(rows, header=(shown, *found.datasets))
    for model, row in zip(found.models, found.matrix, strict=True):
        for dataset, cell in zip(found.datasets, row, strict=True):
            for breakdown in cell.by.values():
                click.echo(f"\n{model} on {dataset}:")
                _print_breakdown(breakdown)


def _leak_adjusted(cell: Evaluation, metric: str) -> str:
    return f"{_figure(cell.leak_adjusted[metric])} without copies ({cell.n_leaked})" if cell.leak_adjusted else ""


def _figure(value: MetricValue) -> str:
    figure, interval, _ = format_value(value)
    return f"{figure} {interval if value.ci_low is not None else f'({interval})'}"
