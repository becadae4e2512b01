"""Copies of datasets as class folders, with or without split folders above them, however either are spelled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from emoclass.values.labels import ALIASES, canonical
from emoclass_datasets.release import Release, Split

SPLITS: Mapping[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
"""Folder, in lower case -> split."""

MISSPELLED = {"suprise": "surprised"}
"""Spellings that public copies have -> emotion."""


@dataclass(frozen=True)
class ClassFolder:
    """A folder with the images of one class.

    Attributes:
        path: Where it is.
        word: The class word.
        split: What the folder above it says; None without split folders.
    """

    path: Path
    word: str
    split: Split | None


def names_of(codes: Mapping[str, str]) -> dict[str, str]:
    """Return folder name, in lower case -> class word: the code itself, its word, and all words for its emotion.

    Example:
        >>> names = names_of({"5": "surprise"})
        >>> [names.get(each) for each in ("5", "surprised", "suprise", "fear")]
        ['surprise', 'surprise', 'surprise', None]
    """
    word_of = {canonical(word): word for word in codes.values()}
    spelled = {**ALIASES, **MISSPELLED, **{emotion: emotion for emotion in word_of if emotion}}
    names = {name: word_of[emotion] for name, emotion in spelled.items() if emotion in word_of}
    names |= {word.casefold(): word for word in codes.values()}
    return names | {code.casefold(): word for code, word in codes.items()}


def split_folders(release: Release, home: Path) -> dict[Path, Split]:
    """Return the split folders in a folder."""
    folders = release.subfolders(home)
    return {folder: SPLITS[folder.name.casefold()] for folder in folders if folder.name.casefold() in SPLITS}


def holds_classes(release: Release, home: Path, codes: Mapping[str, str]) -> bool:
    """Tell whether a folder holds class folders, or split folders with class folders: at least two of a dataset's."""
    names = names_of(codes)
    return any(
        len({names.get(folder.name.casefold()) for folder in release.subfolders(place)} - {None}) > 1
        for place in (home, *split_folders(release, home))
    )


def class_folders(
    release: Release, home: Path, codes: Mapping[str, str], *, complete: bool = True
) -> Iterator[ClassFolder]:
    """Yield the class folders in a folder, or in its split folders.

    Args:
        release: The dataset.
        home: The folder.
        codes: Code -> class word; `names_of` says how folders may be called.
        complete: Whether each split must have all classes.

    Raises:
        DataError: A folder beside the class folders is no class, a class is missing, or has two folders.
    """
    names, splits = names_of(codes), split_folders(release, home)
    places: list[tuple[Path, Split | None]] = list(splits.items()) if splits else [(home, None)]
    for place, split in places:
        found: dict[str, Path] = {}
        for folder in release.subfolders(place):
            word = names.get(folder.name.casefold())
            shown = folder.relative_to(home).as_posix()
            if word is None:
                raise release.malformed(f"folders called {', '.join(codes.values())}", repr(folder.name), shown)
            if word in found:
                raise release.malformed(f"one folder for {word}", f"{found[word].name} and {folder.name}", shown)
            found[word] = folder
        absent = [word for word in dict.fromkeys(codes.values()) if word not in found]
        if complete and absent:  # half a dataset would be measured without a word
            raise release.missing(f"a folder for each class in {place}", f"none for {', '.join(absent)}")
        for word, folder in found.items():
            yield ClassFolder(folder, word, split)
