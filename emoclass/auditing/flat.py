"""A folder of images without class folders: nothing to train on, but something to audit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from emoclass.data.folder import SPLIT_FOLDERS, holds_only_loose_images, is_passed_over, require_utf8
from emoclass.data.listing import images_in
from emoclass.errors import DataError
from emoclass.values.specs import DatasetSpec, Sample, SplitName

UNLABELED = ""
"""The class word of an image that has none."""


def is_flat(root: Path) -> bool:
    """Tell whether a folder has no classes: none of its folders holds images, or they are split folders without any.

    Empty folders, and those with other files, do not make classes of a folder of images.
    """
    try:
        if holds_only_loose_images(root):
            return True
        folders = _subfolders(root)
        return all(each.name.casefold() in SPLIT_FOLDERS and not _subfolders(each) for each in folders)
    except OSError:  # whoever lists it says why it cannot be
        return False


def load(root: Path | None = None) -> Iterator[Sample]:
    """List the images in a flat folder, and in the split folders below it; other files are passed over.

    Raises:
        DataError: The folder cannot be listed, or a file's name is no UTF-8.
    """
    root = root or Path()
    try:
        places: list[tuple[Path, SplitName | None]] = [(root, None)]
        folders = _subfolders(root)
        if folders and not holds_only_loose_images(root):  # files beside split folders belong to no split
            places = [(each, SPLIT_FOLDERS[each.name.casefold()]) for each in folders]
        for folder, split in places:
            for name in images_in(folder):
                path = (folder / name).relative_to(root).as_posix()
                require_utf8(root, path)
                yield Sample(id=path, path=path, emotion=UNLABELED, split=split)
    except OSError as error:
        raise DataError(f"data folder {error.filename}: cannot be listed ({error.strerror}).") from error


def _subfolders(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.is_dir() and not is_passed_over(each))


FLAT_FOLDER = DatasetSpec(
    name="folder", summary="A folder of images without classes.", load="emoclass.auditing.flat:load"
)
