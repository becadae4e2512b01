"""How `emoclass predict` prints: a table for people; JSON, JSON lines and CSV for programs. All of them stream."""

from __future__ import annotations

import csv
import io
import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import click

from emoclass.cli.output import printable, prints_unicode, to_json, width
from emoclass.values.cells import to_cells
from emoclass.values.labels import LabelScheme
from emoclass.values.results import PictureFaces, Prediction, Unreadable

Outcome = Prediction | PictureFaces | Unreadable

MOST_PATH = 100
"""Columns that a path gets in a file: one endless name shall not push all the others' emotions away."""

LEAST_PATH = 16
"""Columns that a path gets on a narrow terminal, before the emotions beside the likeliest."""


class Printer:
    """Prints outcomes one at a time.

    Args:
        labels: The emotions that scores may have.
        top: How many of the likeliest emotions to tell; None for the printer's own choice.
    """

    has_frame = False
    """Whether a program expects the beginning and the end even of nothing: of a list, or the names of columns."""

    def __init__(self, labels: LabelScheme, top: int | None = None) -> None:
        self.labels = labels
        self.top = top
        self._begun = False

    def write(self, outcome: Outcome) -> None:
        """Print one outcome."""
        if not self._begun:
            self._begin()
        self._write(outcome, is_first=not self._begun)
        self._begun = True

    def close(self) -> None:
        """Print what stands below all outcomes; to be called after an error too, so that a document has its end."""
        if self.has_frame and not self._begun:
            self._begin()
        if self.has_frame or self._begun:
            self._end()

    def _begin(self) -> None:
        """Print what stands above all outcomes."""

    def _write(self, outcome: Outcome, *, is_first: bool) -> None:
        raise NotImplementedError

    def _end(self) -> None:
        pass

    def ranked(self, found: Prediction, limit: int | None = None) -> list[tuple[str, float]]:
        """Return the emotions from the likeliest to the least likely, the label first."""
        rows = sorted(found.scores.items(), key=lambda each: (each[0] != found.label, -each[1]))
        return rows[: limit or self.top]

    def document(self, outcome: Outcome) -> dict[str, Any]:
        """Return an outcome as JSON types; `--top` leaves the likeliest emotions, the likeliest first."""
        document = outcome.to_json()
        document["path"] = _text(document["path"])
        if self.top is None or isinstance(outcome, Unreadable):
            return document
        if isinstance(outcome, Prediction):
            document["scores"] = dict(self.ranked(outcome))
            return document
        for face, shown in zip(outcome.faces, document["faces"], strict=True):
            shown["scores"] = dict(self.ranked(face))
        if "scores" in document:
            document["scores"] = dict(self.ranked(outcome.faces[0]))
        return document


class JsonLines(Printer):
    """A JSON document a line."""

    def _write(self, outcome: Outcome, *, is_first: bool) -> None:
        click.echo(to_json(self.document(outcome)))


class JsonList(Printer):
    """One JSON list, an entry a line."""

    has_frame = True

    def _begin(self) -> None:
        click.echo("[", nl=False)

    def _write(self, outcome: Outcome, *, is_first: bool) -> None:
        click.echo(("\n  " if is_first else ",\n  ") + to_json(self.document(outcome)), nl=False)

    def _end(self) -> None:
        click.echo("\n]")


class Csv(Printer):
    """Comma-separated values: a column an emotion, with six digits; the emotions that `--top` leaves out are empty."""

    has_frame = True

    def _begin(self) -> None:
        self._row(self._columns())

    def _columns(self) -> list[str]:
        return ["path", "label", "probability", *self.labels.emotions, "error"]

    def _write(self, outcome: Outcome, *, is_first: bool) -> None:
        assert not isinstance(outcome, PictureFaces)  # these are written by `FaceCsv`
        self._row(self._cells(outcome))

    def _cells(self, outcome: Prediction | Unreadable) -> list[str]:
        path = printable(outcome.path or "")
        if isinstance(outcome, Unreadable):
            return [path, "", "", *("" for _ in self.labels.emotions), printable(outcome.reason)]
        scores = {emotion: f"{score:.6g}" for emotion, score in self.ranked(outcome)}
        values = [scores.get(emotion, "") for emotion in self.labels.emotions]
        return [path, outcome.label, f"{outcome.probability:.6g}", *values, ""]

    def _row(self, cells: list[str]) -> None:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(to_cells(cells))
        click.echo(line.getvalue(), nl=False)


class Table(Printer):
    """A line an image, as wide as the terminal; a single image gets a line an emotion instead.

    Args:
        labels: The emotions that scores may have.
        top: How many of the likeliest emotions to tell, the label among them; None for three.
        longest: Columns that the longest path takes.
        single: Whether there is only one image.
    """

    def __init__(self, labels: LabelScheme, top: int | None = None, *, longest: int, single: bool) -> None:
        super().__init__(labels, top)
        self._single = single
        self._emotion = max(len("emotion") if not single else 0, *map(len, labels.emotions))
        self._bar = 10 if prints_unicode() else 0
        self._told = min(len(labels), top or 3)
        self._terminal = shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else None
        self._fit(longest)
        self._counts: Counter[str] = Counter()

    def _fit(self, longest: int) -> None:
        """Choose the columns, so that a path and the emotion fit a terminal."""
        self._path = max(min(longest, MOST_PATH), len("image"))
        if self._terminal is None:
            return
        least = min(self._path, LEAST_PATH)
        while self.top is None and self._told > 1 and self._terminal - self._beside() < least:
            self._told -= 1
        if self._terminal - self._beside() < least:
            self._bar = 0
        self._path = min(self._path, max(LEAST_PATH, self._terminal - self._beside()))

    def _beside(self) -> int:
        """Return how many columns stand beside the path."""
        bar = self._bar + 2 if self._bar else 0
        return 2 + self._emotion + 2 + 5 + bar + (self._told - 1) * (self._emotion + 8)

    def _begin(self) -> None:
        if not self._single:
            cells = ["image".ljust(self._path), *self._header(), "emotion".ljust(self._emotion), "score"]
            cells += [" " * self._bar] if self._bar else []
            click.secho("  ".join([*cells, "others" if self._told > 1 else ""]).rstrip(), bold=True)

    def _header(self) -> list[str]:
        """Return the names of further columns, each as wide as its column."""
        return []

    def _write(self, outcome: Outcome, *, is_first: bool) -> None:
        assert not isinstance(outcome, PictureFaces)  # these are written by `FaceTable`
        path = printable(outcome.path or "")
        if isinstance(outcome, Unreadable):
            self._counts["not read"] += 1
            path = path if self._single else self._fitted(path)
            click.echo(f"{path}  {click.style('not read', fg='red')}: {printable(outcome.reason)}")
            return
        self._counts[outcome.label] += 1
        if self._single:
            self._write_single(path, outcome)
        else:
            self._write_row(path, outcome)

    def _write_row(self, path: str, outcome: Prediction, further: Sequence[str] = ()) -> None:
        (label, score), *others = self.ranked(outcome, self._told)
        cells = [self._fitted(path), *further, click.style(label.ljust(self._emotion), bold=True), f"{score:.3f}"]
        cells += [_bar(score, self._bar)] if self._bar else []
        cells += [click.style("  ".join(f"{emotion} {value:.3f}" for emotion, value in others), dim=True)][
            : len(others)
        ]
        click.echo("  ".join(cells).rstrip())

    def _end(self) -> None:
        if not self._single:
            total = sum(self._counts.values())
            order = [*self.labels.emotions, "not read"]
            counts = ", ".join(f"{self._counts[word]} {word}" for word in order if self._counts[word])
            click.echo(f"\n{total} image{'s' if total != 1 else ''}: {counts}")

    def _write_single(self, path: str, found: Prediction) -> None:
        click.echo(f"{path}: {click.style(found.label, bold=True)}\n")
        room = (self._terminal or 100) - self._emotion - 9
        for emotion, score in self.ranked(found):
            bar = f"  {_bar(score, max(0, min(40, room)))}" if self._bar else ""
            click.echo(f"{emotion.ljust(self._emotion)}  {score:.3f}{bar}".rstrip())

    def _fitted(self, path: str) -> str:
        """Shorten a path at its beginning, where it says least, for a terminal; elsewhere leave it whole."""
        if self._terminal is not None and width(path) > self._path:
            while width(path) >= self._path:
                path = path[1:]
            path = ("…" if prints_unicode() else "~") + path
        return path + " " * (self._path - width(path))


def _bar(share: float, columns: int) -> str:
    """Return a bar of blocks, to an eighth of a block."""
    eighths = round(share * columns * 8)
    return ("█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()).ljust(columns)


def _text(path: str | None) -> str | None:
    """Return a path that can be encoded: names on disk may hold bytes that are no text."""
    return None if path is None else path.encode("utf-8", "backslashreplace").decode()
