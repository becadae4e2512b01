"""How `emoclass predict` prints: a table for people; JSON, JSON lines and CSV for programs. All of them stream."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from collections import Counter
from typing import Any

import click

from emoclass.labels import LabelScheme
from emoclass.results import Prediction, Unreadable

Outcome = Prediction | Unreadable


class Printer:
    """Prints outcomes one at a time.

    Args:
        labels: The emotions that scores may have.
        top: How many of the likeliest emotions to tell; None for the printer's own choice.
    """

    def __init__(self, labels: LabelScheme, top: int | None = None) -> None:
        self.labels = labels
        self.top = top

    def write(self, outcome: Outcome) -> None:
        """Print one outcome."""
        raise NotImplementedError

    def close(self) -> None:
        """Print what stands below all outcomes."""

    def ranked(self, found: Prediction, limit: int | None = None) -> list[tuple[str, float]]:
        """Return the emotions from the likeliest to the least likely, the label first."""
        rows = sorted(found.scores.items(), key=lambda each: (each[0] != found.label, -each[1]))
        return rows[: limit or self.top]

    def document(self, outcome: Outcome) -> dict[str, Any]:
        """Return an outcome as JSON types; `--top` leaves the likeliest emotions, the likeliest first."""
        document = outcome.to_json()
        document["path"] = _text(document["path"])
        if self.top is not None and isinstance(outcome, Prediction):
            document["scores"] = dict(self.ranked(outcome))
        return document


class JsonLines(Printer):
    """A JSON document a line."""

    def write(self, outcome: Outcome) -> None:
        """Print one outcome."""
        click.echo(json.dumps(self.document(outcome), ensure_ascii=False))


class JsonList(Printer):
    """One JSON list, an entry a line."""

    _begun = False

    def write(self, outcome: Outcome) -> None:
        """Print one outcome."""
        click.echo(",\n  " if self._begun else "[\n  ", nl=False)
        click.echo(json.dumps(self.document(outcome), ensure_ascii=False), nl=False)
        self._begun = True

    def close(self) -> None:
        """End the list."""
        click.echo("\n]")


class Csv(Printer):
    """Comma-separated values: a column an emotion, with six digits; the emotions that `--top` leaves out are empty."""

    def __init__(self, labels: LabelScheme, top: int | None = None) -> None:
        super().__init__(labels, top)
        self._row(["path", "label", "probability", *labels.emotions, "error"])

    def write(self, outcome: Outcome) -> None:
        """Print one outcome."""
        path = _text(outcome.path)
        if isinstance(outcome, Unreadable):
            self._row([path, "", "", *("" for _ in self.labels.emotions), outcome.reason])
            return
        scores = {emotion: f"{score:.6g}" for emotion, score in self.ranked(outcome)}
        values = [scores.get(emotion, "") for emotion in self.labels.emotions]
        self._row([path, outcome.label, f"{outcome.probability:.6g}", *values, ""])

    def _row(self, cells: list[str | None]) -> None:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(cells)
        click.echo(line.getvalue(), nl=False)


class Table(Printer):
    """A line an image, as wide as the terminal; a single image gets a line an emotion instead.

    Args:
        labels: The emotions that scores may have.
        top: How many of the likeliest emotions to tell, the label among them; None for three.
        longest: Characters of the longest path.
        single: Whether there is only one image.
    """

    def __init__(self, labels: LabelScheme, top: int | None = None, *, longest: int, single: bool) -> None:
        super().__init__(labels, top)
        self._single = single
        self._emotion = max(map(len, ("emotion", *labels.emotions)))
        self._bars = (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf")
        self._told = min(len(labels), top or 3)
        beside = self._emotion + 2 + 5 + 2 + (12 if self._bars else 0) + (self._told - 1) * (self._emotion + 8)
        self._path = max(longest, len("image"))
        self._width = shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else None
        if self._width is not None:
            self._path = min(self._path, max(16, self._width - beside))
        self._counts: Counter[str] = Counter()
        if not single:
            cells = ["image".ljust(self._path), "emotion".ljust(self._emotion), "score"]
            cells += ["          "] if self._bars else []
            click.secho("  ".join([*cells, "others" if self._told > 1 else ""]).rstrip(), bold=True)

    def write(self, outcome: Outcome) -> None:
        """Print one outcome."""
        path = printable(outcome.path or "")
        if isinstance(outcome, Unreadable):
            self._counts["not read"] += 1
            click.echo(f"{self._fitted(path)}  {click.style('not read', fg='red')}: {printable(outcome.reason)}")
            return
        self._counts[outcome.label] += 1
        if self._single:
            self._write_single(path, outcome)
            return
        (label, score), *others = self.ranked(outcome, self._told)
        cells = [self._fitted(path), click.style(label.ljust(self._emotion), bold=True), f"{score:.3f}"]
        cells += [_bar(score, 10)] if self._bars else []
        cells += [click.style("  ".join(f"{emotion} {value:.3f}" for emotion, value in others), dim=True)]
        click.echo("  ".join(cells).rstrip())

    def close(self) -> None:
        """Count what was found."""
        if not self._single and self._counts:
            total = sum(self._counts.values())
            order = [*self.labels.emotions, "not read"]
            counts = ", ".join(f"{self._counts[word]} {word}" for word in order if self._counts[word])
            click.echo(f"\n{total} image{'s' if total != 1 else ''}: {counts}")

    def _write_single(self, path: str, found: Prediction) -> None:
        click.echo(f"{path}: {click.style(found.label, bold=True)}\n")
        for emotion, score in self.ranked(found):
            bar = f"  {_bar(score, 40)}" if self._bars else ""
            click.echo(f"{emotion.ljust(self._emotion)}  {score:.3f}{bar}".rstrip())

    def _fitted(self, path: str) -> str:
        """Shorten a path at its beginning, where it says least, for a terminal; elsewhere leave it whole."""
        if self._width is not None and len(path) > self._path:
            path = ("…" if self._bars else "~") + path[len(path) - self._path + 1 :]
        return path.ljust(self._path)


def _bar(share: float, width: int) -> str:
    """Return a bar of blocks, to an eighth of a block."""
    eighths = round(share * width * 8)
    return ("█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()).ljust(width)


def _text(path: str | None) -> str | None:
    """Return a path that can be encoded: names on disk may hold bytes that are no text."""
    return None if path is None else path.encode("utf-8", "backslashreplace").decode()


def printable(text: str) -> str:
    """Return a text that cannot command the terminal."""
    return "".join(each if each.isprintable() else "?" for each in text)
