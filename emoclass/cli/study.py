"""How the result of several runs is printed."""

from __future__ import annotations

import click

from emoclass.cli.output import format_value, print_table, say
from emoclass.values.study import StudyRecord


def print_study(result: StudyRecord) -> None:
    """Print the headline metrics of each run, their spread, and for folds the pooled metrics."""
    n_tested = sum(run.n_samples.get("test", 0) for run in result.parts.values())
    labels = ", ".join(f"{number} = {emotion}" for number, emotion in enumerate(result.labels))
    of_images = f" of {n_tested} images" if result.kind == "folds" else ""
    say(f"{result.recipe}: {len(result.parts)} {result.kind}{of_images}; {labels}")
    for note in result.notes:
        say(f"Note: {note}")
    names = [name for name in result.headline if name in result.spread]
    rows = [
        [part, *(_figure(run.metrics[name].value) for name in names), str(run.n_samples.get("test", 0))]
        for part, run in result.parts.items()
    ]
    for title, field in (("mean", "mean"), ("std. dev.", "sd"), ("minimum", "minimum"), ("maximum", "maximum")):
        rows.append([title, *(_figure(getattr(result.spread[name], field), "-") for name in names), ""])
    print_table(rows, header=["", *names, "test images"])
    for name in result.headline:
        n = result.spread[name].n if name in result.spread else 0
        if n < len(result.parts):
            say(f"{name}: defined in {n} of {len(result.parts)} {result.kind}{' only' if n else ''}")
    say(result.caution)
    if result.pooled:
        click.echo("Pooled over the folds (each image predicted once, by the model that did not train on it):")
        print_table([(name, *format_value(result.pooled[name])) for name in result.headline])
    say(f"Report: {result.folder / 'report.html'}")


def _figure(value: float | None, absent: str = "undefined") -> str:
    return absent if value is None else f"{value:.3f}"
