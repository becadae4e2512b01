"""The `folder` dataset: a folder of images per class, what most people have."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from emoclass.errors import DataError
from emoclass.values.labels import EMOTIONS
from emoclass.values.specs import Sample, SplitName

SPLIT_FOLDERS: dict[str, SplitName] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}


CROPS_TABLE = "crops.csv"
"""What `emoclass crop` writes beside the crops: where each comes from."""


def load(root: Path | None = None) -> Iterator[Sample]:
    """List `<root>/<class>/*`, or `<root>/{train,val|validation,test}/<class>/*`.

    A class folder is read with everything below it. Hidden files and folders, files beside the class folders, and
    links to folders below a class folder are passed over; any other file is listed, a broken link too: whether it
    is an image shows when it is decoded. Crops that `emoclass crop` made of one photograph are a group.

    Args:
        root: The folder.

    Returns:
        Samples in the order of their paths; `emotion` is the class folder's name, `id` the path.

    Raises:
        DataError: The folder is missing, is no folder, has no class folders, mixes class and split folders, or
            cannot be listed.
    """
    if root is None:
        raise DataError("dataset 'folder': expected a folder of images, got none.", hint="Name it with --data DIR.")
    try:
        if not root.exists():
            raise DataError(
                f"data folder {root}: no such folder.", hint="Check the path: --data, or data.root in a config file."
            )
        if not root.is_dir():
            raise DataError(f"data folder {root}: expected a folder, got a file.")
    except OSError as error:  # a name too long, a parent that may not be searched
        _refuse(error)
    folders = _subfolders(root)
    if not folders:
        raise DataError(
            f"data folder {root}: expected one subfolder per class, found none.",
            hint="Put the images into subfolders named after their emotion, such as happy/ and sad/.",
        )
    official = [folder for folder in folders if folder.casefold() in SPLIT_FOLDERS]
    if official and len(official) < len(folders):
        strangers = ", ".join(folder for folder in folders if folder not in official)
        raise DataError(
            f"data folder {root}: split folders ({', '.join(official)}) stand beside others ({strangers}).",
            hint="Use either one subfolder per class, or train/, validation/ and test/ with the class folders below "
            "them.",
        )
    return _samples(root, folders, bool(official))


def _samples(root: Path, folders: list[str], official: bool) -> Iterator[Sample]:
    groups = _photographs(root)
    if not official:
        for name in folders:
            yield from _class_samples(root, name, name, None, groups)
        return
    for folder in folders:
        for name in _subfolders(root / folder):
            yield from _class_samples(root, f"{folder}/{name}", name, SPLIT_FOLDERS[folder.casefold()], groups)


def _photographs(root: Path) -> dict[str, str]:
    """Return crop -> photograph, for those that `emoclass crop` made of photographs with several faces."""
    try:
        with (root / CROPS_TABLE).open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            return {row["crop"]: row["source"] for row in csv.DictReader(file) if row["crop"] and row["faces"] != "1"}
    except (OSError, KeyError, csv.Error):  # there is none, or it is another table
        return {}


def _class_samples(
    root: Path, folder: str, emotion: str, split: SplitName | None, groups: Mapping[str, str]
) -> Iterator[Sample]:
    for path in _files(str(root), folder):
        if path.encode(errors="replace").decode() != path:
            raise DataError(f"data folder {root}: expected file names in UTF-8, got {path!r}.", hint="Rename it.")
        yield Sample(id=path, path=path, emotion=emotion, split=split, group=groups.get(path))


def _files(root: str, folder: str) -> Iterator[str]:
    """Return the files below a folder, relative to the root, in the order of their paths; text, not `Path`s."""
    try:
        with os.scandir(f"{root}/{folder}") as found:
            entries = sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda entry: entry.name)
    except OSError as error:
        _refuse(error)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(root, f"{folder}/{entry.name}")
        elif _is_file_or_broken_link(entry):
            yield f"{folder}/{entry.name}"


def _is_file_or_broken_link(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file() or not Path(entry.path).exists()
    except OSError:  # whatever it is, decoding says why it cannot be read
        return True


def _subfolders(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    except OSError as error:
        _refuse(error)


def _refuse(error: OSError) -> NoReturn:
    raise DataError(f"data folder {error.filename}: cannot be listed ({error.strerror}).") from error


def make_tiny(root: Path) -> dict[str, str]:
    """Write 48 small images, six of each emotion, in the layout that `load` reads.

    Returns:
        Sample id -> emotion.
    """
    from PIL import Image

    written = {}
    for position, emotion in enumerate(EMOTIONS):
        folder = root / emotion
        folder.mkdir(parents=True)
        for number in range(6):
            color = (230 - 25 * position, 30 * position, 40 * number)
            Image.new("RGB", (32, 32), color).save(folder / f"{number}.png")
            written[f"{emotion}/{number}.png"] = emotion
    return written
