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
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, NoReturn

from emoclass import Sample
from emoclass.errors import DataError, UnreadableImageError

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
    table: Path, codes: Mapping[str, str], usages: Mapping[str, str], *, needs_usage: bool = True
) -> Iterator[Row]:
    """Read a table's emotions and splits; of the pixels only how many values a row has.

    Args:
        table: The file. Its columns may stand in any order, with blanks around their names.
        codes: The numbers that the column `emotion` may hold.
        usages: The words that the column `Usage` may hold.
        needs_usage: Whether that column must be there.

    Raises:
        DataError: The file cannot be read, is empty or lacks a column; a row is cut off, or its emotion, split or
            number of values is none that the dataset has. The message names the line.
    """
    try:
        with table.open("rb") as lines:
            columns = _columns(table, lines.readline(), needs_usage=needs_usage)
            line = 1
            for line, raw in enumerate(lines, 2):
                if raw.strip():
                    yield _row(table, line, raw, columns, codes, usages)
    except OSError as error:
        raise DataError(f"{table}: cannot be read ({error.strerror}).") from error
    if line == 1:
        raise DataError(f"{table}: expected rows below the header, got none.", hint="Copy or unpack the file again.")


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
        found = table.stat()
        with _LOCK:  # one thread looks for the lines, the others wait for what it finds
            columns, offsets = _lines(table, found.st_mtime_ns, found.st_size)
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
    Image.frombytes("L", (SIDE, SIDE), gray).save(file, "PNG", compress_level=1)
    return file.getvalue()


_LOCK = threading.Lock()


@lru_cache(maxsize=4)
def _lines(table: Path, mtime_ns: int, size: int) -> tuple[_Columns, array[int]]:
    """Return a table's columns, and where each of its lines begins; the file's time and size tell versions apart."""
    offsets = array("Q", [0])
    with table.open("rb") as lines:
        header = lines.readline()
        position = len(header)
        for raw in lines:
            offsets.append(position)
            position += len(raw)
    return _columns(table, header, needs_usage=False), offsets


def _columns(table: Path, header: bytes, *, needs_usage: bool) -> _Columns:
    if not header.strip():
        raise DataError(f"{table}: expected a table, got an empty file.", hint="Copy or unpack the file again.")
    names = [name.strip() for name in _cells(header.removeprefix(_BOM))]
    wanted = ("emotion", "pixels", "Usage") if needs_usage else ("emotion", "pixels")
    if any(names.count(name) != 1 for name in wanted):
        shown = ", ".join(repr(name[:30]) for name in names[:6])
        raise DataError(
            f"{table}, line 1: expected the columns {', '.join(wanted)}, got {shown}.",
            hint="The first line names the columns; is this the file that the owner distributes?",
        )
    usage = names.index("Usage") if "Usage" in names else None
    return _Columns(names.index("emotion"), names.index("pixels"), usage, len(names))


def _cells(raw: bytes) -> list[str]:
    text = raw.decode("latin-1").rstrip("\r\n")  # all that counts is ASCII, and anything else is told as it is
    return next(csv.reader([text], strict=False), []) if '"' in text else text.split(",")


def _row(
    table: Path, line: int, raw: bytes, columns: _Columns, codes: Mapping[str, str], usages: Mapping[str, str]
) -> Row:
    def refuse(expected: str, got: str) -> NoReturn:
        whole = raw.endswith(b"\n")
        raise DataError(
            f"{table}, line {line}: expected {expected}, got {got}.",
            hint="Mend or remove the line." if whole else "The file ends inside this line: copy or unpack it again.",
        )

    cells = _cells(raw)
    if len(cells) != columns.width:
        refuse(f"{columns.width} columns", str(len(cells)))
    code, pixels = cells[columns.emotion].strip(), cells[columns.pixels]
    usage = "" if columns.usage is None else cells[columns.usage].strip()
    if code not in codes:
        refuse(f"an emotion among {', '.join(codes)}", repr(code[:30]))
    if columns.usage is not None and usage not in usages:
        refuse(f"a Usage among {', '.join(usages)}", repr(usage[:30]))
    # Counting blanks is twenty times as fast as splitting, which is left to rows that are not as they should be.
    if pixels.count(" ") != N_PIXELS - 1 and len(pixels.split()) != N_PIXELS:
        refuse(f"{N_PIXELS} pixel values", str(len(pixels.split())))
    return Row(line, code, usage)


def drawn(number: int) -> str:
    """Return made-up pixels for a table of a few rows: stripes that differ from number to number."""
    places = ((place // SIDE, place % SIDE) for place in range(N_PIXELS))
    return " ".join(str((5 * column + (3 + number) * row + 17 * number) % 256) for row, column in places)
