"""Progress on stderr: a bar on a terminal, a plain line an item elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import click

from emoclass.cli.output import printable, say
from emoclass.progress import Progress

T = TypeVar("T")

_SINGULAR = {"images": "image", "batches": "batch", "metrics": "metric"}


class TerminalProgress(Progress):
    """Shows decoding, epochs and evaluation as they go."""

    def __init__(self) -> None:
        self._drawing = sys.stderr.isatty()
        self._drawn = 0.0

    def started(self, folder: Path) -> None:
        """Print the path of the run folder."""
        super().started(folder)
        say(f"Run folder: {folder}", err=True)

    def note(self, message: str) -> None:
        """Print a note that matters for reading the results."""
        click.echo(f"{click.style('Note:', fg='yellow', bold=True)} {printable(message)}", err=True)

    def stage(self, title: str) -> None:
        """Name the step that began, where nothing else will show it."""
        if title == "training":
            click.echo("Starting Keras, which takes a few seconds", err=True)

    def track(self, items: Iterable[T], *, title: str, total: int, unit: str = "images") -> Iterator[T]:
        """Draw a bar on a terminal; elsewhere say what begins."""
        if not self._drawing:
            say(f"{title} {total} {_SINGULAR.get(unit, unit) if total == 1 else unit}", err=True)
            yield from items
            return
        with click.progressbar(items, length=total, label=title.ljust(10), file=sys.stderr, show_pos=True) as bar:
            yield from bar

    def batch(self, epoch: int, epochs: int, batch: int, batches: int) -> None:
        """On a terminal, count the steps of a long epoch on one line, a few times a second."""
        now = time.monotonic()
        if self._drawing and now - self._drawn >= 0.2 and batch < batches:
            self._drawn = now
            click.echo(f"\r\x1b[KEpoch {epoch}/{epochs}  step {batch}/{batches}", err=True, nl=False)

    def epoch(self, epoch: int, epochs: int, logs: Mapping[str, float], seconds: float) -> None:
        """Print an epoch's line, with the time that the rest will take."""
        names = {
            "loss": "loss with teachers" if "label_loss" in logs else "loss",
            "label_loss": "loss on labels",
            "accuracy": "accuracy",
            "val_loss": "val loss",
            "val_accuracy": "val accuracy",
        }
        numbers = "  ".join(f"{text} {logs[name]:.3f}" for name, text in names.items() if name in logs)
        width = len(str(epochs))
        left = _duration((epochs - epoch) * seconds) + " left" if epoch < epochs else "done"
        begin = "\r\x1b[K" if self._drawing else ""
        click.echo(f"{begin}Epoch {epoch:{width}d}/{epochs}  {numbers}  {seconds:.1f} s  {left}", err=True)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
