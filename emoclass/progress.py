"""How long work tells that it goes on. The library is silent; the command line draws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class Progress:
    """What a run reports while it works. This base says nothing; subclasses show it.

    Attributes:
        folder: The run folder, once the run can be resumed.
    """

    folder: Path | None = None

    def started(self, folder: Path) -> None:
        """Tell where the run folder is; from now on the run can be resumed."""
        self.folder = folder

    def note(self, message: str) -> None:
        """Tell something that a reader of the numbers must know."""

    def stage(self, title: str) -> None:
        """Tell that another step began."""

    def track(self, items: Iterable[T], *, title: str, total: int, unit: str = "images") -> Iterable[T]:
        """Pass `items` on, one at a time, showing how many of `total` units are done."""
        return items

    def batch(self, epoch: int, epochs: int, batch: int, batches: int) -> None:
        """Tell that a training step ended: how many `batches` of the epoch are done; all counted from 1."""

    def epoch(self, epoch: int, epochs: int, logs: Mapping[str, float], seconds: float) -> None:
        """Tell that an epoch ended.

        Args:
            epoch: Its number, from 1.
            epochs: How many there will be at most.
            logs: `loss`, `accuracy`, `val_loss` and `val_accuracy`; with teachers, also `label_loss` and
                `val_label_loss`, which are of the labels alone.
            seconds: How long it took.
        """
