"""RAF-DB, the basic emotions: faces from the web that about forty people labeled each, with an official test set.

Two layouts are read: the owner's, which says gender, race and age too, and a copy of the aligned faces on Kaggle,
which says neither. The copy's layout is as its users describe it; none of its files was seen when this was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from emoclass import Sample
from emoclass.errors import ConfigError
from emoclass_datasets.release import Release, Split

CODES = {
    "1": "surprised",
    "2": "scared",
    "3": "disgusted",
    "4": "happy",
    "5": "sad",
    "6": "angry",
    "7": "neutral",
}
"""Number in the list, or class folder of the copy -> emotion."""

GENDERS = {"0": "male", "1": "female", "2": "unsure"}
RACES = {"0": "Caucasian", "1": "African-American", "2": "Asian"}
AGES = {"0": "0-3", "1": "4-19", "2": "20-39", "3": "40-69", "4": "70+"}

RELEASE = Release(
    name="rafdb",
    url="http://www.whdeng.cn/RAF/model1.html",
    layout=(
        "EmoLabel/list_patition_label.txt, Image/aligned/train_00001_aligned.jpg and, for gender, race and age, "
        "Annotation/manual/train_00001_manu_attri.txt; or DATASET/{train,test}/{1..7}/*.jpg"
    ),
)

LIST = "EmoLabel/list_patition_label.txt"
IMAGES = {"aligned": "Image/aligned/{}_aligned.jpg", "original": "Image/original/{}.jpg"}
SPLITS: dict[str, Split] = {"train": "train", "test": "test"}

_NAME = re.compile(r"(?P<stem>(?P<split>train|test)_\d+)\.jpg")


def load(root: Path | None = None, *, images: str = "aligned") -> Iterator[Sample]:
    """List the faces with their official split, `train` or `test`.

    Args:
        root: The owner's folder `basic`, the copy's `DATASET`, or a folder above one of them.
        images: `aligned` face crops of 100x100 pixels, or the `original` photographs, which the copy lacks.

    Returns:
        Samples; those of the owner's layout with the attributes `gender`, `race` and `age` in words, where the folder
        `Annotation/manual` is there.

    Raises:
        ConfigError: `images` is neither, or `original` and the folder is the copy's.
        DataError: A file or folder is missing, or a line is not as the owner's are.
    """
    if images not in IMAGES:
        raise ConfigError(
            f"dataset 'rafdb', option images: expected {' or '.join(IMAGES)}, got {images!r}.",
            hint="Set it under [data.options], or leave it out.",
        )
    home = RELEASE.find(root, LIST, f"basic/{LIST}", "train/1")
    if (home / "basic" / LIST).exists():  # the compound emotions, beside it, have a list of the same name
        home = home / "basic"
    if (home / LIST).exists():
        yield from _official(root or home, home, IMAGES[images])
    elif images == "aligned":
        yield from _copy(root or home, home)
    else:
        raise ConfigError(
            f"dataset 'rafdb', option images: {home} holds the aligned faces alone.",
            hint=f"Leave the option out, or get the owner's release at {RELEASE.url}.",
        )


def _official(root: Path, home: Path, pattern: str) -> Iterator[Sample]:
    rows: dict[str, tuple[str, Split]] = {}
    for line, text in RELEASE.lines(home / LIST, LIST):
        name, _, code = text.partition(" ")
        match = _NAME.fullmatch(name)
        if match is None or not code.strip():
            raise RELEASE.malformed("a line such as 'train_00001.jpg 5'", repr(text), LIST, line)
        word = RELEASE.word(CODES, code.strip(), LIST, line)
        if match["stem"] in rows:
            raise RELEASE.malformed("each image once", f"{name} again", LIST, line)
        rows[match["stem"]] = word, SPLITS[match["split"]]
    RELEASE.require(home, (pattern.format(stem) for stem in rows), LIST)
    annotated = (home / "Annotation/manual").is_dir()
    for stem, (word, split) in rows.items():
        path = (home / pattern.format(stem)).relative_to(root).as_posix()
        attributes = _attributes(home, f"Annotation/manual/{stem}_manu_attri.txt") if annotated else {}
        yield Sample(id=f"{stem}.jpg", path=path, emotion=word, split=split, attributes=attributes)


def _attributes(home: Path, file: str) -> dict[str, str]:
    """Return gender, race and age: the three lines below five of landmarks."""
    lines = list(RELEASE.lines(home / file, file))
    if len(lines) != 8:
        raise RELEASE.malformed("8 lines: five landmarks, gender, race, age", f"{len(lines)}", file)
    tables = {"gender": GENDERS, "race": RACES, "age": AGES}
    found = {}
    for (line, code), (name, table) in zip(lines[5:], tables.items(), strict=True):
        if code not in table:
            raise RELEASE.malformed(f"a number for {name} among {', '.join(table)}", repr(code), file, line)
        found[name] = table[code]
    return found


def _copy(root: Path, home: Path) -> Iterator[Sample]:
    for side, split in SPLITS.items():
        if not (home / side).is_dir():
            raise RELEASE.missing(f"train/ and test/ in {home}", f"no {side}/")
        folders = RELEASE.subfolders(home / side)
        absent = [code for code in CODES if code not in {folder.name for folder in folders}]
        if absent:
            raise RELEASE.missing(f"the class folders {', '.join(CODES)} in {home / side}", f"no {', '.join(absent)}")
        for folder in folders:
            word = RELEASE.word(CODES, folder.name, str(home / side))
            files = list(RELEASE.pictures_below(folder))
            if not files:
                raise RELEASE.missing(f"faces in {folder}", "none")
            for file in files:
                name, path = (file.relative_to(above).as_posix() for above in (home, root))
                yield Sample(id=name, path=path, emotion=word, split=split)


def make_tiny(root: Path) -> dict[str, str]:
    """Write four faces of each emotion in the owner's layout, the last of them a test image, with all attributes.

    Returns:
        Sample id -> emotion.
    """
    from emoclass_datasets.tiny import draw

    order = ("surprised", "scared", "disgusted", "happy", "sad", "angry", "neutral")
    rows, written = [], {}
    for number in range(4 * len(order)):
        code = number % len(order) + 1
        stem = f"test_{number:04d}" if number >= 3 * len(order) else f"train_{number:05d}"
        draw(root / f"basic/Image/aligned/{stem}_aligned.jpg", mode="RGB")
        rows.append(f"{stem}.jpg {code}\n")
        note = root / f"basic/Annotation/manual/{stem}_manu_attri.txt"
        note.parent.mkdir(parents=True, exist_ok=True)
        traits = f"{number % 3}\n{number // 3 % 3}\n{number % 5}\n"
        note.write_text("9.5\t8.0\n" * 5 + traits, encoding="utf-8")
        written[f"{stem}.jpg"] = order[code - 1]
    (root / "basic/EmoLabel").mkdir()
    (root / "basic/EmoLabel/list_patition_label.txt").write_text("".join(rows), encoding="utf-8")
    return written
