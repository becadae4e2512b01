"""The rows of a table, one at a time: CSV, TSV, JSON lines and Parquet."""

from __future__ import annotations

import codecs
import csv
import importlib.util
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from emoclass.errors import DataError, MissingPackageError

SEPARATORS = (",", ";", "\t", "|")
BATCH_ROWS = 8192
"""Rows of a Parquet file that are in memory at a time."""

_UNCLOSED = "Is a quote there that nothing closes? Or leave the column with the long text out of the table."

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class Rows:
    """A table that is read once.

    Attributes:
        columns: The names of the columns, as the file has them.
        rows: The row's number, and its cells in the order of the columns. Rows are numbered as a spreadsheet numbers
            them, so that the header is row 1; those of a file without a header begin at 1.
        may_nest: Whether cells can hold lists and objects, as `is_nested` tells.
    """

    columns: tuple[str, ...]
    rows: Iterator[tuple[int, Sequence[str]]]
    may_nest: bool = False


def open_rows(file: Path, *, separator: str | None = None, encoding: str | None = None) -> Rows:
    """Open a table; its name tells the format.

    Args:
        file: The table.
        separator: What separates the cells of a CSV file; None takes the one that divides the header into most cells.
        encoding: Of a text file; None takes UTF-8, or UTF-16 where the file begins with its mark.

    Raises:
        DataError: It cannot be read, has no rows, or is no such table; while rows are read also that one is malformed.
        MissingPackageError: It is a Parquet file, and pyarrow is not installed.
    """
    suffix = file.suffix.lower()
    if suffix in (".parquet", ".pq"):
        return _parquet(file)
    if suffix in (".jsonl", ".ndjson"):
        return _json_lines(file, encoding)
    return _separated(file, separator, encoding)


def refuse(
    file: Path, expected: str, got: str, row: int | None = None, column: str | None = None, *, hint: str | None = None
) -> NoReturn:
    """Raise the error for a cell, a row or a file that is not as it should be."""
    where = [file.name, *([f"row {row:,}"] if row else []), *([f"column {column!r}"] if column else [])]
    raise DataError(f"table {file}: expected {expected}, got {got} ({', '.join(where)}).", hint=hint)


def _lines(file: Path, encoding: str | None) -> Iterator[str]:
    """Yield the lines of a text file as they are."""
    line = 0
    try:
        with file.open("rb") as opened:
            start = opened.read(4)
            known = encoding or next((name for mark, name in _BOMS if start.startswith(mark)), "utf-8")
            codecs.lookup(known)
            if known == "utf-16":  # its line ends have two bytes
                with file.open(encoding=known, newline="") as text:
                    yield from text
                return
            opened.seek(0)
            for line, raw in enumerate(opened, 1):
                yield raw.decode(known if line == 1 else known.removesuffix("-sig"))
    except OSError as error:
        raise DataError(f"table {file}: cannot be read ({error.strerror}).") from error
    except LookupError as error:
        raise DataError(f"table {file}: {error}.", hint="The option encoding takes names such as cp1252.") from error
    except UnicodeError as error:
        where = f"{file.name}, line {line:,}" if line else file.name
        raise DataError(
            f"table {file}: expected text in {known}, got other bytes ({where}).",
            hint="Name its encoding, as in --data-option encoding=cp1252, or save it as UTF-8.",
        ) from error


def _separated(file: Path, separator: str | None, encoding: str | None) -> Rows:
    lines = _lines(file, encoding)
    header = next(lines, "")
    first_row = 1
    if header.lower().startswith("sep=") and len(header.strip()) == 5:  # Excel's own way to say it
        separator, header = separator or header[4], next(lines, "")
        first_row = 2
    if not header.strip():
        refuse(file, "a header with the names of the columns", "an empty file" if not header else "an empty line")
    delimiter = separator or max(SEPARATORS, key=lambda each: len(next(csv.reader([header], delimiter=each), [])))
    if len(delimiter) != 1:
        refuse(file, "a separator of one character", repr(delimiter))

    def rows() -> Iterator[tuple[int, Sequence[str]]]:
        row = first_row
        try:
            for row, cells in enumerate(reader, first_row + 1):
                if cells:
                    yield row, cells
        except csv.Error as error:
            refuse(
                file, "a row of a table", str(error), row + 1, hint=_UNCLOSED if "field limit" in str(error) else None
            )

    def with_header() -> Iterator[str]:
        yield header
        yield from lines

    reader = csv.reader(with_header(), delimiter=delimiter)
    try:
        columns = tuple(name.strip() for name in next(reader))
    except csv.Error as error:
        refuse(file, "a header with the names of the columns", str(error), first_row)
    return Rows(columns, _checked(file, columns, rows()))


def _checked(
    file: Path, columns: Sequence[str], rows: Iterator[tuple[int, Sequence[str]]]
) -> Iterator[tuple[int, Sequence[str]]]:
    """Refuse rows that have more or fewer cells than the header; empty ones at the end are passed over."""
    width = len(columns)
    for row, cells in rows:
        if len(cells) != width and (len(cells) < width or any(cell.strip() for cell in cells[width:])):
            refuse(file, f"{width} cells, as in the header", f"{len(cells)}", row)
        yield row, cells


def _json_lines(file: Path, encoding: str | None) -> Rows:
    def objects() -> Iterator[tuple[int, dict[str, Any]]]:
        for row, line in enumerate(_lines(file, encoding), 1):
            if not line.strip():
                continue
            try:
                found = json.loads(line)
            except (ValueError, RecursionError) as error:
                refuse(file, "a JSON object on each line", str(error), row)
            if not isinstance(found, dict):
                refuse(file, "a JSON object on each line", f"{line.strip()[:40]!r}", row)
            yield row, found

    read = objects()
    first = next(read, None)
    if first is None:
        refuse(file, "a JSON object on each line", "an empty file")
    columns = tuple(first[1])

    def rows() -> Iterator[tuple[int, Sequence[str]]]:
        yield first[0], _cells(file, first[0], columns, first[1])
        for row, found in read:
            yield row, _cells(file, row, columns, found)

    return Rows(columns, rows(), may_nest=True)


def _cells(file: Path, row: int, columns: Sequence[str], found: dict[str, Any]) -> list[str]:
    return [_text(file, row, name, found.get(name)) for name in columns]


def _parquet(file: Path) -> Rows:
    if importlib.util.find_spec("pyarrow") is None:
        raise MissingPackageError(
            f"table {file}: Parquet files need pyarrow, which is not installed.",
            hint='pip install "emoclass[parquet]", or save the table as CSV.',
        )
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        opened = ParquetFile(file)
        columns = tuple(opened.schema_arrow.names)
    except (ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"table {file}: cannot be read as Parquet ({reason}).") from error

    def rows() -> Iterator[tuple[int, Sequence[str]]]:
        row = 0
        try:
            for batch in opened.iter_batches(batch_size=BATCH_ROWS):
                for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    row += 1
                    yield row, [_text(file, row, name, cell) for name, cell in zip(columns, cells, strict=True)]
        except (ArrowException, OSError) as error:
            raise DataError(f"table {file}: cannot be read as Parquet ({error}).") from error

    return Rows(columns, rows(), may_nest=True)


def _text(file: Path, row: int, column: str, value: Any) -> str:
    """Return a value of JSON or Parquet as a cell of CSV would have it."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float):
        return "" if value != value else str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, dict | list | bytes):
        return _Nested(f"{value!r:.40}")
    return str(value)


class _Nested(str):
    """A value that is no text and no number; only a column that is read may not have it."""

    __slots__ = ()


def is_nested(cell: str) -> bool:
    """Tell whether a cell holds a list or an object, which no column of a table does."""
    return isinstance(cell, _Nested)
