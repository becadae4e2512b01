"""What several commands share: options, and how they print.

Tables for people, one JSON document for programs. Lines are never wrapped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

from emoclass.errors import ConfigError
from emoclass.results import MetricValue

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document, and nothing else.")


def print_json(document: Any) -> None:
    """Print a JSON document on stdout."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def print_table(rows: Sequence[Sequence[str]], *, header: Sequence[str] = ()) -> None:
    """Print rows as aligned columns, one line a row; `header` is set apart."""
    lines = [list(header), *map(list, rows)] if header else [list(row) for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))] if lines else []
    for number, line in enumerate(lines):
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        click.echo(click.style(text, bold=True) if header and number == 0 else text)


def print_fields(fields: Mapping[str, str | None]) -> None:
    """Print names and values, one a line; what has no value is left out."""
    print_table([(f"{name}:", value) for name, value in fields.items() if value])


def format_value(value: MetricValue) -> tuple[str, str, str]:
    """Return a metric's value, interval and evidence as text.

    Example:
        >>> format_value(MetricValue(value=0.75, ci_low=0.579, ci_high=0.867, n_samples=32))
        ('0.750', '[0.579, 0.867]', 'n = 32, test')
    """
    evidence = f"n = {value.n_samples}, {value.split}"
    if value.value is None:
        return "undefined", value.reason or "", evidence
    if value.ci_low is None or value.ci_high is None:
        return f"{value.value:.3f}", value.reason or "no interval", evidence
    return f"{value.value:.3f}", f"[{value.ci_low:.3f}, {value.ci_high:.3f}]", evidence


def parse_maps(maps: tuple[str, ...]) -> dict[str, str]:
    """Return what `--map WORD=EMOTION` says, each time it was given."""
    parsed = {}
    for each in maps:
        word, separator, emotion = each.partition("=")
        if not (word and separator and emotion):
            raise ConfigError(f"--map {each}: expected WORD=EMOTION.", hint="For example --map smile=happy.")
        parsed[word] = emotion
    return parsed
