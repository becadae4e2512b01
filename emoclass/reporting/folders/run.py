"""The run folder: everything a run leaves on disk, and never a half run that looks whole."""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import shlex
import shutil
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from emoclass.errors import OutputError
from emoclass.values.cells import to_cells
from emoclass.values.results import MetricValue, RunRecord, SkippedFile
from emoclass.values.text import why_not_utf8

logger = logging.getLogger(__name__)

HISTORY_COLUMNS = (
    "epoch", "seconds", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "label_loss", "val_label_loss",
)  # fmt: skip
"""The last two are of runs with teachers; in other runs, the file has no such columns."""
MARKER = "INCOMPLETE"
"""Stands in every run folder until the run is finished: removing it is what finishes a run."""


def resume_command(folder: Path) -> str:
    """Return what to type to continue a run or a study, with its plugin where that is a file."""
    return f"emoclass run --resume {shlex.quote(str(folder))}{_plugin_option(folder)}"


def _plugin_option(folder: Path) -> str:
    for name in ("config.toml", "experiment.toml"):
        try:
            plugin = tomllib.loads((folder / name).read_text(encoding="utf-8")).get("plugin")
        except (OSError, ValueError):
            continue
        if isinstance(plugin, str) and plugin.endswith(".py"):
            return f" --plugin {shlex.quote(plugin)}"
    return ""


def unwritable(folder: Path, error: Exception) -> OutputError:
    """Return what to say of an output folder that cannot be written."""
    wrong = why_not_utf8(str(folder))
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    reason, cure = wrong or (reason, "")
    hint = f"{cure} Or choose another with --out DIR." if cure else "Choose another with --out DIR."
    return OutputError(f"output folder {str(folder)!a}: cannot be written ({reason}).", hint=hint)


class RunFolder:
    """One run's folder; `create` makes a new one, `open` continues an old one.

    Files appear whole or not at all: they are written beside their place and moved there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[str] | None = None

    @classmethod
    def create(cls, parent: Path, name: str) -> RunFolder:
        """Make a folder of its own in `parent`, whatever else runs at the same time.

        Raises:
            OutputError: The parent cannot be written.
        """
        stem = f"{time.strftime('%Y%m%d-%H%M%S')}-{name}"
        try:
            str(parent).encode()
            parent.mkdir(parents=True, exist_ok=True)
            for number in range(1, 10_000):
                path = parent / (stem if number == 1 else f"{stem}-{number}")
                try:
                    path.mkdir()
                except FileExistsError:
                    continue
                break
            else:
                raise OutputError(f"output folder {parent}: contains ten thousand runs of this second.")
            folder = cls(path.resolve())
            (folder.path / MARKER).write_text(
                f"This run has not finished. Continue it with: {resume_command(folder.path)}\n", encoding="utf-8"
            )
        except (OSError, UnicodeError) as error:  # the second of a name that is not UTF-8
            raise unwritable(parent, error) from error
        folder._take()
        return folder

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Return an existing run folder.

        Raises:
            OutputError: It is none, or another process is writing to it.
        """
        if not (path / "config.toml").is_file():
            raise OutputError(f"run folder {path}: expected a folder with a config.toml, found none.")
        folder = cls(path.resolve())
        folder._take_unfinished()
        return folder

    def _take_unfinished(self) -> None:
        """Hold the folder, unless the run is finished, or is being finished by another process at this moment."""
        if not self.is_finished():
            self._take()
        if self.is_finished():
            self.release()
            self._sweep()  # what a run left that was killed right after it finished

    def is_finished(self) -> bool:
        """Tell whether the run came to its end."""
        return not (self.path / MARKER).exists() and (self.path / "metrics.json").is_file()

    def _take(self) -> None:
        """Hold the folder for this process, as far as the platform and the file system know locks."""
        try:
            lock = (self.path / MARKER).open("r+")
        except FileNotFoundError:  # the run was finished in the meantime
            return
        except OSError as error:
            raise OutputError(f"run folder {self.path}: cannot be written ({error.strerror}).") from error
        self._lock = lock
        try:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.release()
            raise OutputError(f"run folder {self.path}: another process is writing to it.") from error
        except (ImportError, OSError):  # Windows; network disks without locks
            logger.debug("%s is not locked", self.path, exc_info=True)

    def release(self) -> None:
        """Let go of the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @contextmanager
    def guard(self, name: str) -> Iterator[None]:
        """Turn what the operating system says against writing `name` into an OutputError."""
        try:
            yield
        except OSError as error:
            raise OutputError(f"{self.path / name}: cannot be written ({error.strerror or error}).") from error

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """Give a place to write a file to, and move it to `name` when the block ends well.

        Raises:
            OutputError: It could not be written.
        """
        partial = self.path / f".partial-{name}"
        try:
            with self.guard(name):
                yield partial
                partial.replace(self.path / name)
        finally:
            partial.unlink(missing_ok=True)

    @contextmanager
    def writing_folder(self, name: str) -> Iterator[Path]:
        """Give an empty folder to fill, and move it to `name` when the block ends well.

        Raises:
            OutputError: It could not be written.
        """
        partial = self.path / f".partial-{name}"
        shutil.rmtree(partial, ignore_errors=True)
        try:
            with self.guard(name):
                partial.mkdir()
                yield partial
                if (self.path / name).exists():  # a run that was killed after this step, and is resumed
                    shutil.rmtree(self.path / name)
                partial.replace(self.path / name)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def write_text(self, name: str, text: str) -> None:
        """Write a text file."""
        with self.writing(name) as path:
            path.write_text(text, encoding="utf-8")

    def write_json(self, name: str, document: Any) -> None:
        """Write a JSON file."""
        self.write_text(name, json.dumps(document, indent=2, ensure_ascii=False) + "\n")

    def write_rows(self, name: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Write a CSV file; `emoclass.values.cells` reads its texts back."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(map(to_cells, rows))
        self.write_text(name, text.getvalue())

    def read_text(self, name: str) -> str | None:
        """Return a file's text, None where there is no such file."""
        path = self.path / name
        return path.read_text(encoding="utf-8") if path.is_file() else None

    def append_history(self, epoch: int, seconds: float, logs: Mapping[str, float]) -> None:
        """Add an epoch (from 1) to `history.csv`, in one write; an epoch that stands there already is left as it is."""
        path = self.path / "history.csv"
        if epoch <= len(self.history().get("epoch", ())):
            return
        values = {"epoch": str(epoch), "seconds": f"{seconds:.3f}"}
        values |= {name: repr(logs[name]) for name in HISTORY_COLUMNS[2:] if name in logs}
        head = (self.read_text("history.csv") or "").partition("\n")[0]
        columns = head.split(",") if head else [name for name in HISTORY_COLUMNS if name in values]
        header = "" if head else ",".join(columns) + "\n"
        line = ",".join(values.get(name, "") for name in columns) + "\n"
        with self.guard(path.name), path.open("a", encoding="utf-8") as file:
            file.write(header + line)

    def mend_history(self) -> None:
        """Drop a last line that a killed run left unfinished; finished lines stay byte for byte."""
        path = self.path / "history.csv"
        with self.guard(path.name):
            if path.exists():
                data = path.read_bytes()
                whole = data[: data.rfind(b"\n") + 1]
                if not whole:
                    path.unlink()
                elif whole != data:
                    os.truncate(path, len(whole))

    def history(self) -> dict[str, tuple[float, ...]]:
        """Return `history.csv`: column -> one number an epoch; columns without numbers are left out.

        Raises:
            OutputError: The file is damaged.
        """
        rows = list(csv.DictReader((self.read_text("history.csv") or "").splitlines()))
        try:
            return {
                name: tuple(float(row[name]) for row in rows)
                for name in HISTORY_COLUMNS
                if rows and all(row.get(name) for row in rows)
            }
        except ValueError as error:
            raise OutputError(f"{self.path / 'history.csv'}: is damaged ({error}).", hint="Start a new run.") from error

    def result(self) -> RunRecord:
        """Return the result of a finished run.

        Raises:
            OutputError: `metrics.json` is damaged.
        """
        try:
            document = json.loads((self.path / "metrics.json").read_text(encoding="utf-8"))
            metrics = {name: _metric(value) for name, value in document.pop("metrics").items()}
            adjusted = {name: _metric(value) for name, value in document.pop("leak_adjusted", {}).items()}
            skipped = tuple(SkippedFile(**each) for each in document.pop("skipped"))
            document |= {"folder": self.path, "metrics": metrics, "leak_adjusted": adjusted}
            document |= {"skipped": skipped, "history": self.history()}
            return RunRecord.model_validate(document)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise OutputError(f"run folder {self.path}: metrics.json cannot be read ({error}).") from error

    def finish(self) -> None:
        """Declare the run finished, and remove what only an unfinished one needs."""
        (self.path / MARKER).unlink(missing_ok=True)
        self.release()
        self._sweep()

    def _sweep(self) -> None:
        for file in self.path.glob("checkpoint.*"):
            file.unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove the folder: the run never began."""
        self.release()
        shutil.rmtree(self.path, ignore_errors=True)


def _metric(document: Mapping[str, Any]) -> MetricValue:
    per_class = {name: _metric(value) for name, value in document.get("per_class", {}).items()}
    return MetricValue.model_validate({**document, "per_class": per_class})
