"""What several commands share: options, and how they print.

Tables for people, one JSON document for programs. Lines are never wrapped.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import click

from emoclass.errors import ConfigError
from emoclass.reporting.formatting import independent
from emoclass.values.results import MetricValue
from emoclass.values.text import printable as printable

_CONTROLS = re.compile(r"[\x7f-\x9f]")
"""Control codes that JSON allows in a text as they are."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")


data_option = click.option(
    "--data-option",
    "data_options",
    metavar="NAME=VALUE",
    multiple=True,
    help="An option of the dataset, such as group='(S\\d+)_' of 'folder' and 'table', or label=COLUMN of 'table'. "
    "'emoclass datasets show NAME' lists them. May be repeated.",
)


def print_json(document: Any) -> None:
    """Print a JSON document on stdout."""
    click.echo(to_json(document, indent=2))


def to_json(document: Any, indent: int | None = None) -> str:
    """Return a JSON document as text that stdout can encode."""
    text = json.dumps(document, indent=indent, ensure_ascii=not prints_unicode())
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def prints_unicode() -> bool:
    """Return whether stdout can encode all characters."""
    return (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf")


def say(text: str, *, err: bool = False) -> None:
    """Print one line that may hold names of files or other strange text."""
    click.echo(printable(text), err=err)


def print_note(message: str) -> None:
    """Tell on stderr what a reader of the output must know."""
    click.echo(f"{click.style('Note:', fg='yellow', bold=True)} {printable(message)}", err=True)


def width(text: str) -> int:
    """Return how many columns a printable text takes on a terminal; joined emojis are counted one by one.

    Example:
        >>> width("anna"), width("安娜")
        (4, 4)
    """
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.category(each) in ("Mn", "Me", "Cf") else 1 + (unicodedata.east_asian_width(each) in "FW")
        for each in text
    )


def print_table(rows: Sequence[Sequence[str]], *, header: Sequence[str] = ()) -> None:
    """Print rows as aligned columns, one line a row; `header` is set apart."""
    lines = [list(map(printable, row)) for row in ([header, *rows] if header else rows)]
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
    evidence = f"n = {value.n_samples}{independent(value)}, {value.split}"
    if value.value is None:
        return "undefined", value.reason or "", evidence
    if value.ci_low is None or value.ci_high is None:
        return f"{value.value:.3f}", value.reason or "no interval", evidence
    return f"{value.value:.3f}", f"[{value.ci_low:.3f}, {value.ci_high:.3f}]", evidence


def parse_data_options(given: tuple[str, ...]) -> dict[str, Any]:
    """Return what `--data-option NAME=VALUE` says, each time it was given.

    A value is a number, a truth value, a quoted text or a list where it is written as TOML writes one, else a text.

    Example:
        >>> parse_data_options(("peak_frames=2", "label=mood", "group=([A-Z]+)_"))
        {'peak_frames': 2, 'label': 'mood', 'group': '([A-Z]+)_'}
    """
    parsed: dict[str, Any] = {}
    for each in given:
        name, separator, value = each.partition("=")
        if not (name.strip() and separator and value):
            raise ConfigError(f"--data-option {each}: expected NAME=VALUE.", hint="For example label=mood.")
        if name.strip() in parsed:
            raise ConfigError(f"--data-option {name}: expected one value, got two.")
        parsed[name.strip()] = _value(value)
    return parsed


def _value(text: str) -> Any:
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    return value if isinstance(value, bool | int | float | str | list) else text


def parse_maps(maps: tuple[str, ...]) -> dict[str, str]:
    """Return what `--map WORD=EMOTION` says, each time it was given."""
    parsed: dict[str, str] = {}
    for each in maps:
        word, separator, emotion = each.partition("=")
        if not (word and separator and emotion):
            raise ConfigError(f"--map {each}: expected WORD=EMOTION.", hint="For example --map smile=happy.")
        if parsed.setdefault(word, emotion) != emotion:
            raise ConfigError(f"--map {word}: expected one emotion, got {parsed[word]} and {emotion}.")
    return parsed
