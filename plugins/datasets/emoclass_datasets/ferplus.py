"""FER+: ten annotators' votes on each image of FER2013."""

from __future__ import annotations

import csv
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from emoclass import Sample
from emoclass.errors import ConfigError, DataError
from emoclass_datasets import fer2013, pixel_table
from emoclass_datasets.class_folders import class_folders, holds_classes, split_folders
from emoclass_datasets.other_readers import names_other_readers
from emoclass_datasets.release import Release, without_repeats

CODES: Mapping[str, str] = {
    "neutral": "neutral",
    "happiness": "happiness",
    "surprise": "surprise",
    "sadness": "sadness",
    "anger": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "contempt": "contempt",
    "unknown": "unknown",
    "NF": "NF",
}
"""The columns of votes, in their order, and the words of samples and their votes; NF is 'not a face'."""

EMOTIONS = {word: word for word in CODES if word not in ("unknown", "NF")}
"""The classes of copies in class folders."""

LAST: Mapping[str, int] = {"Training": 28637, "PublicTest": 32219, "PrivateTest": 35801}
"""Usage -> the highest number in the names of its images, as `fer2013new.csv` has them."""

_LOGGER = logging.getLogger(__name__)
_NAME = re.compile(r"fer(?P<number>\d{7})\.\w+", re.IGNORECASE)

NO_MAJORITY = "no_majority"
"""The class word of an image on which the annotators do not agree."""

VOTES = "fer2013new.csv"
NAMES = "ferplus_names.csv"
FOLDERS: Mapping[str, str] = {"FER2013Train": "Training", "FER2013Valid": "PublicTest", "FER2013Test": "PrivateTest"}

RELEASE = Release(
    name="ferplus",
    url="https://github.com/microsoft/FERPlus",
    layout=(
        f"{VOTES} beside the images of FER2013: fer2013.csv, icml_face_data.csv, {', '.join(FOLDERS)}, "
        f"or Kaggle's train and test with {NAMES}; or {{train,validation,test}}/{{anger,contempt,...}}/*.png, without "
        "votes"
    ),
)


class Voted(NamedTuple):
    """One row of votes.

    Attributes:
        line: Its line in the file of votes.
        usage: The word for its split.
        name: What the authors call the image, such as `fer0000123.png`, or '' for what they left out.
        votes: Word -> how many annotators chose it.
        label: FER2013's own word for the image, where the images say it.
    """

    line: int
    usage: str
    name: str
    votes: dict[str, float]
    label: str | None = None


@names_other_readers
def load(root: Path, *, test: str = "auto", label: str = "majority") -> list[Sample]:
    """List the votes in `fer2013new.csv` with the images of FER2013 that lie beside them, in one of these layouts.

    - `fer2013.csv` or `icml_face_data.csv`: the rows of both files are in the same order;
    - `{FER2013Train,FER2013Valid,FER2013Test}/fer0000123.png`, here or in `data/`, as the authors' script writes them.
      Without `fer2013new.csv`, the `label.csv` in each folder has the votes;
    - Kaggle's `{train,test}/{angry,...}/*.jpg` with `ferplus_names.csv`, a table of `image_name` and `kaggle_path`.

    Where `fer2013new.csv` and `label.csv` are both there, `fer2013new.csv` counts: it is the table in which the authors
    publish the votes, and the only one in all of these layouts, so that an image has the same votes in each. The two
    differ on 1,601 images.

    Or there are no votes, but `{train,validation,test}/{anger,contempt,...}/*.png`: class folders, in which a copy's
    maker has put the images by their majority. They are listed as they are. Names such as `fer0000123.png` tell the
    split; where they do not, the folder does.

    The emotion is that of the authors' majority: words with a single vote do not count, and of the votes left, one
    word has more than half. Where none has, the class is `no_majority`. Or it is FER2013's own label, for those who
    train with votes and are measured on what the field reports. A sample's `votes` are as they were cast. An
    image that the authors' table names twice is listed once; its class is `conflicting` where the majorities differ.

    Args:
        root: The folder, or one that holds it.
        test: Which split is the test set, as for `fer2013`.
        label: `majority` of the votes, or `fer2013`: the label of the pixel table or of Kaggle's folders.

    Returns:
        Samples with votes and the official splits.

    Raises:
        DataError: Votes or images are not there, or a file is malformed; the message names the line.
        ConfigError: An unknown `test` or `label`, or images that do not say FER2013's labels.
    """
    if label not in ("majority", "fer2013"):
        raise ConfigError(f"data.options.label: expected 'majority' or 'fer2013', got {label!r}.")
    home = RELEASE.find_where(root, _is_home, f"{VOTES}, {', '.join(FOLDERS)}, or class folders below train/ and test/")
    if not _has_votes(home):
        return list(_copy(root, home, test, label))
    listed = list(_listed(home))
    if label == "fer2013" and any(voted.label is None for *_, voted in listed):
        raise ConfigError(
            f"data.options.label: expected images that say FER2013's labels, got {', '.join(FOLDERS)} in {home}.",
            hint="Put fer2013.csv, or Kaggle's folders, beside the votes.",
        )
    splits = fer2013.splits_of({voted.usage for *_, voted in listed}, test, RELEASE)
    # The authors' table names four images twice, one of them with other votes.
    return without_repeats(
        Sample(
            id=name,
            path=file.relative_to(root).as_posix(),
            emotion=voted.label if label == "fer2013" and voted.label else majority(voted.votes),
            votes=voted.votes,
            split=splits[voted.usage],
        )
        for name, file, voted in listed
        if voted.usage in splits
    )


def _has_votes(home: Path) -> bool:
    return (home / VOTES).exists() or any((home / folder).is_dir() for folder in FOLDERS)


def _is_home(folder: Path) -> bool:
    return _has_votes(folder) or (bool(split_folders(RELEASE, folder)) and holds_classes(RELEASE, folder, EMOTIONS))


def _copy(root: Path, home: Path, test: str, label: str) -> Iterator[Sample]:
    """List class folders without votes."""
    if label == "fer2013":
        raise ConfigError(
            f"data.options.label: expected images that say FER2013's labels, got class folders of FER+ in {home}.",
            hint="Leave the option out.",
        )
    listed = [
        (file, folder.word, _usage(file.name) or fer2013.FOLDER_USAGES[folder.split or "train"])
        for folder in class_folders(RELEASE, home, EMOTIONS, complete=False)
        for file in RELEASE.pictures_below(folder.path)
    ]
    if not listed:
        raise RELEASE.missing(f"images in {home}", "none")
    splits = fer2013.splits_of({usage for *_, usage in listed}, test, RELEASE)
    for file, word, usage in listed:
        if usage in splits:
            name, path = (file.relative_to(above).as_posix() for above in (home, root))
            yield Sample(id=name, path=path, emotion=word, split=splits[usage])


def _usage(name: str) -> str | None:
    """Return the Usage that an image's name tells by its number.

    Example:
        >>> _usage("fer0028638.png"), _usage("happy_12.png")
        ('PublicTest', None)
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    return next((usage for usage, last in LAST.items() if int(match["number"]) <= last), None)


def majority(votes: Mapping[str, float]) -> str:
    """Return the word that most annotators agree on, or `no_majority`.

    Source: E. Barsoum et al., 2016: single votes are taken for slips, and more than half of the others must agree.

    Example:
        >>> majority({"fear": 5, "surprise": 4, "anger": 1}), majority({"fear": 5, "surprise": 5})
        ('fear', 'no_majority')
    """
    counted = {word: count for word, count in votes.items() if count > 1}
    best = max(counted, key=counted.__getitem__, default=NO_MAJORITY)
    return best if counted and counted[best] > sum(counted.values()) / 2 else NO_MAJORITY


def _listed(home: Path) -> Iterator[tuple[str, Path, Voted]]:
    """Yield id, file and votes of each image, in the first layout that is there."""
    has_votes = (home / VOTES).exists()
    for place in (home, home / "fer2013"):
        table = fer2013.find_table(place)
        if has_votes and table is not None:
            return _rows(home / VOTES, table)
    for place in (home, home / "data"):
        folders = [place / folder for folder in FOLDERS if any((place / folder).glob("*.png"))]
        if folders:
            return _folders(home / VOTES if has_votes else None, folders)
    for place in (home, home / "fer2013"):
        if has_votes and (home / NAMES).exists() and _has_split_folders(place):
            paths = _paths(home / NAMES, place)
            RELEASE.require(place, (path.relative_to(place).as_posix() for path in paths.values()), NAMES)
            return _kaggle(home / VOTES, paths)
    raise RELEASE.missing(f"the images of FER2013 in {home}", "votes alone")


def _has_split_folders(place: Path) -> bool:
    """Tell whether a folder is there and has split folders."""
    return place.is_dir() and bool(split_folders(RELEASE, place))


def _rows(votes: Path, table: Path) -> Iterator[tuple[str, Path, Voted]]:
    together = "The rows of both files belong together in their order: unpack both anew."
    pixels = pixel_table.rows(RELEASE, table, fer2013.CODES, fer2013.USAGES)
    for row, voted in zip_longest(pixels, _votes(votes)):
        if row is None or voted is None:
            short, long = (votes, table) if voted is None else (table, votes)
            raise DataError(f"dataset 'ferplus': expected as many rows as in {long}, got fewer ({short}).", together)
        if row.usage != voted.usage:
            raise DataError(
                f"dataset 'ferplus': expected {row.usage} as in line {row.line} of {table}, got {voted.usage} "
                f"({votes}, line {voted.line}).",
                together,
            )
        yield f"{table.name}:{row.line:05d}", table, voted._replace(label=fer2013.CODES[row.code])


def _folders(votes: Path | None, folders: Sequence[Path]) -> Iterator[tuple[str, Path, Voted]]:
    place = {FOLDERS[folder.name]: folder for folder in folders}
    home = folders[0].parent
    listed = []
    if votes is None:
        for usage, folder in place.items():
            for voted in _labels(folder / "label.csv", usage):
                file = RELEASE.inside(folder, voted.name, str(folder / "label.csv"), voted.line)
                listed.append((f"{folder.name}/{voted.name}", file, voted))
    else:
        for voted in _votes(votes):
            if voted.name and voted.usage in place:
                folder = place[voted.usage]
                file = RELEASE.inside(folder, voted.name, str(votes), voted.line)
                listed.append((f"{folder.name}/{voted.name}", file, voted))
        _say_what_differs({name: voted for name, _, voted in listed}, place)
    RELEASE.require(home, (file.relative_to(home).as_posix() for _, file, _ in listed), VOTES if votes else "label.csv")
    yield from listed


def _say_what_differs(listed: Mapping[str, Voted], place: Mapping[str, Path]) -> None:
    """Log on how many images the tables in the folders differ from the one that counts."""
    differ = 0
    words = 0
    for usage, folder in place.items():
        if (folder / "label.csv").is_file():
            for other in _labels(folder / "label.csv", usage):
                voted = listed.get(f"{folder.name}/{other.name}")
                if voted is not None and voted.votes != other.votes:
                    differ += 1
                    words += majority(voted.votes) != majority(other.votes)
    if differ:
        _LOGGER.warning(
            "FER+: %s counts, as it is the table that the authors publish the votes in. The label.csv files differ on "
            "%s images, %s of them in the majority.",
            VOTES, f"{differ:,}", f"{words:,}",
        )  # fmt: skip


def _kaggle(votes: Path, paths: Mapping[str, Path]) -> Iterator[tuple[str, Path, Voted]]:
    known = set()
    for voted in _votes(votes):
        if voted.name in paths:
            known.add(voted.name)
            path = paths[voted.name]
            usage, separator, _ = path.name.partition("_")
            if separator and usage in fer2013.USAGES and usage != voted.usage:
                raise _malformed(f"the Usage {usage}, as of its picture {path.name}", voted.usage, votes, voted.line)
            yield voted.name, path, voted._replace(label=path.parent.name)
    without = [name for name in paths if name not in known]
    if without:
        raise RELEASE.malformed(f"votes on all images that {NAMES} names", f"none on {without[0]!r}", str(votes))


def _paths(names: Path, place: Path) -> dict[str, Path]:
    """Read the table that leads from the authors' names to Kaggle's paths; two may lead to one picture."""
    paths: dict[str, Path] = {}
    for line, row in _table(names, ("image_name", "kaggle_path")):
        path = RELEASE.inside(place, row["kaggle_path"], str(names), line)
        if paths.setdefault(row["image_name"], path) != path:
            raise _malformed(f"one path for {row['image_name']!r}", "a second one", names, line)
    return paths


def _votes(file: Path) -> Iterator[Voted]:
    """Read `fer2013new.csv`, whose first line names the columns."""
    for line, row in _table(file, ("Usage", "Image name", *CODES)):
        if row["Usage"] not in fer2013.USAGES:
            raise _malformed(f"a Usage among {', '.join(fer2013.USAGES)}", repr(row["Usage"][:30]), file, line)
        yield Voted(line, row["Usage"], row["Image name"], _counts([row[word] for word in CODES], file, line))


def _labels(file: Path, usage: str) -> Iterator[Voted]:
    """Read a folder's `label.csv`: name, box and ten votes, without a header."""
    for line, cells in _cells(file):
        if len(cells) != 2 + len(CODES):
            raise _malformed(f"a name, a box and {len(CODES)} votes", f"{len(cells)} columns", file, line)
        yield Voted(line, usage, cells[0], _counts(cells[2:], file, line))


def _counts(cells: Sequence[str], file: Path, line: int) -> dict[str, float]:
    if not all(cell.isascii() and cell.isdigit() and len(cell) < 6 for cell in cells):
        raise _malformed("votes of 0 or more", ", ".join(cells)[:60], file, line)
    return {CODES[word]: int(cell) for word, cell in zip(CODES, cells, strict=True)}


def _table(file: Path, wanted: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row of a table with named columns, and its line."""
    rows = _cells(file)
    line, names = next(rows, (1, []))
    if any(names.count(name) != 1 for name in wanted):
        raise _malformed(f"the columns {', '.join(wanted)}", ", ".join(names)[:120] or "an empty file", file, line)
    for line, cells in rows:
        if len(cells) != len(names):
            raise _malformed(f"{len(names)} columns", str(len(cells)), file, line)
        yield line, dict(zip(names, cells, strict=True))


def _cells(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield each line's number and cells; blank lines are passed over."""
    try:
        with file.open(newline="", encoding="utf-8-sig", errors="replace") as lines:
            table = csv.reader(lines)
            yield from ((table.line_num, [cell.strip() for cell in cells]) for cells in table if cells)
    except OSError as error:
        raise RELEASE.missing(str(file), f"a file that cannot be read ({error.strerror})") from error
    except csv.Error as error:
        raise _malformed("a table", str(error), file, table.line_num) from error


def _malformed(expected: str, got: str, file: Path, line: int) -> DataError:
    return RELEASE.malformed(expected, got, str(file), line)


def make_tiny(root: Path) -> dict[str, str]:
    """Write `fer2013new.csv` and `fer2013.csv` with 44 rows, four of each class, two of them for training.

    Returns:
        Sample id -> class word.
    """
    columns = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    words = ["neutral", "happy", "surprised", "sad", "angry", "disgusted", "scared", "contemptuous", "unknown", "NF"]
    written, votes, pixels = {}, [columns], ["emotion,pixels,Usage"]
    for row in range(44):
        usage = ("Training", "Training", "PublicTest", "PrivateTest")[row // 11]
        chosen = row % 11
        counts = [0] * 10
        if chosen == 10:  # two camps of five
            counts[row % 4] = counts[row % 4 + 3] = 5
        else:
            counts[chosen], counts[(chosen + 3) % 10], counts[(chosen + 5) % 10] = 6, 3, 1
        name = "" if chosen == 9 else f"fer{row:07d}.png"
        votes.append(f"{usage},{name},{','.join(map(str, counts))}")
        pixels.append(f"{row % 7},{pixel_table.drawn(row)},{usage}")
        written[f"fer2013.csv:{row + 2:05d}"] = [*words, "no_majority"][chosen]
    (root / "fer2013new.csv").write_text("\n".join(votes) + "\n", encoding="ascii")
    (root / "fer2013.csv").write_text("\n".join(pixels) + "\n", encoding="ascii")
    return written
