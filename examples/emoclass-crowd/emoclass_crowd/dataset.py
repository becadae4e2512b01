"""The dataset `crowd`: pictures beside a table of how many annotators saw which emotion in them.

    file,person,happy,sad,angry
    pictures/001.png,ann,4,0,1

A column `split` (train, validation or test) is optional; every other column is an emotion.
"""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from emoclass import Sample
from emoclass.errors import DataError
from emoclass.values.labels import canonical

logger = logging.getLogger(__name__)

REQUIRED = ("file", "person")
SPLITS = ("train", "validation", "test")


def load(root: Path, *, table: str = "votes.csv") -> Iterator[Sample]:
    """List the rows of the table, one at a time.

    A picture's emotion is the one with the most votes. Where two emotions share the most, or nobody voted, there is no
    such emotion: the row is left out, and a warning tells how many were.

    Args:
        root: The folder of the table; the column `file` is relative to it.
        table: The table's file name.

    Returns:
        Samples in the order of the rows; `id` is the file, `group` the person (None where the cell is empty).

    Raises:
        DataError: The table is missing or no CSV in UTF-8, lacks a column, or has a row that cannot be read.
    """
    path = root / table
    n_rows = n_undecided = 0
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:  # spreadsheets begin a CSV with a byte order mark
            rows = csv.reader(lines, strict=True)
            header = [name.strip() for name in next(rows, [])]
            emotions = _emotions(header, path)
            seen: set[str] = set()
            for cells in rows:
                if not cells:
                    continue  # an empty line
                n_rows += 1
                where = f"table {path}, line {rows.line_num}"
                sample = _sample(header, cells, emotions, where)
                if sample is None:
                    n_undecided += 1
                    continue
                if sample.id in seen:
                    raise DataError(f"{where}: expected each file once, got {sample.id!r} again.")
                seen.add(sample.id)
                yield sample
    except OSError as error:
        raise DataError(
            f"dataset 'crowd': expected a table {path}, got none ({error.strerror}).",
            hint="Name its folder with --data DIR; another file name is the option table under [data.options].",
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"table {path}: expected a CSV in UTF-8, got {error}.") from error
    if n_undecided:
        logger.warning("table %s: left out %d of %d pictures: no emotion has the most votes", path, n_undecided, n_rows)


def _emotions(header: list[str], path: Path) -> list[str]:
    """Return the columns that count votes, after checking that the header can be used."""
    shown = ", ".join(header) or "none"
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise DataError(
            f"table {path}, line 1: expected the columns {' and '.join(REQUIRED)}, got {shown}.",
            hint="The first line names the columns, separated by commas.",
        )
    emotions = [name for name in header if name not in (*REQUIRED, "split")]
    if len(emotions) < 2:
        raise DataError(f"table {path}, line 1: expected a column for each of two or more emotions, got {shown}.")
    meanings = [canonical(name) or name for name in header]  # happy and happiness would share their votes
    twice = next((name for name, meaning in zip(header, meanings, strict=True) if meanings.count(meaning) > 1), None)
    if twice is not None:
        raise DataError(f"table {path}, line 1: expected one column for each emotion, got {twice!r} twice in {shown}.")
    return emotions


def _sample(header: list[str], cells: list[str], emotions: list[str], where: str) -> Sample | None:
    """Return a row as a sample, or None where no emotion has more votes than the others."""
    if len(cells) != len(header):
        raise DataError(f"{where}: expected {len(header)} cells, got {len(cells)}.")
    row = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    if not row["file"]:
        raise DataError(f"{where}: expected a file, got an empty cell.")
    split: Any = row.get("split")
    if split is not None and split not in SPLITS:
        raise DataError(
            f"{where}, column split: expected {', '.join(SPLITS)}, got {split!r}.",
            hint="A table with this column fills it in every row; without it, emoclass draws the split.",
        )
    votes = {emotion: _count(row[emotion], f"{where}, column {emotion}") for emotion in emotions}
    most = [emotion for emotion, count in votes.items() if count == max(votes.values())]
    if len(most) > 1:
        return None
    return Sample(
        id=row["file"], path=row["file"], emotion=most[0], votes=votes, group=row["person"] or None, split=split
    )


def _count(cell: str, where: str) -> int:
    if not (cell.isascii() and cell.isdigit()):
        raise DataError(
            f"{where}: expected a number of annotators, got {cell!r}.",
            hint="Every column but file, person and split counts votes: 0, 1, 2, ...",
        )
    return int(cell)


def make_tiny(root: Path) -> Mapping[str, str]:
    """Write 24 pictures of eight persons with three emotions each, and their table.

    Args:
        root: The folder; it is made.

    Returns:
        The emotion of each sample's id.
    """
    import numpy as np
    from PIL import Image

    colors = {"happy": (220, 180, 40), "sad": (40, 80, 200), "angry": (200, 40, 40)}
    words = list(colors)
    rng = np.random.default_rng(0)
    (root / "pictures").mkdir(parents=True)
    written = {}
    with (root / "votes.csv").open("w", newline="", encoding="utf-8") as lines:
        table = csv.writer(lines)
        table.writerow([*REQUIRED, *words])
        for number in range(24):
            position, person = number % 3, number // 3
            name = f"pictures/{number:03d}.png"
            pixels = np.array(colors[words[position]]) + rng.integers(-30, 31, (48, 48, 3))
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(root / name)
            votes = [0, 0, 0]
            votes[position] = 5 - person % 3
            votes[(position + 1) % 3] = person % 3  # a picture of the third person is the least clear: 3 to 2
            table.writerow([name, f"person {person}", *votes])
            written[name] = words[position]
    return written
