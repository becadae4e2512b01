"""The folder that `emoclass crop` writes: crops, and a table of where each comes from."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from emoclass.data.folder import CROPS_TABLE as TABLE
from emoclass.errors import OutputError
from emoclass.values.cells import from_cell, to_cells
from emoclass.values.results import SkippedFile

logger = logging.getLogger(__name__)

MARKER = "crop.json"
"""Makes a folder one of crops: the settings that it was written with."""
READY_MADE, NO_FACE = "ready-made crop", "no face found"
"""What the note of a photograph says that is used as it is, or has no face."""

_PARTIAL = ".partial-"

POINTS = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
COLUMNS = (
    "source", "crop", "face", "faces", "found", "left", "top", "width", "height", "detection",
    *(f"{point}_{axis}" for point in POINTS for axis in "xy"), "note",
)  # fmt: skip

Row = dict[str, Any]


class CropsFolder:
    """A folder of crops; it is continued where it was interrupted, and nothing in it is overwritten.

    Args:
        path: The folder.
        settings: How the crops are made, as JSON types.

    Attributes:
        rows: What is in the table, the rows of one photograph after another.

    Raises:
        OutputError: It holds other files, crops that were made in another way, a damaged table, cannot be written, or
            another process is writing it.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        self.path = path
        settings = json.loads(json.dumps(settings))  # tuples become lists, as they are read back
        self._lock: IO[str] | None = None
        try:
            path.mkdir(parents=True, exist_ok=True)
            if not (path / MARKER).exists():
                if any(each.name != _PARTIAL + MARKER for each in path.iterdir()):
                    raise OutputError(
                        f"crops folder {path}: expected a new or an empty folder, or one that was interrupted, got "
                        f"other files.",
                        hint="Choose another --out.",
                    )
                self._replace(path / MARKER, (json.dumps(settings, indent=2) + "\n").encode())
            self._hold()
            self._check(settings)
            self.rows = self._read()
            self._write_whole(self.rows)  # without the end that a killed process left half written
        except OSError as error:
            self.close()
            raise self._unwritable(error) from error
        except OutputError:
            self.close()
            raise

    @property
    def finished(self) -> set[str]:
        """The photographs that are in the table."""
        return {row["source"] for row in self.rows}

    def add(self, rows: Sequence[Row], crops: Mapping[str, bytes]) -> None:
        """Write the crops of a photograph, then its rows.

        Raises:
            OutputError: They cannot be written, or another file has the name of a crop.
        """
        try:
            for name, data in crops.items():
                self._write_crop(self.path / name, data)
            with (self.path / TABLE).open("a", encoding="utf-8", errors="surrogateescape", newline="") as file:
                file.write(_csv(rows))
        except OSError as error:
            raise self._unwritable(error) from error
        self.rows += rows

    def close(self) -> None:
        """Let other processes write the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _write_crop(self, target: Path, data: bytes) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            if target.read_bytes() == data:  # written before the process was killed
                return
            raise OutputError(f"{target}: another file has the name of a crop.", hint="Move it away, or choose another "
                              "--out; nothing is overwritten.")  # fmt: skip
        self._replace(target, data)

    def _replace(self, target: Path, data: bytes) -> None:
        """Write a file that is there whole or not at all."""
        partial = target.with_name(_PARTIAL + target.name)
        partial.write_bytes(data)
        partial.replace(target)

    def _hold(self) -> None:
        self._lock = (self.path / MARKER).open("r+", encoding="utf-8")
        try:
            import fcntl

            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OutputError(f"crops folder {self.path}: another process is writing it.") from error
        except (ImportError, OSError):  # Windows; network disks without locks
            logger.debug("%s is not locked", self.path, exc_info=True)

    def _check(self, settings: Mapping[str, Any]) -> None:
        try:
            found = json.loads((self.path / MARKER).read_text(encoding="utf-8"))
            changed = sorted(name for name in {*found, *settings} if found.get(name) != settings.get(name))
        except (ValueError, TypeError) as error:
            raise OutputError(f"{self.path / MARKER}: is damaged.", hint="Choose another --out.") from error
        if changed:
            name = changed[0]
            raise OutputError(
                f"crops folder {self.path}: its crops were made with other settings ({name}: {found.get(name)!r}, now "
                f"{settings.get(name)!r}).",
                hint="Choose another --out, or repeat the settings to continue.",
            )

    def _read(self) -> list[Row]:
        """Return the rows of the photographs that were finished."""
        table = self.path / TABLE
        if not table.exists():
            return []
        text = table.read_text(encoding="utf-8", errors="surrogateescape")
        # Killed while it wrote a row, a process left it without its end.
        lines = list(csv.reader(io.StringIO(text, newline=""))) if text else []
        if lines and not text.endswith("\n"):
            lines.pop()
        if lines and lines[0] != list(COLUMNS):
            raise OutputError(f"{table}: expected the columns {', '.join(COLUMNS[:3])}, ..., got others.",
                              hint="Choose another --out.")  # fmt: skip
        whole = [map(from_cell, line) for line in lines[1:] if len(line) == len(COLUMNS)]
        rows: list[Row] = [dict(zip(COLUMNS, line, strict=True)) for line in whole]
        counts: dict[str, int] = {}
        for row in rows:
            counts[row["source"]] = counts.get(row["source"], 0) + 1
        with contextlib.suppress(ValueError):
            return [row for row in rows if counts[row["source"]] == max(1, int(row["faces"]))]
        raise OutputError(f"{table}: is damaged.", hint="Choose another --out.")

    def _write_whole(self, rows: Sequence[Row]) -> None:
        text = ",".join(COLUMNS) + "\n" + _csv(rows)
        self._replace(self.path / TABLE, text.encode("utf-8", "surrogateescape"))

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(f"crops folder {self.path}: cannot be written ({error.strerror or error}).")


def _csv(rows: Iterable[Row]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(to_cells(row.get(name, "") for name in COLUMNS) for row in rows)
    return text.getvalue()


def skipped_of(rows: Iterable[Row]) -> tuple[SkippedFile, ...]:
    """Return the photographs that gave no crop, with the reason."""
    return tuple(SkippedFile(path=row["source"], reason=row["note"]) for row in rows if not row["crop"])
