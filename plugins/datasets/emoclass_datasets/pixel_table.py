"""Tables that hold an image per row: a number for the emotion, 48 x 48 gray values as text, and a word for the split.

A table is read line by line, never whole: listing keeps a few bytes of each row, and reading one image jumps to its
line. `fer2013.csv` has 287 MB.
"""

from __future__ import annotations

import csv
import io
import threading
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from emoclass import Sample
from emoclass.errors import DataError, UnreadableImageError
from emoclass_datasets.release import Release

SIDE = 48
"""Height and width of every image, in pixels."""

N_PIXELS = SIDE * SIDE

_VALUES = {str(value): value for value in range(256)}
_BOM = b"\xef\xbb\xbf"


class Row(NamedTuple):
    """What a listing needs of one row.

    Attributes:
        line: Its line in the file; the header is line 1.
        code: The dataset's own number for the emotion.
        usage: The word for the split, or '' where the table has no such column.
    """

    line: int
    code: str
    usage: str


class _Columns(NamedTuple):
    """Where the columns of a table are, counted from 0."""

    emotion: int
    pixels: int
    usage: int | None
    width: int


def rows(
    release: Release, table: Path, codes: Mapping[str, str], usages: Mapping[str, str], *, needs_usage: bool = True
) -> Iterator[Row]:
    """Read a table's emotions and splits; of the pixels only how many values a row has.

    Args:
        release: What the table belongs to.
        table: The file. Its columns may stand in any order, their names in any case and with blanks around them.
        codes: The numbers that the column `emotion` may hold.
        usages: The words that the column `Usage` may hold.
        needs_usage: Whether that column must be there.

    Raises:
        DataError: The file cannot be read, is empty or lacks a column; a row is cut off, or its emotion, split or
            number of values is none that the dataset has. The message names the line.
    """
    try:
        with table.open("rb") as lines:
            columns = _columns(release, table, lines.readline(), needs_usage=needs_usage)
            line = 1
            for line, raw in enumerate(lines, 2):
                if raw.strip():
                    yield _row(release, table, line, raw, columns, codes, usages)
    except OSError as error:
        raise release.missing(str(table), f"a file that cannot be read ({error.strerror})") from error
    if line == 1:
        raise release.malformed("rows below the header", "none", str(table))


def read_row(root: Path | None, sample: Sample) -> bytes:
    """Return the image of one row as a PNG file: gray, 48x48. Several threads may do so at once.

    Args:
        root: The dataset's folder.
        sample: Its `path` is the table, its `id` ends in ':' and the line.

    Raises:
        UnreadableImageError: The table is gone, or the row's values are no 48 x 48 integers from 0 to 255.
    """
    from PIL import Image

    table = (root or Path()) / sample.path
    line = int(sample.id.rpartition(":")[2])
    try:
        columns, offsets = _lines(table)
        with table.open("rb") as lines:
            lines.seek(offsets[line - 1])
            cells = _cells(lines.readline())
        values = cells[columns.pixels].split()
        gray = bytes(map(_VALUES.__getitem__, values))
    except OSError as error:
        raise UnreadableImageError(sample.id, f"cannot be opened ({error.strerror})") from error
    except IndexError:
        raise UnreadableImageError(sample.id, f"{sample.path} has no such row any more") from None
    except KeyError as error:
        raise UnreadableImageError(
            sample.id, f"expected integers from 0 to 255, got {error} ({sample.path}, line {line})"
        ) from None
    if len(gray) != N_PIXELS:
        reason = f"expected {N_PIXELS} values, got {len(gray)} ({sample.path}, line {line})"
        raise UnreadableImageError(sample.id, reason)
    file = io.BytesIO()
    Image.frombytes("L", (SIDE, SIDE), gray).save(file, "PNG", compress_level=0)
    return file.getvalue()


class _Lines(NamedTuple):
    """A version of a table: its columns, and where each of its lines begins."""

    version: tuple[int, int]
    columns: _Columns
    offsets: array[int]


_SEEN: dict[Path, _Lines] = {}
_LOCK = threading.Lock()


def _lines(table: Path) -> tuple[_Columns, array[int]]:
    """Return a table's columns, and where each of its lines begins: looked for once, and again if the file changes."""
    found = table.stat()
    version = (found.st_mtime_ns, found.st_size)
    seen = _SEEN.get(table)
    if seen is None or seen.version != version:
        with _LOCK:  # one thread looks, the others wait for what it finds
            seen = _SEEN.get(table)
            if seen is None or seen.version != version:
                seen = _SEEN[table] = _look(table, version)
    return seen.columns, seen.offsets


def _look(table: Path, version: tuple[int, int]) -> _Lines:
    offsets = array("Q", [0])
    with table.open("rb") as lines:
        header = lines.readline()
        position = len(header)
        for raw in lines:
            offsets.append(position)
            position += len(raw)
    return _Lines(version, _positions(header), offsets)


def _columns(release: Release, table: Path, header: bytes, *, needs_usage: bool) -> _Columns:
    if not header.strip():
        raise release.malformed("a table", "an empty file", str(table))
    wanted = ("emotion", "pixels", "Usage") if needs_usage else ("emotion", "pixels")
    names = _names(header)
    if any(names.count(name.lower()) != 1 for name in wanted):
        shown = ", ".join(repr(name[:30]) for name in names[:6])
        raise release.malformed(f"the columns {', '.join(wanted)}", shown, str(table), 1)
    return _positions(header)


def _positions(header: bytes) -> _Columns:
    names = _names(header)
    usage = names.index("usage") if "usage" in names else None
    return _Columns(names.index("emotion"), names.index("pixels"), usage, len(names))


def _names(header: bytes) -> list[str]:
    return [name.strip().lower() for name in _cells(header.removeprefix(_BOM))]


def _cells(raw: bytes) -> list[str]:
    text = raw.decode("latin-1").rstrip("\r\n")  # all that counts is ASCII, and anything else is shown as it is
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader([text]), [])
    except csv.Error:  # no table: the caller says what the line lacks
        return [text]


def _row(
    release: Release,
    table: Path,
    line: int,
    raw: bytes,
    columns: _Columns,
    codes: Mapping[str, str],
    usages: Mapping[str, str],
) -> Row:
    def refused(expected: str, got: str) -> DataError:
        cut = "" if raw.endswith(b"\n") else ", where the file ends"
        return release.malformed(expected, got + cut, str(table), line)

    cells = _cells(raw)
    if len(cells) != columns.width:
        raise refused(f"{columns.width} columns", str(len(cells)))
    code, pixels = cells[columns.emotion].strip(), cells[columns.pixels]
    usage = "" if columns.usage is None else cells[columns.usage].strip()
    if code not in codes:
        raise refused(f"an emotion among {', '.join(codes)}", repr(code[:30]))
    if columns.usage is not None and usage not in usages:
        raise refused(f"a Usage among {', '.join(usages)}", repr(usage[:30]))
    # Counting blanks is much faster than splitting, which is left to rows that are not as they should be.
    if pixels.count(" ") != N_PIXELS - 1 and len(pixels.split()) != N_PIXELS:
        raise refused(f"{N_PIXELS} pixel values", str(len(pixels.split())))
    return Row(line, code, usage)


def drawn(number: int) -> str:
    """Return made-up pixels for a table of a few rows: stripes that differ from number to number."""
    places = ((place // SIDE, place % SIDE) for place in range(N_PIXELS))
    return " ".join(str((5 * column + (3 + number) * row + 17 * number) % 256) for row, column in places)
