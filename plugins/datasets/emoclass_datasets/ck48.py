"""CK+48: faces cut from the last three frames of CK+'s labeled sequences, a folder for each class.

Copies with all seven classes, with five and with three are common; some have `train/` and `test/` above the classes.
Three frames of one sequence look almost alike, so a random split would test on what was trained on: the group of a
sample is the person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from emoclass import Sample
from emoclass_datasets.class_folders import class_folders, holds_classes
from emoclass_datasets.other_readers import names_other_readers
from emoclass_datasets.release import Release, Split

CODES = {
    "anger": "angry",
    "contempt": "contemptuous",
    "disgust": "disgusted",
    "fear": "scared",
    "happy": "happy",
    "sadness": "sad",
    "surprise": "surprised",
}
"""Class folder -> emotion."""

RELEASE = Release(
    name="ck48",
    url="https://www.kaggle.com/datasets/shawon10/ckplus",
    layout=(
        "CK+48/{anger,contempt,disgust,fear,happy,sadness,surprise}/S010_004_00000017.png: all of these classes or "
        "some, also below train/ and test/"
    ),
)

_NAME = re.compile(r"(?P<subject>S\d{3})_\d{3}_\d{8}\.png", re.IGNORECASE)


@names_other_readers
def load(root: Path | None = None) -> Iterator[Sample]:
    """List the faces; each person is a group.

    Args:
        root: The folder `CK+48`, or one up to two levels above it.

    Returns:
        Samples with the attribute `subject`, and with the split where the copy has split folders.

    Raises:
        DataError: There is only one class folder, one that is no class, or a file's name does not say person, sequence
            and frame.
    """
    home = RELEASE.find_where(root, lambda folder: holds_classes(RELEASE, folder, CODES), "class folders of CK+48")
    found = False
    for each in class_folders(RELEASE, home, CODES, complete=False):
        for file in RELEASE.files(each.path):
            found = True
            yield _sample(root or home, home, file, each.word, each.split)
    if not found:
        raise RELEASE.missing(f"faces in {home}", "empty class folders")


def _sample(root: Path, home: Path, file: Path, word: str, split: Split | None) -> Sample:
    name = file.relative_to(home).as_posix()
    match = _NAME.fullmatch(file.name)
    if match is None:
        raise RELEASE.malformed("a name such as S010_004_00000017.png", repr(file.name), name)
    subject = match["subject"].upper()
    path = file.relative_to(root).as_posix()
    return Sample(id=name, path=path, emotion=word, group=subject, split=split, attributes={"subject": subject})


def make_tiny(root: Path) -> dict[str, str]:
    """Write one face of each class of three persons.

    Returns:
        Sample id -> emotion.
    """
    from emoclass_datasets.tiny import draw

    classes = (
        ("anger", "angry"),
        ("contempt", "contemptuous"),
        ("disgust", "disgusted"),
        ("fear", "scared"),
        ("happy", "happy"),
        ("sadness", "sad"),
        ("surprise", "surprised"),
    )
    written = {}
    for sequence, (folder, emotion) in enumerate(classes, start=1):
        for person in (10, 11, 999):
            name = f"{folder}/S{person:03d}_{sequence:03d}_00000014.png"
            draw(root / "CK+48" / name)
            written[name] = emotion
    return written
