"""A folder of images without class folders: nothing to train on, but something to audit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from emoclass.data.folder import SPLIT_FOLDERS, is_passed_over
from emoclass.data.images import SUFFIXES
from emoclass.errors import DataError
from emoclass.values.specs import DatasetSpec, Sample

UNLABELED = ""
"""The class word of an image that has none."""


def is_flat(root: Path) -> bool:
    """Tell whether a folder holds no class folders: no folder at all, or split folders without any below."""
    try:
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
        places = [(root, None), *((each, SPLIT_FOLDERS[each.name.casefold()]) for each in _subfolders(root))]
        if len(places) > 1:  # files beside split folders belong to no split
            places = places[1:]
        for folder, split in places:
            for file in sorted(folder.iterdir()):
                if file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and not file.is_dir():
                    path = file.relative_to(root).as_posix()
                    if path.encode(errors="replace").decode() != path:
                        raise DataError(
                            f"data folder {root}: expected file names in UTF-8, got {path!r}.", hint="Rename it."
                        )
                    yield Sample(id=path, path=path, emotion=UNLABELED, split=split)
    except OSError as error:
        raise DataError(f"data folder {error.filename}: cannot be listed ({error.strerror}).") from error


def _subfolders(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.is_dir() and not is_passed_over(each))


FLAT_FOLDER = DatasetSpec(
    name="folder", summary="A folder of images without classes.", load="emoclass.auditing.flat:load"
)
