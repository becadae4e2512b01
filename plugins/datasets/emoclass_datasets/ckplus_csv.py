"""CK+ as a table of pixels, in the form of FER2013: `ckextended.csv`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from emoclass import Sample
from emoclass_datasets import fer2013, pixel_table
from emoclass_datasets.other_readers import names_other_readers
from emoclass_datasets.release import Release

CODES: Mapping[str, str] = {
    "0": "anger",
    "1": "disgust",
    "2": "fear",
    "3": "happiness",
    "4": "sadness",
    "5": "surprise",
    "6": "neutral",
    "7": "contempt",
}
"""The numbers of the column `emotion`: those of FER2013, and one more."""

TABLE = "ckextended.csv"
RELEASE = Release(name="ckplus-csv", url="https://www.kaggle.com/datasets/davilsena/ckdataset", layout=TABLE)


@names_other_readers
def load(root: Path) -> Iterator[Sample]:
    """List the rows of `ckextended.csv`.

    The layout is known from descriptions of the file and not from the file itself: an unknown number or word is an
    error, never passed over. Without a column `Usage` there are no official splits. The persons are not known, so
    samples have no group.

    Args:
        root: The folder.

    Returns:
        Samples with the splits of the table, where it has any. An `id` is the table's name and the line in it.

    Raises:
        DataError: The table is not there, or malformed; the message names the line.
    """
    table = RELEASE.find(root, TABLE) / TABLE
    for row in pixel_table.rows(RELEASE, table, CODES, fer2013.USAGES, needs_usage=False):
        yield Sample(
            id=f"{TABLE}:{row.line:05d}",
            path=table.relative_to(root).as_posix(),
            emotion=CODES[row.code],
            split=fer2013.USAGES[row.usage] if row.usage else None,
        )


def make_tiny(root: Path) -> dict[str, str]:
    """Write `ckextended.csv` with 40 rows, five of each class.

    Returns:
        Sample id -> emotion.
    """
    words = ["angry", "disgusted", "scared", "happy", "sad", "surprised", "neutral", "contemptuous"]  # numbers 0 to 7
    usages = ["Training"] * 24 + ["PublicTest"] * 8 + ["PrivateTest"] * 8
    lines = ["emotion,pixels,Usage"]
    lines += [f"{row % 8},{pixel_table.drawn(row)},{usage}" for row, usage in enumerate(usages)]
    (root / TABLE).write_text("\n".join(lines) + "\n", encoding="ascii")
    return {f"{TABLE}:{row + 2:05d}": words[row % 8] for row in range(len(usages))}
