"""RAF-DB, the basic emotions: faces from the web that about forty people labeled each, with an official test set.

Two layouts are read: the owner's, which says gender, race and age too, and copies of the aligned faces in class
folders, which say neither. The compound emotions come with a list of the same name, whose numbers mean something else.
Their words, and the folders that the owner's archives unpack to, are as users of the dataset describe them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

from emoclass import Sample
from emoclass.errors import ConfigError, DataError
from emoclass_datasets.class_folders import class_folders, holds_classes, split_folders
from emoclass_datasets.other_readers import names_other_readers
from emoclass_datasets.release import Release, Split

_LOGGER = logging.getLogger(__name__)

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

COMPOUND = {
    "1": "happily surprised",
    "2": "happily disgusted",
    "3": "sadly fearful",
    "4": "sadly angry",
    "5": "sadly surprised",
    "6": "sadly disgusted",
    "7": "fearfully angry",
    "8": "fearfully surprised",
    "9": "angrily surprised",
    "10": "angrily disgusted",
    "11": "disgustedly surprised",
}
"""Number in the list of the compound emotions -> class word, which is none of the emotions."""

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

LIST = "list_patition_label.txt"
LISTS = (f"EmoLabel/{LIST}", LIST)
IMAGES = {
    "aligned": ("{}_aligned.jpg", ("Image/aligned/aligned", "Image/aligned", "aligned/aligned", "aligned")),
    "original": ("{}.jpg", ("Image/original/original", "Image/original", "original/original", "original")),
}
"""Which pictures -> the pattern of their names, and the folders that they can be in."""

ANNOTATIONS = ("Annotation/manual/manual", "Annotation/manual", "Annotation")
SPLITS: dict[str, Split] = {"train": "train", "test": "test"}

_NAME = re.compile(r"(?P<stem>(?P<split>train|test)_\d+)\.jpg")


@names_other_readers
def load(root: Path | None = None, *, images: str = "aligned") -> Iterator[Sample]:
    """List the faces with their official split, `train` or `test`.

    The numbers of the compound emotions mean other classes; their samples have words such as `happily surprised`, which
    are no emotions.

    Args:
        root: The owner's folder `basic` or `compound`, a copy's `DATASET`, or a folder above one of them. Of a folder
            above `basic` and `compound`, `basic` is read.
        images: `aligned` face crops of 100x100 pixels, or the `original` photographs, which the copies lack.

    Returns:
        Samples; those of the owner's layout with the attributes `gender`, `race` and `age` in words, where there is a
        well-formed file in `Annotation/manual`. A copy's `val` is `validation`.

    Raises:
        ConfigError: `images` is neither, or `original` and the folder is a copy's.
        DataError: A file or folder is missing, or a line is not as the owner's are.
    """
    if images not in IMAGES:
        raise ConfigError(
            f"dataset 'rafdb', option images: expected {' or '.join(IMAGES)}, got {images!r}.",
            hint="Set it with --data-option (in a config file under [data.options]), or leave it out.",
        )
    home = RELEASE.find_where(root, _is_home, f"{LISTS[0]} or train/ with the class folders 1 to 7")
    if (home / "basic" / LISTS[0]).exists():  # the compound emotions, beside it, have a list of the same name
        home = home / "basic"
    listed = next((name for name in LISTS if (home / name).exists()), None)
    if listed is not None:
        yield from _official(root or home, home, listed, images)
    elif images == "aligned":
        yield from _copy(root or home, home)
    else:
        raise ConfigError(
            f"dataset 'rafdb', option images: {home} holds the aligned faces alone.",
            hint=f"Leave the option out, or get the owner's release at {RELEASE.url}.",
        )


def _is_home(folder: Path) -> bool:
    return any((folder / name).exists() for name in (*LISTS, f"basic/{LISTS[0]}")) or (
        bool(split_folders(RELEASE, folder)) and holds_classes(RELEASE, folder, CODES)
    )


def _official(root: Path, home: Path, listed: str, images: str) -> Iterator[Sample]:
    rows: dict[str, tuple[int, str, Split]] = {}
    for line, text in RELEASE.lines(home / listed, listed):
        name, _, code = text.partition(" ")
        match = _NAME.fullmatch(name)
        if match is None or not code.strip():
            raise RELEASE.malformed("a line such as 'train_00001.jpg 5'", repr(text), listed, line)
        if match["stem"] in rows:
            raise RELEASE.malformed("each image once", f"{name} again", listed, line)
        rows[match["stem"]] = line, code.strip(), SPLITS[match["split"]]
    # Of one number beyond 7 it is more likely that it is wrong.
    is_compound = set(COMPOUND) - set(CODES) <= {code for _, code, _ in rows.values()}
    words = COMPOUND if is_compound else CODES
    named = {stem: RELEASE.word(words, code, listed, line) for stem, (line, code, _) in rows.items()}
    pattern, folders = IMAGES[images]
    folder = next((name for name in folders if RELEASE.pictures_in(home / name)), folders[1])
    RELEASE.require(home, (f"{folder}/{pattern.format(stem)}" for stem in rows), listed)
    attributes = _Attributes(home)
    for stem, (_, _, split) in rows.items():
        yield Sample(
            id=f"{stem}.jpg",
            path=(home / folder / pattern.format(stem)).relative_to(root).as_posix(),
            emotion=named[stem],
            split=split,
            attributes=attributes.of(stem),
        )
    attributes.say()


class _Attributes:
    """Gender, race and age, which the owner's layout has and which no image needs."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._folder = next((name for name in ANNOTATIONS if _holds_text(home / name)), None)
        self._n_without = 0
        self._reason = ""

    def of(self, stem: str) -> dict[str, str]:
        """Return an image's attributes; none where its file is missing or malformed."""
        if self._folder is None:
            return {}
        try:
            return _read_attributes(self._home, f"{self._folder}/{stem}_manu_attri.txt")
        except DataError as error:
            self._n_without += 1
            self._reason = self._reason or error.message
            return {}

    def say(self) -> None:
        """Log how many images have no attributes though others do."""
        if self._n_without:
            _LOGGER.warning(
                "%s images have no gender, race and age, since their annotations cannot be read. The first: %s",
                f"{self._n_without:,}", self._reason,
            )  # fmt: skip


def _holds_text(folder: Path) -> bool:
    return any(folder.glob("*_manu_attri.txt"))


def _read_attributes(home: Path, file: str) -> dict[str, str]:
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
    for folder in class_folders(RELEASE, home, CODES):
        files = list(RELEASE.pictures_below(folder.path))
        if not files:
            raise RELEASE.missing(f"faces in {folder.path}", "none")
        for file in files:
            name, path = (file.relative_to(above).as_posix() for above in (home, root))
            yield Sample(id=name, path=path, emotion=folder.word, split=folder.split)


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
