"""FER2013, as a table of pixels or as Kaggle's folders."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from emoclass import Sample
from emoclass.errors import ConfigError, DataError
from emoclass_datasets import pixel_table
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
"""The numbers of the table, and what Kaggle's folders call the same classes."""

TABLES = ("fer2013.csv", "icml_face_data.csv")
FOLDERS = ("train", "test")
USAGES: Mapping[str, Split] = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
"""The owner's words for the splits, and what the literature does with them."""

RELEASE = Release(
    name="fer2013",
    url="https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge",
    layout="fer2013.csv, icml_face_data.csv, or {train,test}/{angry,disgust,...}/*.jpg",
)


def load(root: Path, *, test: str = "auto") -> Iterator[Sample]:
    """List `fer2013.csv`, `icml_face_data.csv`, or `{train,test}/{angry,disgust,...}/*.jpg`: the first that is there.

    The folder is the root, or one inside it, such as `fer2013/`. Where PrivateTest is there, it is the test set and
    PublicTest validates, as in the literature. Where it is not, PublicTest is the test set, and a run draws its
    validation set from the training set.

    Args:
        root: The folder.
        test: `auto`, as said above; `private` to insist on PrivateTest; `public` to test on PublicTest and to leave
            PrivateTest out.

    Returns:
        Samples with the official splits. An `id` is the file's path, or the table's name and the line in it.

    Raises:
        DataError: None of them is there, a file is malformed, or PrivateTest is wanted and not there.
        ConfigError: Another word for `test`.
    """
    home = RELEASE.find(root, *TABLES, *FOLDERS)
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
    if test == "public" or "PrivateTest" not in usages:
        return {"Training": "train", "PublicTest": "test"}
    return USAGES


def _files(home: Path) -> Iterator[tuple[str, str, str, str]]:
    """Yield id, path, class and Usage of each file in Kaggle's folders."""
    words = set(CODES.values())
    for split in FOLDERS:
        folders = RELEASE.subfolders(home / split) if (home / split).is_dir() else []
        absent = words - {folder.name for folder in folders}
        for folder in folders:
            path = f"{split}/{folder.name}"
            if folder.name not in words:
                raise RELEASE.malformed(f"folders called {', '.join(CODES.values())}", repr(folder.name), path)
            for file in RELEASE.files(folder):
                usage = file.name.partition("_")[0]
                if usage not in USAGES:
                    begins = ", ".join(f"{each}_" for each in USAGES)
                    raise RELEASE.malformed(f"a name that begins with {begins}", file.name, f"{path}/{file.name}")
                yield f"{path}/{file.name}", f"{path}/{file.name}", folder.name, usage
        if folders and absent:  # half a dataset would be measured without a word
            raise RELEASE.missing(f"a folder for each class in {home / split}", f"none for {', '.join(sorted(absent))}")


def read_sample(root: Path, sample: Sample) -> bytes:
    """Return one image: a row of the table as a PNG file, or a file of Kaggle's folders as it is.

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
