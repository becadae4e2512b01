"""Votes in a table, some of it on words that are no emotion; for one image nobody voted, and its counts are 0."""

import csv

from emoclass import DatasetSpec, Sample, hookimpl
from emoclass.errors import DataError

WORDS = ("happiness", "fear", "unknown")
COUNTS = [(7, 1, 2), (1, 8, 1), (9, 0, 1), (0, 6, 4), (5, 4, 1), (0, 0, 0), (3, 0, 7), (2, 8, 0)]


def load(root):
    if not (root / "votes.csv").is_file():
        raise DataError(f"dataset some-without-votes: no votes.csv in {root}.", hint="Give its folder with --data DIR.")
    with (root / "votes.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            votes = {word: int(row[word]) for word in WORDS}
            yield Sample(id=row["file"], path=row["file"], emotion=row["emotion"], votes=votes)


def make_tiny(root):
    from PIL import Image

    written = {}
    with (root / "votes.csv").open("w", newline="", encoding="utf-8") as lines:
        table = csv.writer(lines)
        table.writerow(["file", "emotion", *WORDS])
        for number, counts in enumerate(COUNTS):
            name, emotion = f"{number}.png", WORDS[number % 2]
            Image.new("RGB", (24, 24), (20 * number, 90, 60)).save(root / name)
            table.writerow([name, emotion, *counts])
            written[name] = emotion
    return written


@hookimpl
def register_datasets():
    return [
        DatasetSpec(
            name="some-without-votes",
            summary="Photographs with annotators' votes.",
            load=load,
            make_tiny=make_tiny,
            emotions=("happy", "scared"),
        )
    ]
