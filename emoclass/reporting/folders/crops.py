"""The folder that `emoclass crop` writes: crops, and a table of where each comes from."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import IO, Any

from emoclass.data.folder import CROPS_TABLE as TABLE
from emoclass.errors import OutputError
from emoclass.values.cells import from_cell, to_cells
from emoclass.values.results import SkippedFile
from emoclass.values.text import printable

logger = logging.getLogger(__name__)

MARKER = "crop.json"
"""Makes a folder one of crops: the settings that it was written with."""

_PARTIAL = ".partial-"

POINTS = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
COLUMNS = (
    "source", "crop", "face", "faces", "found", "left", "top", "width", "height", "detection",
    *(f"{point}_{axis}" for point in POINTS for axis in "xy"), "bytes", "modified", "note",
)  # fmt: skip

Row = dict[str, Any]


@dataclass(frozen=True)
class Differences:
    """How photographs and crops differ from the table: the photographs of each kind.

    Attributes:
        changed: Their files have another size or time of modification.
        missing: One of their crops was deleted.
        gone: They do not exist any more.
    """

    changed: frozenset[str]
    missing: frozenset[str]
    gone: frozenset[str]


def stamp(photograph: Path) -> Row:
    """Return a file's size in bytes and its time of modification in nanoseconds, as the table has them."""
    try:
        found = photograph.stat()
    except OSError:  # a broken link; that it cannot be read is noted elsewhere
        return {"bytes": "", "modified": ""}
    return {"bytes": str(found.st_size), "modified": str(found.st_mtime_ns)}


class CropsFolder:
    """A folder of crops; it is continued where it was interrupted, and only crops of its own are replaced.

    Args:
        path: The folder.
        settings: How the crops are made, as JSON types.
        names: What the table calls a photograph, to its path: control codes are spelled out in the table.

    Attributes:
        rows: What is in the table, the rows of one photograph after another.

    Raises:
        OutputError: It holds other files, crops that were made in another way, a damaged table, cannot be written, or
            another process is writing it.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any], names: Mapping[str, str]) -> None:
        self.path = path
        self._names = names
        settings = json.loads(json.dumps(settings))  # tuples become lists, as they are read back
        self._lock: IO[str] | None = None
        if os.path.lexists(path) and not path.is_dir():
            raise OutputError(f"crops folder {path}: expected a folder, got a file.", hint="Choose another --out.")
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

    def compare(self, photographs: Path) -> Differences:
        """Compare the table with the photographs and the crops; what has to be cropped again is dropped from it.

        The crops of changed photographs are deleted. Those of photographs that are gone stay, as long as there are any.

        Args:
            photographs: The folder of the photographs.

        Raises:
            OutputError: The crops or the table cannot be written.
        """
        crops: dict[str, list[str]] = {}
        stamps: dict[str, Row] = {}
        for row in self.rows:
            crops.setdefault(row["source"], []).extend([row["crop"]] if row["crop"] else [])
            stamps[row["source"]] = {name: row[name] for name in ("bytes", "modified")}
        gone = {source for source in crops if not os.path.lexists(photographs / source)}
        changed = {source for source in crops if source not in gone and stamp(photographs / source) != stamps[source]}
        there = {source: [(self.path / crop).is_file() for crop in names] for source, names in crops.items()}
        missing = {source for source, found in there.items() if not all(found)} - gone - changed
        dropped = changed | missing | {source for source in gone if not any(there[source])}
        if dropped:
            try:
                for source in changed:  # before the table is: a process killed in between finds them changed again
                    for crop in crops[source]:
                        (self.path / crop).unlink(missing_ok=True)
                self.rows = [row for row in self.rows if row["source"] not in dropped]
                self._write_whole(self.rows)
            except OSError as error:
                raise self._unwritable(error) from error
        return Differences(frozenset(changed), frozenset(missing), frozenset(gone))

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

    def write(self, name: str, text: str) -> None:
        """Write another file beside the table.

        Raises:
            OutputError: It cannot be written.
        """
        try:
            self._replace(self.path / name, text.encode("utf-8", "surrogateescape"))
        except OSError as error:
            raise self._unwritable(error) from error

    def close(self) -> None:
        """Let other processes write the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _write_crop(self, target: Path, data: bytes) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            if target.is_file() and target.read_bytes() == data:  # written before the process was killed
                return
            raise OutputError(
                f"{target}: another file or folder has the name of a crop.",
                hint="Move it away, or choose another --out; nothing is overwritten.",
            )
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
        except (ValueError, RecursionError):
            found = None
        # Other keys were not written by a call with other settings, which all have the same ones.
        if not isinstance(found, dict) or found.keys() != settings.keys():
            raise OutputError(f"{self.path / MARKER}: is damaged.", hint="Choose another --out.")
        changed = sorted(name for name in found if found[name] != settings[name])
        if changed:
            name = changed[0]
            raise OutputError(
                f"crops folder {self.path}: its crops were made with other settings ({name}: {found[name]!r}, now "
                f"{settings[name]!r}).",
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
            raise OutputError(f"{table}: expected the columns that this version of emoclass writes, got others.",
                              hint="Choose another --out.")  # fmt: skip
        whole = [map(from_cell, line) for line in lines[1:] if len(line) == len(COLUMNS)]
        rows: list[Row] = [dict(zip(COLUMNS, line, strict=True)) for line in whole]
        for row in rows:
            row["source"] = self._names.get(row["source"], row["source"])
        counts: dict[str, int] = {}
        for row in rows:
            counts[row["source"]] = counts.get(row["source"], 0) + 1
        with contextlib.suppress(ValueError):
            whole_rows = [row for row in rows if counts[row["source"]] == max(1, int(row["faces"]))]
            # Crops of changed photographs are deleted: never a file outside the folder.
            if not any(_leads_outside(row["source"]) or _leads_outside(row["crop"]) for row in whole_rows):
                return whole_rows
        raise OutputError(f"{table}: is damaged.", hint="Choose another --out.")

    def _write_whole(self, rows: Sequence[Row]) -> None:
        text = ",".join(COLUMNS) + "\n" + _csv(rows)
        self._replace(self.path / TABLE, text.encode("utf-8", "surrogateescape"))

    def _unwritable(self, error: OSError) -> OutputError:
        subject = f"crops folder {self.path}"
        if error.filename is not None and Path(error.filename) != self.path:
            subject += f": {error.filename}"
        in_the_way = isinstance(error, FileExistsError | NotADirectoryError | IsADirectoryError)
        return OutputError(
            f"{subject}: cannot be written ({error.strerror or error}).",
            hint="Another file or folder has this name. Move it away, or choose another --out." if in_the_way else None,
        )


def _leads_outside(path: str) -> bool:
    return PurePath(path).is_absolute() or ".." in PurePath(path).parts


def _csv(rows: Iterable[Row]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        cells = (row.get(name, "") for name in COLUMNS)
        writer.writerow(to_cells(printable(cell) if isinstance(cell, str) else cell for cell in cells))
    return text.getvalue()


def skipped_of(rows: Iterable[Row]) -> tuple[SkippedFile, ...]:
    """Return the photographs that gave no crop, with the reason."""
    return tuple(SkippedFile(path=row["source"], reason=row["note"]) for row in rows if not row["crop"])
