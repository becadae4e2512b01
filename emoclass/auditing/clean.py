"""Leave out what an audit found: as a list of files to exclude, or as a clean copy of the folder.

Nothing is ever changed in the audited folder.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from emoclass.auditing.findings import Audit, Copy
from emoclass.data.images import image_file
from emoclass.errors import ConfigError, DataError, OutputError
from emoclass.values.base import FrozenModel
from emoclass.values.specs import DatasetSpec, Sample

_BEGINNING = "# Images that emoclass audit leaves out"

_KEPT_FIRST = ("test", "validation", "train")
"""Where copies stand in several official splits, the test set stays as it is, so that metrics on it remain "
    "comparable."""

Why = Literal["unreadable", "copy", "copy across splits", "label conflict"]


class Exclusion(FrozenModel):
    """An image that a clean dataset does without.

    Attributes:
        path: What the audit calls it.
        why: What is wrong with it.
        kept: The copy that stays in its stead.
    """

    path: str
    why: Why
    kept: str | None = None


def exclusions(found: Audit) -> tuple[Exclusion, ...]:
    """Return what a clean dataset leaves out, sorted by path.

    That is what cannot be read; of copies all but one, the largest picture and then the first path, or where they cross
    official splits one in the test set; and of copies under different labels all, since nobody knows which is right.
    Suspicious files stay.
    """
    left_out = [Exclusion(path=each.path, why="unreadable") for each in found.unreadable]
    conflicting = {path for group in found.label_conflicts for path in group}
    crossing = {path for group in found.crossing for path in group}
    for cluster in found.clusters:
        copies = sorted((found.copies[each] for each in cluster), key=_rank)
        kept = copies[0].path
        for copy in copies:
            if copy.path in conflicting:
                left_out.append(Exclusion(path=copy.path, why="label conflict"))
            elif copy.path != kept:
                why: Why = "copy across splits" if copy.path in crossing else "copy"
                left_out.append(Exclusion(path=copy.path, why=why, kept=kept))
    return tuple(sorted(left_out, key=lambda each: each.path))


def _rank(copy: Copy) -> tuple[int, int, str]:
    split = _KEPT_FIRST.index(copy.split) if copy.split in _KEPT_FIRST else len(_KEPT_FIRST)
    return split, -copy.width * copy.height, copy.path


def describe(left_out: Sequence[Exclusion]) -> str:
    """Return how many images are left out, and why, as a sentence.

    Example:
        >>> describe([Exclusion(path="a.jpg", why="copy", kept="b.jpg")])
        '1 image left out: 1 copy of an image that stays.'
    """
    counts = {why: sum(each.why == why for each in left_out) for why in ("unreadable", "copy", "copy across splits")}
    conflicting = sum(each.why == "label conflict" for each in left_out)
    across = counts["copy across splits"]
    parts = [
        f"{counts['unreadable']:,} unreadable" if counts["unreadable"] else "",
        f"{counts['copy']:,} {_copies(counts['copy'])} of an image that stays" if counts["copy"] else "",
        f"{across:,} {_copies(across)} across official splits (one in the test set stays)" if across else "",
        f"{conflicting:,} of images that appear under different labels" if conflicting else "",
    ]
    total = len(left_out)
    reasons = ", ".join(filter(None, parts))
    return f"{total:,} image{'' if total == 1 else 's'} left out" + (f": {reasons}." if reasons else ".")


def emptied(left_out: Sequence[Exclusion], found: Audit, samples: Sequence[Sample], called: Sequence[str]) -> list[str]:
    """Return the class words of which no image stays.

    Args:
        left_out: What is left out.
        found: The audit, whose `balance` has the classes.
        samples: The images that were audited.
        called: What the audit calls each of them.
    """
    gone = {each.path for each in left_out}
    stay = {sample.emotion for sample, name in zip(samples, called, strict=True) if name not in gone}
    return sorted(set(found.balance) - stay)


def _copies(count: int) -> str:
    return "copy" if count == 1 else "copies"


def check_target(target: Path, root: Path | None, spec: DatasetSpec) -> None:
    """Refuse a place that a clean copy, or a list, may not be written to.

    Raises:
        OutputError: It lies inside the audited folder, or would overwrite what the audit did not write.
        ConfigError: A folder is asked for, and the dataset's images are no files of their own.
    """
    check_outside(target, root)
    if is_list(target):
        if target.exists() and not _is_ours(target):
            raise OutputError(
                f"list {target}: exists already, and is not an audit's list.", hint="Choose another name."
            )
        return
    if spec.read_sample is not None or spec.reads_outside_root or root is None:
        kind = "files below one folder" if spec.reads_outside_root else "separate files"
        raise ConfigError(
            f"dataset {spec.name!r}: its images are not {kind}, and cannot be copied.",
            hint=f"Write a list: --write-clean {target}.txt",
        )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise OutputError(f"clean copy {target}: expected a new or an empty folder.", hint="Choose another name.")


def check_outside(target: Path, root: Path | None) -> None:
    """Refuse to write into the audited folder.

    Raises:
        OutputError: The target lies inside it.
    """
    if root is not None and target.resolve().is_relative_to(root.resolve()):
        raise OutputError(
            f"{target}: lies inside the audited folder {root}, which is never changed.", hint="Write it elsewhere."
        )


def is_list(target: Path) -> bool:
    """Tell whether a target is a list of files, by its name."""
    return target.suffix.lower() == ".txt"


def write_list(left_out: Sequence[Exclusion], found: Audit, target: Path) -> None:
    """Write which images to exclude: comments, then a path a line.

    Raises:
        OutputError: It cannot be written, or a path holds a line break.
    """
    broken = next((each.path for each in left_out if "\n" in each.path or "\r" in each.path), None)
    if broken is not None:
        raise OutputError(f"list {target}: {broken!r} contains a line break, and cannot be listed.", hint="Rename it.")
    lines = [
        f"{_BEGINNING} of {found.place} ({found.n_images:,} images), relative to the root.".replace("\n", " "),
        f"# {describe(left_out)}",
        *(f"./{each.path}" if each.path.startswith(("#", "./")) else each.path for each in left_out),
    ]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"list {target}: cannot be written ({error.strerror}).") from error


def read_exclusions(path: Path) -> frozenset[str]:
    """Return the images that a list excludes: paths relative to the root, or ids where several share a path.

    Args:
        path: A text file as `emoclass audit --write-clean FILE.txt` writes it: a path a line. Empty lines and lines
            that begin with `#` are passed over; a path that begins with `#` is written with `./` in front.

    Raises:
        DataError: It cannot be read, or is no text.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise DataError(f"list {path}: cannot be read ({reason}).", hint="Expected one path per line.") from error
    named = (line.rstrip("\r") for line in lines if not line.startswith("#"))
    return frozenset(line.removeprefix("./") for line in named if line.strip())


def _is_ours(target: Path) -> bool:
    try:
        with target.open(encoding="utf-8") as file:
            return file.readline().startswith(_BEGINNING)
    except (OSError, UnicodeError):
        return False


def write_copy(left_out: Sequence[Exclusion], samples: Sequence[Sample], root: Path, target: Path) -> Iterator[str]:
    """Write a clean copy of a folder, yielding each path as it is there: hard links, copies where there can be none.

    Raises:
        OutputError: It cannot be written.
    """
    gone = {each.path for each in left_out}
    try:
        target.mkdir(parents=True, exist_ok=True)
        for sample in samples:
            if sample.path not in gone:
                place = target / sample.path
                place.parent.mkdir(parents=True, exist_ok=True)
                _link(image_file(root, sample), place)
                yield sample.path
    except OSError as error:
        raise OutputError(f"clean copy {target}: cannot be written ({error.strerror}).") from error


def _link(source: Path, place: Path) -> None:
    try:
        os.link(source.resolve(), place)  # what a link points to: a relative one would lead nowhere from there
    except FileExistsError:
        raise
    except OSError:  # another disk, or a file system without hard links
        shutil.copy2(source, place)
