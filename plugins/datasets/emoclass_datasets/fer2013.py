"""FER2013, as a table of pixels or as class folders.

The public copies with class folders are of two kinds. Where the names of the files tell the owner's split
(`Training_123.jpg`), they decide, in whatever folder a file lies. Where they don't (`im0.png`, `0.jpg`), the split
folders do; their split is then the copy's, which need not be the owner's.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from emoclass import Sample
from emoclass.errors import ConfigError, DataError
from emoclass_datasets import pixel_table
from emoclass_datasets.class_folders import ClassFolder, class_folders, holds_classes, split_folders
from emoclass_datasets.other_readers import names_other_readers
from emoclass_datasets.release import Release, Split

CODES: Mapping[str, str] = {
    "0": "angry",
    "1": "disgust",
    "2": "fear",
    "3": "happy",
    "4": "sad",
    "5": "surprise",
    "6": "neutral",
}
"""The numbers of the table, and what the class folders of the known copies are called."""

_LOGGER = logging.getLogger(__name__)

TABLES = ("fer2013.csv", "icml_face_data.csv")
USAGES: Mapping[str, Split] = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
"""The owner's words for the splits, and what the literature does with them."""

FOLDER_USAGES: Mapping[Split, str] = {"train": "Training", "validation": "a validation folder", "test": "a test folder"}
"""What stands for the Usage of a file whose name does not tell it: split -> Usage."""

N_TRAINING = 28709
"""Images in the owner's training set."""

ENOUGH = 1000
"""Numbered class folders are checked for their order from this number of images on."""

RELEASE = Release(
    name="fer2013",
    url="https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge",
    layout="fer2013.csv, icml_face_data.csv, or {train,validation,test}/{angry,disgust,...}/*.jpg",
)


@names_other_readers
def load(root: Path, *, test: str = "auto") -> Iterator[Sample]:
    """List `fer2013.csv`, `icml_face_data.csv`, or class folders: the first that is there.

    The folder is the root, or one up to two levels below it, such as `fer2013/` or `images/`. Class folders are called
    `angry`, `disgust` and so on, in any case, or `0` to `6`, the numbers of the table. They stand in split folders:
    `train`, and `validation` (or `val`), `test` or both.

    Where PrivateTest is there, it is the test set and PublicTest validates, as in the literature. Where it is not,
    PublicTest is the test set, and a run draws its validation set from the training set. Where the names of files do
    not tell the split, that of their folder counts.

    Args:
        root: The folder.
        test: `auto`, as said above; `private` to insist on PrivateTest; `public` to test on PublicTest and to leave
            PrivateTest out.

    Returns:
        Samples with their splits. An `id` is the file's path, or the table's name and the line in it.

    Raises:
        DataError: None of them is there, a file is malformed, or PrivateTest is wanted and not there.
        ConfigError: Another word for `test`.
    """
    home = RELEASE.find_where(root, holds_images, f"{', '.join(TABLES)} or train/ with class folders")
    table = find_table(home)
    if table is None:
        listed = list(_files(home))
    else:
        rows = pixel_table.rows(RELEASE, table, CODES, USAGES)
        listed = [(f"{table.name}:{row.line:05d}", table.name, CODES[row.code], row.usage) for row in rows]
    if not listed:
        raise RELEASE.missing(f"images in {home}", "none")
    splits = splits_of({usage for *_, usage in listed}, test, RELEASE)
    inside = home.relative_to(root)
    for name, path, word, usage in listed:
        if usage in splits:
            yield Sample(id=name, path=(inside / path).as_posix(), emotion=word, split=splits[usage])


def holds_images(home: Path) -> bool:
    """Tell whether a folder holds a table of pixels, or split folders with the classes of FER2013."""
    return find_table(home) is not None or (bool(split_folders(RELEASE, home)) and holds_classes(RELEASE, home, CODES))


def find_table(home: Path) -> Path | None:
    """Return the table of pixels in a folder, if there is one."""
    return next((home / name for name in TABLES if (home / name).exists()), None)


def splits_of(usages: Collection[str], test: str, release: Release) -> Mapping[str, Split]:
    """Return Usage -> split for the rows or files that count, as `load` says.

    Args:
        usages: The words that are there.
        test: `auto`, `public` or `private`.
        release: What they were found in.

    Raises:
        DataError: PrivateTest is wanted and not there, or left out and all that is there.
        ConfigError: Another word for `test`.
    """
    if test not in ("auto", "public", "private"):
        raise ConfigError(f"data.options.test: expected 'auto', 'public' or 'private', got {test!r}.")
    untold = [usage for usage in FOLDER_USAGES.values() if usage in usages and usage not in USAGES]
    if test != "auto" and untold:
        raise DataError(
            f"dataset {release.name!r}: expected files whose names tell PublicTest from PrivateTest, got others in "
            f"{' and '.join(untold)}.",
            hint=f"Leave the option test = {test!r} out: the split of the folders counts then.",
        )
    if test == "private" and "PrivateTest" not in usages:
        raise DataError(
            f"dataset {release.name!r}: expected images of PrivateTest, got only {', '.join(sorted(usages))}.",
            hint="Some copies lack them. Without the option test = 'private', PublicTest is the test set.",
        )
    if test == "public" and not {"Training", "PublicTest"}.intersection(usages):
        raise DataError(
            f"dataset {release.name!r}: expected images of Training or PublicTest, got those of PrivateTest only.",
            hint="The option test = 'public' leaves PrivateTest out.",
        )
    of_folders = {usage: split for split, usage in FOLDER_USAGES.items() if usage in untold}
    if test == "public" or ("PrivateTest" not in usages and "test" not in of_folders.values()):
        return {"Training": "train", "PublicTest": "test", **of_folders}
    return {**USAGES, **of_folders}


def _files(home: Path) -> Iterator[tuple[str, str, str, str]]:
    """Yield id, path, class and Usage of each file in class folders."""
    folders = list(class_folders(RELEASE, home, CODES))
    files = {folder: RELEASE.files(folder.path) for folder in folders}
    _check_numbers({folder: len(found) for folder, found in files.items()})
    _say_whose_split(files)
    for folder, found in files.items():
        for file in found:
            usage = file.name.partition("_")[0]
            path = file.relative_to(home).as_posix()
            yield path, path, folder.word, usage if usage in USAGES else FOLDER_USAGES[folder.split or "train"]


def _say_whose_split(files: Mapping[ClassFolder, Sequence[Path]]) -> None:
    """Log where a copy's training set is not the owner's: a model that was trained on that has seen other images."""
    training = [file for folder, found in files.items() if folder.split == "train" for file in found]
    told = sum(file.name.partition("_")[0] in USAGES for file in training)
    if training and told < len(training) and len(training) != N_TRAINING:
        _LOGGER.warning(
            "FER2013: the names of the files do not tell the owner's split, and train/ has %s images instead of %s: "
            "the split is this copy's own. A model that was trained on fer2013 may have seen any of its images.",
            f"{len(training):,}", f"{N_TRAINING:,}",
        )  # fmt: skip


def _check_numbers(counts: Mapping[ClassFolder, int]) -> None:
    """Refuse class folders that are numbered in the order of the alphabet, as programs that read folders number them.

    In the table 4 is sad, 5 surprise and 6 neutral; in the alphabet 4 is neutral, 5 sad and 6 surprise. Of the three,
    surprise has by far the fewest images: 3,171 of the training set, against 4,830 and 4,965.
    """
    of_numbers: Counter[str] = Counter()
    for folder, count in counts.items():
        of_numbers[folder.path.name] += count
    if {"4", "5", "6"} <= of_numbers.keys() and sum(of_numbers.values()) >= ENOUGH:
        fewest = min("456", key=of_numbers.__getitem__)
        if fewest != "5":
            raise RELEASE.malformed(
                "class folders with the numbers of fer2013.csv, where 5 is surprise and has fewer images than 4 and 6",
                f"{', '.join(f'{of_numbers[code]:,} in {code}' for code in '456')}",
                "train",
            )


def read_sample(root: Path, sample: Sample) -> bytes:
    """Return one image: a row of the table as a PNG file, or a file of the class folders as it is.

    Raises:
        UnreadableImageError: It cannot be read.
    """
    from emoclass.data.images import read_bytes  # which brings NumPy in

    if sample.path.endswith(".csv"):
        return pixel_table.read_row(root, sample)
    return read_bytes(root / sample.path, path=sample.path)


def make_tiny(root: Path) -> dict[str, str]:
    """Write `fer2013.csv` with 140 rows, twenty of each class, seven tenths of them for training.

    Returns:
        Sample id -> emotion.
    """
    words = ["angry", "disgusted", "scared", "happy", "sad", "surprised", "neutral"]  # the owner's numbers: 0 to 6
    usages = ["Training"] * 98 + ["PublicTest"] * 21 + ["PrivateTest"] * 21
    lines = ["emotion,pixels,Usage"]
    lines += [f"{row % 7},{pixel_table.drawn(row)},{usage}" for row, usage in enumerate(usages)]
    (root / "fer2013.csv").write_text("\n".join(lines) + "\n", encoding="ascii")
    return {f"fer2013.csv:{row + 2:05d}": words[row % 7] for row in range(len(usages))}
