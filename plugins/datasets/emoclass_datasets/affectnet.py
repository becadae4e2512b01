"""AffectNet: faces from the web, labeled by hand; the release with tables, and that of 2021 with arrays.

The owner keeps the test set. Everybody reports metrics on the validation set, so that is `test` here, and a run samples
its validation set from the training set: results stay comparable, and nothing is tuned on the test images.

Copies in class folders have no official split of their own making: what their folders say is the copy's. Where a copy
has a validation folder and no test folder, that is the test set, as in the owner's releases.

The layout of the 2021 release, and that `validation.csv` may come without the line of column names, are as users of
the dataset describe them; none of its files was seen when this was written.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from emoclass import Sample
from emoclass_datasets.class_folders import class_folders, holds_classes
from emoclass_datasets.crops import face_id
from emoclass_datasets.other_readers import names_other_readers
from emoclass_datasets.release import Release, Split, without_repeats

CODES = {
    "0": "neutral",
    "1": "happy",
    "2": "sad",
    "3": "surprised",
    "4": "scared",
    "5": "disgusted",
    "6": "angry",
    "7": "contemptuous",
    "8": "none",
    "9": "uncertain",
    "10": "non-face",
}
"""Number of an expression -> emotion, or a word for what is none."""

RELEASE = Release(
    name="affectnet",
    url="http://mohammadmahoor.com/affectnet/",
    layout=(
        "Manually_Annotated_file_lists/{training,validation}.csv beside Manually_Annotated_Images/ (also below "
        "Manually_Annotated/ or Manually_Annotated_compressed/, and with the lists beside the images); "
        "{train_set,val_set}/images/0.jpg beside {train_set,val_set}/annotations/0_exp.npy; or class folders of the "
        "eight names or 0 to 7, also below train/, val/ and test/"
    ),
)

LISTS: dict[str, Split] = {"validation.csv": "test", "training.csv": "train"}
SETS: dict[str, Split] = {"val_set": "test", "train_set": "train"}
TABLES = "Manually_Annotated_file_lists"
IMAGES = (
    "Manually_Annotated/Manually_Annotated_Images",
    "Manually_Annotated_compressed/Manually_Annotated_Images",
    "Manually_Annotated_Images",
    "Manually_Annotated",
    "Manually_Annotated_compressed",
    ".",
)
"""The folders that the images' paths can be relative to."""

CLASSES = {code: word for code, word in CODES.items() if int(code) < 8}
"""The class folders of copies."""
BOX = ("face_x", "face_y", "face_width", "face_height")
COLUMNS = ("subDirectory_filePath", *BOX, "facial_landmarks", "expression", "valence", "arousal")
UNKNOWN = {"", "null", "nan", "none"}


@names_other_readers
def load(root: Path | None = None) -> Iterator[Sample]:
    """List the faces of either release, or of a copy in class folders; one of a release's two parts is enough.

    A row that stands twice is listed once; one face with two labels is `conflicting`, which is no emotion. A row whose
    box has single fields that are NULL has no box: the whole image is the face.

    Args:
        root: The owner's folder, or one up to two levels above it.

    Returns:
        Samples with their official split: the owner's training set is `train`, the validation set `test`. With the
        tables, the id has the face's box, by which `crops.read_sample` cuts it out.

    Raises:
        DataError: A file or folder is missing, or a line or an array is not as the owner's are.
    """
    home = RELEASE.find_where(root, _is_home, f"{TABLES}, {' or '.join(LISTS)}, {' or '.join(SETS)}, or class folders")
    if _lists_of(home):
        return iter(without_repeats(_tables(root or home, home, _lists_of(home))))
    if (home / TABLES).is_dir():
        raise RELEASE.missing(f"training.csv or validation.csv in {home / TABLES}", "neither")
    if any((home / name).is_dir() for name in SETS):
        return _arrays(root or home, home)
    return _folders(root or home, home)


def _is_home(folder: Path) -> bool:
    return (
        (folder / TABLES).is_dir()
        or any((folder / name).is_dir() for name in SETS)
        or bool(_lists_of(folder))
        or holds_classes(RELEASE, folder, CLASSES)
    )


def _lists_of(home: Path) -> list[str]:
    """Return the lists that are there, in their own folder or beside the images."""
    for above in (f"{TABLES}/", ""):
        found = [f"{above}{name}" for name in LISTS if (home / above / name).is_file()]
        if found:
            return found
    return []


def _folders(root: Path, home: Path) -> Iterator[Sample]:
    folders = list(class_folders(RELEASE, home, CLASSES, complete=False))
    splits = {folder.split for folder in folders}
    for folder in folders:
        split = "test" if folder.split == "validation" and "test" not in splits else folder.split
        for file in RELEASE.pictures_below(folder.path):
            unique, path = (file.relative_to(above).as_posix() for above in (home, root))
            yield Sample(id=unique, path=path, emotion=folder.word, split=split)


def _tables(root: Path, home: Path, lists: Sequence[str]) -> Iterator[Sample]:
    for shown in lists:
        folder: str | None = None
        samples = []
        for line, fields in _rows(home / shown, shown):
            image, code = fields[0].replace("\\", "/"), fields[6].strip()
            if folder is None:
                folder = _folder_of(home, image)
            word, box = RELEASE.word(CODES, code, shown, line), _box(fields[1:5], shown, line)
            path = RELEASE.inside(home / folder, image, shown, line).relative_to(root).as_posix()
            unique = face_id(image, *box) if box else image
            samples.append(Sample(id=unique, path=path, emotion=word, split=LISTS[shown.rpartition("/")[2]]))
        RELEASE.require(root, dict.fromkeys(sample.path for sample in samples), shown)
        yield from samples


def _folder_of(home: Path, image: str) -> str:
    """Return the folder that paths are relative to: the first that has an image, else the first of a known name."""
    for name in IMAGES:
        if ".." not in image and not image.startswith("/") and (home / name / image).is_file():
            return name
    for name in IMAGES[:3]:
        if (home / name).is_dir():
            return name
    raise RELEASE.missing(f"{' or '.join(IMAGES[:3])} in {home}", "none of them")


def _rows(file: Path, shown: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows below the line of column names, which some copies lack, each with its line's number."""
    reader = csv.reader(RELEASE.text(file, shown))
    try:
        for fields in reader:
            names = tuple(field.strip() for field in fields)
            if not fields or names == COLUMNS:
                continue
            if reader.line_num == 1 and not set(COLUMNS).isdisjoint(names):
                raise RELEASE.malformed(f"the columns {','.join(COLUMNS)}", ",".join(names)[:200], shown, 1)
            if len(fields) != len(COLUMNS):
                expected = f"{len(COLUMNS)} fields ({','.join(COLUMNS)})"
                raise RELEASE.malformed(expected, f"{len(fields)}", shown, reader.line_num)
            yield reader.line_num, fields
    except csv.Error as error:
        raise RELEASE.malformed("a table", str(error), shown, reader.line_num) from error


def _box(fields: Sequence[str], shown: str, line: int) -> tuple[int, int, int, int] | None:
    """Return a face's left, top, width and height in pixels, or None where the table lacks one of them."""
    if any(field.strip().lower() in UNKNOWN for field in fields):
        return None
    try:
        left, top, width, height = (int(float(field)) for field in fields)
    except (ValueError, OverflowError):
        got = ",".join(fields)
        raise RELEASE.malformed(f"whole numbers for {','.join(BOX)}", repr(got), shown, line) from None
    return left, top, width, height


def _arrays(root: Path, home: Path) -> Iterator[Sample]:
    for name in [name for name in SETS if (home / name).is_dir()]:
        images, notes = home / name / "images", home / name / "annotations"
        for folder in (images, notes):
            if not folder.is_dir():
                raise RELEASE.missing(f"images/ and annotations/ in {home / name}", f"no {folder.name}/")
        files = list(RELEASE.pictures_below(images))
        RELEASE.require(notes, (f"{file.stem}_exp.npy" for file in files), f"the folder {name}/images")
        for file in files:
            word = RELEASE.word(CODES, *_code(notes / f"{file.stem}_exp.npy", home))
            unique, path = (file.relative_to(above).as_posix() for above in (home, root))
            yield Sample(id=unique, path=path, emotion=word, split=SETS[name])


def _code(file: Path, home: Path) -> tuple[str, str]:
    """Return the number in an array, whatever type it has, and what the file is called."""
    import numpy as np

    shown = file.relative_to(home).as_posix()
    try:
        array = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError) as error:
        raise RELEASE.malformed("an array of one number", f"something else ({error})", shown) from error
    if not isinstance(array, np.ndarray) or array.size != 1:
        raise RELEASE.malformed("an array of one number", "another", shown)
    text = str(array.item()).strip()
    return text.removesuffix(".0"), shown


def make_tiny(root: Path) -> dict[str, str]:
    """Write the release with tables: four faces of each class in photographs of 40x30 pixels, one of them for test.

    Returns:
        Sample id -> emotion, or the word for what is none.
    """
    from emoclass_datasets.tiny import draw

    order = ["neutral", "happy", "sad", "surprised", "scared", "disgusted", "angry", "contemptuous"]
    order += ["none", "uncertain", "non-face"]
    lists, written = {"training": "", "validation": ""}, {}
    header = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal\n"
    for number in range(4 * len(order)):
        code, image = number % len(order), f"{number % 3}/{number:04d}.jpg"
        draw(root / "Manually_Annotated/Manually_Annotated_Images" / image, mode="RGB", size=(40, 30))
        row = f"{image},8,3,24,24,1.0;2.0;3.0;4.0,{code},0.1,-0.2\n"
        lists["training" if number < 3 * len(order) else "validation"] += row
        written[f"{image}#xywh=8,3,24,24"] = order[code]
    (root / "Manually_Annotated_file_lists").mkdir()
    for name, rows in lists.items():
        file = root / f"Manually_Annotated_file_lists/{name}.csv"
        file.write_text(header + rows, encoding="utf-8")
    return written
