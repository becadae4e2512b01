"""The `table` dataset: a table with a row for each image, or for each face in one."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from emoclass.data.folder import CROPS_TABLE, SPLIT_FOLDERS
from emoclass.data.images import image_file
from emoclass.data.table_columns import Box, Columns, check_groups, find_columns, group_in
from emoclass.data.table_rows import is_nested, open_rows, refuse
from emoclass.data.units import FACE_FRAGMENT
from emoclass.errors import ConfigError, DataError
from emoclass.values.labels import EMOTIONS
from emoclass.values.specs import Sample, SplitName
from emoclass.values.tables import TABLE_SUFFIXES, names_table

logger = logging.getLogger(__name__)

NO_MAJORITY = "no_majority"
"""The class word of an image whose largest number of votes is that of several words."""

CONFLICTING = "conflicting"
"""The class word of an image that a table lists under two labels."""

SPLITS: Mapping[str, SplitName] = {
    **SPLIT_FOLDERS,
    "dev": "validation",
    "publictest": "validation",
    "privatetest": "test",
}
"""Word in the column, in lower case -> split. The last two are FER2013's."""

EMPTY = ("", "null", "nan", "none", "na", "n/a")
"""What stands for nothing in the columns of a box, a group or a vote, in lower case."""

LOOKED_FOR = 20
"""If none of so many images is there, the paths are meant to be relative to another folder."""


def load(
    root: Path | None = None,
    *,
    path: str | None = None,
    label: str | None = None,
    split: str | None = None,
    group: str | None = None,
    box: str | Sequence[str] | None = None,
    votes: str | Sequence[str] | None = None,
    images: str | None = None,
    separator: str | None = None,
    encoding: str | None = None,
) -> list[Sample]:
    r"""List the images of a CSV, TSV, JSON lines or Parquet file; nothing is decoded.

    Columns are found by the usual words, such as `file`, `emotion`, `usage` and `subject`, or named. Paths are absolute
    or relative to the table's folder. The image of a row with a box is the face.

    An image, or a face, that the table lists twice counts once; with two labels its class is `conflicting`, which is no
    emotion. The faces of one image are a group, unless the table says the persons.

    Args:
        root: The table, or a folder with one table.
        path: The column with the images' paths.
        label: The column with the class words or numbers. Without one, the columns named after emotions hold votes.
        split: The column with the splits; "none" leaves them out.
        group: The column with the person or source; or a regular expression that finds it in the path: its first group,
            or the whole match. "none" leaves groups out.
        box: The four columns of a face's box in pixels of the upright image: left, top, right, bottom, or left, top,
            width, height. "none" takes the whole images.
        votes: The columns with the annotators' votes. Without a label, the word with most votes is the class.
        images: The folder that relative paths are relative to, itself relative to the table's folder.
        separator: What separates the cells of a CSV file; None takes the one that divides the header into most cells.
        encoding: Of a text file; None takes UTF-8, or UTF-16 where the file begins with its mark.

    Returns:
        Samples in the order of the table. An `id` is the path, with a box the path and the box.

    Raises:
        DataError: The table cannot be read, lacks a column, or a cell is wrong; the message names file, row and column.
        ConfigError: An option names a column that is not there.
        MissingPackageError: It is a Parquet file, and pyarrow is not installed.
    """
    for option, value in (("images", images), ("separator", separator), ("encoding", encoding)):
        if value is not None and (not isinstance(value, str) or not value):
            raise ConfigError(f"data.options.{option}: expected text, got {value!r}.")
    file = find_table(root)
    table = open_rows(file, separator=separator, encoding=encoding)
    columns = find_columns(file, table.columns, path=path, label=label, split=split, group=group, box=box, votes=votes)
    reader = _Reader(file, table.columns, columns, images, may_nest=table.may_nest)
    listed: dict[str, Sample] = {}
    n_repeated, n_matched, unmatched = 0, 0, None
    for row, cells in table.rows:
        sample = reader.sample(row, cells)
        first = listed.setdefault(sample.id, sample)
        if first is not sample:
            n_repeated += 1
            listed[sample.id] = reader.merged(row, first, sample)
        elif columns.pattern is not None:
            n_matched += sample.group is not None
            unmatched = unmatched or (sample.path if sample.group is None else None)
    if not listed:
        refuse(file, "rows below the header", "none")
    samples = list(listed.values())
    _check_files(file, samples)
    if columns.pattern is not None and (note := check_groups(columns.pattern, n_matched, len(samples), unmatched)):
        logger.warning("%s", note)
    if n_repeated:
        n_conflicting = sum(sample.emotion == CONFLICTING for sample in samples)
        repeats = "1 row repeats" if n_repeated == 1 else f"{n_repeated:,} rows repeat"
        conflicting = (
            "1 image has two labels and is"
            if n_conflicting == 1
            else f"{n_conflicting:,} images have two labels and are"
        )
        logger.warning(
            "%s: %s an image of another row and %s once; %s %s.",
            file.name, repeats, "counts" if n_repeated == 1 else "count", conflicting, CONFLICTING,
        )  # fmt: skip
    return samples if columns.box is None else _grouped(samples)


def find_table(root: Path | None) -> Path:
    """Return the table that a user names: the file, or the only one in a folder.

    Raises:
        DataError: There is none, or a folder holds several.
    """
    if root is None:
        raise DataError("dataset 'table': expected a table, got none.", hint="Name a file such as labels.csv.")
    try:
        if root.is_file():
            if not names_table(root):
                raise DataError(
                    f"table {root}: expected a name that ends in {', '.join(TABLE_SUFFIXES)}, got {root.suffix!r}.",
                    hint="The ending tells the format.",
                )
            return root
        if not root.is_dir():
            raise DataError(f"table {root}: no such file.", hint="Check the path.")
        found = sorted(
            each for each in root.iterdir() if names_table(each) and each.is_file() and not each.name.startswith(".")
        )
    except OSError as error:
        raise DataError(f"table {root}: cannot be read ({error.strerror}).") from error
    found = [each for each in found if each.name != CROPS_TABLE] or found
    if len(found) != 1:
        names = ", ".join(each.name for each in found[:5]) + (", ..." if len(found) > 5 else "")
        raise DataError(
            f"table {root}: expected a folder with one table, got {names or 'none'}.", hint="Name the file itself."
        )
    return found[0]


class _Reader:
    """Turns rows into samples."""

    def __init__(
        self, file: Path, names: Sequence[str], columns: Columns, images: str | None, *, may_nest: bool
    ) -> None:
        self._file, self._names, self._columns = file, names, columns
        self._before = f"{_slashes(images).rstrip('/')}/" if images is not None else ""
        self._labels: dict[str, str] = {}
        read = [columns.path, columns.label, columns.split, columns.group, *columns.votes.values()]
        read += columns.box.places if columns.box is not None else ()
        self._may_nest = [place for place in read if place is not None] if may_nest else []

    def sample(self, row: int, cells: Sequence[str]) -> Sample:
        """Return a row's sample.

        Raises:
            DataError: A cell is wrong.
        """
        columns = self._columns
        for place in self._may_nest:
            if is_nested(cells[place]):
                self._wrong(row, place, "text or a number", str(cells[place]))
        path = cells[columns.path].strip()
        if not path or "\0" in path:
            self._wrong(row, columns.path, "the path of an image", repr(path))
        if "\\" in path or path.startswith("./") or "://" in path:
            path = self._plain(row, path)
        if self._before and not _is_absolute(path):
            path = self._before + path
        votes = self._votes(row, cells) if columns.votes else None
        emotion = _most(votes or {}) if columns.label is None else self._label(row, cells[columns.label])
        group = None
        if columns.pattern is not None:
            group = group_in(path, columns.pattern)
        elif columns.group is not None:
            group = cells[columns.group].strip()
            group = None if group.lower() in EMPTY else group
        box = self._box(row, cells, columns.box) if columns.box is not None else None
        return Sample(
            id=path if box is None else f"{path}{FACE_FRAGMENT}{','.join(f'{value:g}' for value in box)}",
            path=path,
            emotion=emotion,
            votes=votes,
            group=group,
            split=None if columns.split is None else self._split(row, cells[columns.split]),
            box=box,
        )

    def merged(self, row: int, first: Sample, again: Sample) -> Sample:
        """Return one sample for two rows of one image.

        Raises:
            DataError: They say different splits, groups or votes.
        """
        for name, place in (("split", self._columns.split), ("group", self._columns.group)):
            before, now = getattr(first, name), getattr(again, name)
            if before != now:
                expected = f"{before!r}, as in the other row of {first.path}"
                self._wrong(row, place, expected, repr(now))
        if first.votes != again.votes and first.emotion == again.emotion:
            self._wrong(row, self._columns.path, f"one row with the votes of {first.path}", "two different ones")
        return first if first.emotion == again.emotion else replace(first, emotion=CONFLICTING)

    def _plain(self, row: int, path: str) -> str:
        if "://" in path:
            self._wrong(
                row, self._columns.path, "the path of a file", f"an address, {path[:60]!r}; nothing is downloaded"
            )
        path = _slashes(path)
        while path.startswith("./"):
            path = path[2:].lstrip("/")
        return path

    def _label(self, row: int, cell: str) -> str:
        found = self._labels.get(cell)
        if found is None:
            found = cell.strip()
            number, point, zeros = found.partition(".")
            if point and number.lstrip("-").isdigit() and not zeros.strip("0"):  # as programs write 3 beside a gap
                found = number
            if found.lower() in ("", "nan", "null"):
                self._wrong(row, self._columns.label, "a label", repr(cell))
            self._labels[cell] = found
        return found

    def _split(self, row: int, cell: str) -> SplitName:
        found = SPLITS.get(cell) or SPLITS.get(cell.strip().casefold())
        if found is None:
            self._wrong(row, self._columns.split, f"a split among {', '.join(SPLITS)}", repr(cell))
        return found

    def _votes(self, row: int, cells: Sequence[str]) -> dict[str, float]:
        return {word: self._number(row, cells, place, least=0) for word, place in self._columns.votes.items()}

    def _box(self, row: int, cells: Sequence[str], box: Box) -> tuple[float, float, float, float] | None:
        """Return left, top, width and height."""
        if all(cells[place].strip().lower() in EMPTY for place in box.places):
            return None
        left, top, third, fourth = (self._number(row, cells, place) for place in box.places)
        width, height = (third - left, fourth - top) if box.corners else (third, fourth)
        for size, place, beyond in ((width, box.places[2], left), (height, box.places[3], top)):
            if size <= 0:
                expected = f"more than {beyond:g}" if box.corners else "more than 0"
                self._wrong(row, place, expected, repr(cells[place]))
        return left, top, width, height

    def _number(self, row: int, cells: Sequence[str], place: int, least: float = -math.inf) -> float:
        try:
            value = float(cells[place])
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and value >= least):
            self._wrong(row, place, "a number" if least < 0 else f"a number from {least:g} on", repr(cells[place]))
        return value

    def _wrong(self, row: int, place: int | None, expected: str, got: str) -> NoReturn:
        refuse(self._file, expected, got, row, None if place is None else self._names[place])


def _slashes(path: str) -> str:
    return path if "/" in path else path.replace("\\", "/")


def _is_absolute(path: str) -> bool:
    return path.startswith("/") or path[1:3] in (":/", ":\\")


def _most(votes: Mapping[str, float]) -> str:
    """Return the word with most votes."""
    most = max(votes.values())
    words = [word for word, count in votes.items() if count == most]
    return words[0] if len(words) == 1 else NO_MAJORITY


def _grouped(samples: list[Sample]) -> list[Sample]:
    """Make the faces of one image a group, where the table does not say whose they are."""
    faces: dict[str, int] = {}
    for sample in samples:
        faces[sample.path] = faces.get(sample.path, 0) + 1
    return [
        replace(sample, group=sample.path) if sample.group is None and faces[sample.path] > 1 else sample
        for sample in samples
    ]


def _check_files(file: Path, samples: Sequence[Sample]) -> None:
    """Refuse a table none of whose first images is there; single ones that are not are skipped when they are read."""
    for sample in samples[:LOOKED_FOR]:
        try:
            if image_file(file, sample).exists():
                return
        except OSError:  # a name too long, a folder that may not be searched
            continue
    few = min(len(samples), LOOKED_FOR)
    raise DataError(
        f"table {file}: expected images at its paths, got none of the first {few:,}, such as "
        f"{image_file(file, samples[0])}.",
        hint="Relative paths are relative to the table's folder. Name another one with --data-option images=DIR.",
    )


def make_tiny(root: Path) -> dict[str, str]:
    """Write 48 small images and `labels.csv`: six persons with all eight emotions, one to validate and one to test.

    Returns:
        Sample id -> emotion.
    """
    from PIL import Image

    sides = ("train", "train", "train", "train", "validation", "test")
    rows, written = ["file,emotion,split,person"], {}
    (root / "images").mkdir()
    for position, emotion in enumerate(EMOTIONS):
        for number, side in enumerate(sides):
            path = f"images/{number}, {emotion}.png"
            color = (230 - 25 * position, 30 * position, 40 * number)
            Image.new("RGB", (32, 32), color).save(root / path)
            rows.append(f'"{path}",{emotion},{side},person {number}')
            written[path] = emotion
    (root / "labels.csv").write_text("\ufeff" + "\r\n".join(rows) + "\r\n", encoding="utf-8", newline="")
    return written
