"""What the loaders share: a dataset as its owner gives it out, and errors in its name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from emoclass import Sample
from emoclass.errors import DataError

Split = Literal["train", "validation", "test"]

CONFLICTING = "conflicting"
"""The class word of an image that its owner lists under two classes: no emotion, left out and counted."""

STRAY = {"thumbs.db", "desktop.ini", "__macosx"}
"""What systems leave in folders, in lower case; so are hidden files."""

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff")
"""What the names of images end in, in lower case."""


class LayoutError(DataError):
    """Files or folders of a dataset are not there."""


@dataclass(frozen=True)
class Release:
    """A dataset as its owner gives it out.

    Attributes:
        name: What users call it.
        url: Where its owner distributes it.
        layout: What its folder holds, for the hints of errors.
    """

    name: str
    url: str
    layout: str

    def missing(self, expected: str, got: str) -> DataError:
        """Return the error for files or folders that are not there."""
        return LayoutError(
            f"dataset {self.name!r}: expected {expected}, got {got}.",
            hint=f"Its layout is {self.layout}. Nothing is downloaded: its owner distributes it at {self.url}.",
        )

    def malformed(self, expected: str, got: str, file: str, line: int | None = None) -> DataError:
        """Return the error for a line, a file or a name that is not as the owner writes it."""
        where = file if line is None else f"{file}, line {line}"
        return DataError(
            f"dataset {self.name!r}: expected {expected}, got {got} ({where}).",
            hint="Fix or remove it, or unpack the owner's files again.",
        )

    def word(self, codes: Mapping[str, str], code: str, file: str, line: int | None = None) -> str:
        """Return the class word that a code of the dataset stands for.

        Raises:
            DataError: There is no such code.
        """
        if code not in codes:
            raise self.malformed(f"a class among {', '.join(codes)}", repr(code), file, line)
        return codes[code]

    def folder(self, root: Path | None) -> Path:
        """Return what the user gave, if it is a folder.

        Raises:
            DataError: It is none.
        """
        if root is None or not root.is_dir():
            raise self.missing("a folder", "none" if root is None else f"{root}, which is no folder")
        return root

    def find(self, root: Path | None, *marks: str) -> Path:
        """Return the folder that holds one of some files or folders: the root, or one up to two levels below it.

        Raises:
            DataError: The root is no folder, none of the marks is there, or several folders have one.
        """
        return self.find_where(root, lambda folder: any(_exists(folder / mark) for mark in marks), " or ".join(marks))

    def find_where(self, root: Path | None, fits: Callable[[Path], bool], wanted: str) -> Path:
        """Return the folder that fits: the root, or one up to two levels below it.

        Args:
            root: Where the search begins.
            fits: Tells whether a folder is the one.
            wanted: What it holds, for errors.

        Raises:
            DataError: The root is no folder, and no folder or several of them fit.
        """
        top = self.folder(root)
        level = [top]
        for _ in range(3):
            found = [folder for folder in level if self._fits(folder, fits, top=top)]
            if len(found) > 1:
                raise DataError(
                    f"dataset {self.name!r}: expected one folder with {wanted}, got {', '.join(map(str, found))}.",
                    hint="Name one of them.",
                )
            if found:
                return found[0]
            level = [inner for folder in level for inner in self._listable(folder, top=top)]
        raise self.missing(f"{wanted} in {root}", "nothing of that name")

    def _fits(self, folder: Path, fits: Callable[[Path], bool], *, top: Path) -> bool:
        try:
            return fits(folder)
        except DataError:  # one below the top, such as `lost+found`, cannot be listed
            if folder == top:
                raise
            return False

    def _listable(self, folder: Path, *, top: Path | None) -> list[Path]:
        """Return a folder's own folders; none where one below the top, such as `lost+found`, cannot be listed."""
        try:
            return self.subfolders(folder)
        except DataError:
            if folder == top:
                raise
            return []

    def subfolders(self, folder: Path) -> list[Path]:
        """Return a folder's own folders, sorted; hidden and stray ones are passed over.

        Raises:
            DataError: It cannot be listed.
        """
        return sorted(Path(entry.path) for entry in self._entries(folder) if entry.is_dir())

    def files(self, folder: Path) -> list[Path]:
        """Return the files in a folder itself, sorted; hidden and stray ones are passed over.

        Raises:
            DataError: It cannot be listed.
        """
        return sorted(Path(entry.path) for entry in self._entries(folder) if not entry.is_dir())

    def pictures_below(self, folder: Path) -> Iterator[Path]:
        """Yield the images in a folder and in those below it, sorted in each; links to folders are passed over.

        Raises:
            DataError: A folder cannot be listed.
        """
        yield from (file for file in self.files(folder) if file.suffix.lower() in PICTURES)
        for inner in self.subfolders(folder):
            if not inner.is_symlink():  # it may lead back up
                yield from self.pictures_below(inner)

    def pictures_in(self, folder: Path) -> bool:
        """Tell whether a folder itself holds images."""
        try:
            return any(file.suffix.lower() in PICTURES for file in self.files(folder))
        except DataError:  # there is no such folder
            return False

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                return [each for each in entries if not each.name.startswith(".") and each.name.lower() not in STRAY]
        except OSError as error:
            raise self.missing(f"the folder {folder}", f"one that cannot be listed ({error.strerror})") from error

    def lines(self, file: Path, shown: str) -> Iterator[tuple[int, str]]:
        """Yield the lines of a text file that are not blank, stripped, each with its number.

        Args:
            file: Where it is.
            shown: What it is called, for errors.

        Raises:
            DataError: It cannot be read, or is no text.
        """
        for number, line in enumerate(self.text(file, shown), start=1):
            if line.strip():
                yield number, line.strip()

    def text(self, file: Path, shown: str) -> Iterator[str]:
        """Yield the lines of a text file as they are, also for a reader of tables.

        Args:
            file: Where it is.
            shown: What it is called, for errors.

        Raises:
            DataError: It cannot be read, or a line is no text.
        """
        try:
            with file.open("rb") as opened:
                for number, line in enumerate(opened, start=1):
                    try:
                        yield line.decode("utf-8-sig" if number == 1 else "utf-8")
                    except UnicodeError as error:
                        raise self.malformed("UTF-8 text", "other bytes", shown, number) from error
        except OSError as error:
            raise self.missing(shown, f"a file that cannot be read ({error.strerror})") from error

    def inside(self, folder: Path, name: str, file: str, line: int) -> Path:
        """Return an image that a list names.

        Raises:
            DataError: The name leads out of the folder.
        """
        image = PurePosixPath(name)
        if image.is_absolute() or ".." in image.parts or not image.parts:
            raise self.malformed(f"the name of an image in {folder.name}", repr(name), file, line)
        return folder / image

    def require(self, root: Path, paths: Iterable[str], listed: str) -> None:
        """Refuse files that a list names but that are not there, and a list that names none.

        Args:
            root: What the paths are relative to.
            paths: The files.
            listed: What names them, for the error.

        Raises:
            DataError: Some are not there; the first is named, and all are counted. Or there are no paths.
        """
        paths = list(paths)
        if not paths:
            raise self.malformed("images", "none", listed)
        absent = [path for path in paths if not _is_file(root / path)]
        if absent:
            got = f"{len(absent):,} that are not there, {absent[0][:120]} for one"
            raise self.missing(f"all files that {listed} names", got)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # in a folder that may not be searched
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name too long for any file
        return False


def without_repeats(samples: Iterable[Sample]) -> list[Sample]:
    """Return samples with unique ids: a repeated one is dropped, and one of two classes becomes `CONFLICTING`."""
    kept: dict[str, Sample] = {}
    for sample in samples:
        first = kept.setdefault(sample.id, sample)
        if first.emotion != sample.emotion:
            kept[sample.id] = replace(first, emotion=CONFLICTING)
    return list(kept.values())
