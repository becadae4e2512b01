"""It reads a column that its table does not have."""

import csv

from emoclass import DatasetSpec, Sample, hookimpl
from emoclass.errors import DataError

CAUGHT_BY = "check_tiny_round_trips"
MESSAGE = "expected no error, got KeyError: 'file' (misnamed_column.py, line"


def load(root):
    if not (root / "labels.csv").is_file():
        raise DataError(f"dataset misnamed-column: no labels.csv in {root}.", hint="Give its folder with --data DIR.")
    with (root / "labels.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            yield Sample(id=row["file"], path=row["file"], emotion=row["emotion"])


def make_tiny(root):
    from PIL import Image

    rows = ["name,emotion"]
    for emotion in ("happy", "sad"):
        (root / emotion).mkdir(parents=True)
        for number in range(3):
            Image.new("RGB", (24, 24), (80 * number, 90, 60)).save(root / emotion / f"{number}.png")
            rows.append(f"{emotion}/{number}.png,{emotion}")
    (root / "labels.csv").write_text("\n".join(rows), encoding="utf-8")


@hookimpl
def register_datasets():
    return [
        DatasetSpec(
            name="misnamed-column",
            summary="Photographs in a folder per emotion.",
            load=load,
            make_tiny=make_tiny,
            emotions=("happy", "sad"),
        )
    ]
