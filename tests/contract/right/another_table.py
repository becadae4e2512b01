"""Its recipe reads another table than the one that make_tiny writes."""

import csv

from emoclass import DatasetSpec, Recipe, Sample, hookimpl
from emoclass.errors import DataError


def load(root, *, table="labels.csv"):
    if not (root / table).is_file():
        raise DataError(f"dataset another-table: no {table} in {root}.", hint="Give its folder with --data DIR.")
    with (root / table).open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            yield Sample(id=row["file"], path=row["file"], emotion=row["emotion"])


def make_tiny(root):
    from PIL import Image

    written = {}
    for number in range(8):
        Image.new("RGB", (24, 24), (200 - 150 * (number % 2), 90 + number, 60)).save(root / f"{number}.png")
        written[f"{number}.png"] = ("happy", "sad")[number % 2]
    lines = ["file,emotion", *(f"{name},{emotion}" for name, emotion in written.items())]
    (root / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return written


@hookimpl
def register_datasets():
    return [
        DatasetSpec(
            name="another-table",
            summary="A table of files.",
            load=load,
            make_tiny=make_tiny,
            emotions=("happy", "sad"),
        )
    ]


@hookimpl
def register_recipes():
    config = {
        "labels": ["happy", "sad"],
        "data": {"dataset": "another-table", "options": {"table": "cleaned.csv"}},
        "model": {"name": "tiny"},
    }
    return [Recipe(name="another-table", summary="A quick experiment.", config=config)]
