"""The `folder` dataset: a folder of images per class, what most people have."""

from __future__ import annotations

import csv
import logging
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from emoclass.data.listing import images_in
from emoclass.data.outputs import is_output
from emoclass.data.search import Search
from emoclass.data.table_columns import check_groups, compiled, group_in
from emoclass.errors import DataError
from emoclass.values.cells import from_cells
from emoclass.values.labels import EMOTIONS, canonical
from emoclass.values.specs import Sample, SplitName
from emoclass.values.tables import names_table
from emoclass.values.text import why_not_utf8

logger = logging.getLogger(__name__)

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

LEVELS_BELOW = 2
"""How far below the root the class folders are looked for, as in `archive/fer2013/train/angry`."""


def is_passed_over(folder: str | Path) -> bool:
    """Tell whether a folder holds no images of the user's: a hidden one, what macOS adds to archives, our own runs."""
    name = os.path.basename(folder)  # noqa: PTH119 (asked of each folder)
    return name.startswith(".") or name == "__MACOSX" or is_output(folder)


def load(root: Path | None = None, *, group: str | None = None) -> Iterator[Sample]:
    r"""List `<root>/<class>/*`, or `<root>/{train,val|validation,test}/<class>/*`.

    Where no folder in the root is named after an emotion or a split, one folder up to two levels below may hold such
    folders, and is read. A class folder is read with everything below it. Hidden files and folders, files beside the
    class folders, links to folders below a class folder, and folders of runs are passed over; any other file is listed,
    a broken link too: whether it is an image shows when it is decoded. Crops that `emoclass crop` made of one
    photograph are a group.

    Args:
        root: The folder.
        group: A regular expression that finds the person or source in a path, such as `(S\d+)_`: its first group, or
            the whole match.

    Returns:
        Samples in the order of their paths; `emotion` is the class folder's name, `id` the path.

    Raises:
        ConfigError: `group` is no regular expression.
        DataError: The folder is missing, is no folder, has no class folders or several folders of them, mixes class
            and split folders, or cannot be listed; `group` matches no path.
    """
    if root is None:
        raise DataError("dataset 'folder': expected a folder of images, got none.", hint="Name it with --data DIR.")
    try:
        if not root.exists():
            raise DataError(
                f"data folder {root}: no such folder.", hint="Check the path: --data, or data.root in a config file."
            )
        if not root.is_dir():
            raise DataError(
                f"data folder {root}: expected a folder, got a file.",
                hint="The dataset 'table' reads CSV, TSV, JSON lines and Parquet files.",
            )
    except OSError as error:  # a name too long, a parent that may not be searched
        _refuse(error)
    below = _level_of_classes(root, root)
    folders = _subfolders(root / below)
    if not folders:
        tables = sorted(each for each in root.iterdir() if names_table(each))
        raise DataError(
            f"data folder {root}: expected one subfolder per class, found none.",
            hint="Put the images into subfolders named after their emotion, such as happy/ and sad/."
            + (f" Or name a table, if {tables[0]} is one." if tables else ""),
        )
    official = [folder for folder in folders if folder.casefold() in SPLIT_FOLDERS]
    if official and len(official) < len(folders):
        strangers = ", ".join(folder for folder in folders if folder not in official)
        raise DataError(
            f"data folder {root / below}: split folders ({', '.join(official)}) stand beside others ({strangers}).",
            hint="Use either one subfolder per class, or train/, validation/ and test/ with the class folders below "
            "them.",
        )
    pattern = None if group is None else compiled(group)
    samples = _samples(root, below, folders, bool(official))
    return samples if pattern is None else _grouped(samples, pattern)


def _grouped(samples: Iterator[Sample], pattern: re.Pattern[str]) -> Iterator[Sample]:
    n, n_matched, unmatched = 0, 0, None
    for sample in samples:
        found = group_in(sample.path, pattern)
        n, n_matched = n + 1, n_matched + (found is not None)
        if found is None:
            unmatched = unmatched or sample.path
        yield sample if found is None else replace(sample, group=found)
    if note := check_groups(pattern, n_matched, n, unmatched):
        logger.warning("%s", note)


def _samples(root: Path, below: str, folders: list[str], official: bool) -> Iterator[Sample]:
    groups = {f"{below}{crop}": photograph for crop, photograph in _photographs(root / below).items()}
    if not official:
        for name in folders:
            yield from _class_samples(root, f"{below}{name}", name, None, groups)
        return
    for folder in folders:
        inner = f"{below}{folder}/"
        inner += _level_of_classes(root / inner, root)
        for name in _subfolders(root / inner):
            yield from _class_samples(root, f"{inner}{name}", name, SPLIT_FOLDERS[folder.casefold()], groups)


def _level_of_classes(top: Path, root: Path) -> str:
    """Return the path, below a folder, of the folder that holds class or split folders: "", or one that ends in "/".

    The words of a class that is no emotion can only be told by its images: where a folder holds some, it is a class.

    Raises:
        DataError: Several folders hold class folders.
    """
    level = [""]
    for _ in range(LEVELS_BELOW + 1):
        inside = {below: _subfolders(top / below) for below in level}
        found = [below for below, names in inside.items() if any(map(_is_known, names))]
        if len(found) == 1:
            return found[0]
        if found:
            shown = ", ".join(str(top / below) for below in found[:5]) + (", ..." if len(found) > 5 else "")
            raise DataError(
                f"data folder {root}: expected one folder with the class folders, found {len(found)}: {shown}.",
                hint="Name one of them, or put the images of each class into one folder.",
            )
        level = [f"{below}{name}/" for below, names in inside.items() for name in names]
        if any(_holds_images(top / below) for below in level):
            break
    return ""


def _is_known(name: str) -> bool:
    return canonical(name) is not None or name.casefold() in SPLIT_FOLDERS


def _holds_images(folder: Path) -> bool:
    try:
        return any(True for _ in images_in(folder))
    except OSError as error:
        _refuse(error)


def _photographs(root: Path) -> dict[str, str]:
    """Return crop -> photograph, for those that `emoclass crop` made of photographs with several faces."""
    try:
        with (root / CROPS_TABLE).open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            return {
                row["crop"]: row["source"]
                for row in map(from_cells, csv.DictReader(file))
                if row["crop"] and row["faces"] != "1"
            }
    except (OSError, KeyError, csv.Error):  # there is none, or it is another table
        return {}


def _class_samples(
    root: Path, folder: str, emotion: str, split: SplitName | None, groups: Mapping[str, str]
) -> Iterator[Sample]:
    for path in _files(str(root), folder):
        require_utf8(root, path)
        yield Sample(id=path, path=path, emotion=emotion, split=split, group=groups.get(path))


def require_utf8(root: Path, path: str) -> None:
    """Refuse the name of a file that cannot be written into tables.

    Raises:
        DataError: It is not UTF-8, or is taken for something else.
    """
    wrong = why_not_utf8(path)
    if wrong is not None:
        reason, hint = wrong
        raise DataError(f"data folder {root}: {path!a} cannot be read: {reason}.", hint=hint)


def _files(root: str, folder: str) -> Iterator[str]:
    """Return the files below a folder, relative to the root, in the order of their paths; text, not `Path`s."""
    try:
        with os.scandir(f"{root}/{folder}") as found:
            entries = sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda entry: entry.name)
    except OSError as error:
        _refuse(error)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if is_passed_over(entry.path):
                continue
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
        found = [entry for entry in folder.iterdir() if entry.is_dir() and not is_passed_over(entry)]
    except OSError as error:
        _refuse(error)
    return sorted(entry.name for entry in found if not _leads_up(entry))


def _leads_up(folder: Path) -> bool:
    """Tell whether a folder is a link to one that it stands in: every image there would be listed once more."""
    return folder.is_symlink() and folder.parent.resolve().is_relative_to(folder.resolve())


def _refuse(error: OSError) -> NoReturn:
    raise DataError(f"data folder {error.filename}: cannot be listed ({error.strerror}).") from error


def holds_only_loose_images(root: Path) -> bool:
    """Tell whether a folder holds images, and no folder below it does: it is a folder without classes.

    Raises:
        OSError: It cannot be listed.
    """
    if next(images_in(root), None) is None:
        return False

    def is_left_out(folder: str) -> bool:
        return is_passed_over(folder.rstrip(os.sep))

    below = (each for each in root.iterdir() if each.is_dir() and not is_passed_over(each))
    return not any(
        True for each in below for _ in Search.in_folder(str(each)).run(is_left_out, lambda folder, error: None)
    )


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
