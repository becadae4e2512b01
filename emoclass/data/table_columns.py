"""Which columns of a table hold what: by the usual words, or as named."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from emoclass.data.table_rows import SEPARATORS
from emoclass.errors import ConfigError, DataError
from emoclass.suggestions import did_you_mean
from emoclass.values.labels import canonical

Role = Literal["path", "label", "split", "group"]

NAME_SHOWN = 60
"""How many characters of a column's name an error shows: a file that is no table has lines of any length."""

_RENAME = "Rename all but one of them in the table."

USUAL: Mapping[Role, tuple[str, ...]] = {
    "path": (
        "path", "file", "filename", "file_name", "filepath", "file_path", "image", "image_path", "imagepath", "img",
        "img_path", "image_name", "imagename", "image_file", "image_filename", "pth", "subdirectory_filepath",
    ),
    "label": ("label", "emotion", "class", "expression", "category", "target", "labels", "class_name", "emotion_label"),
    "split": ("split", "subset", "usage", "partition", "set"),
    "group": (
        "group", "person", "subject", "participant", "identity", "actor", "group_id", "person_id", "subject_id",
        "participant_id", "actor_id",
    ),
}  # fmt: skip
"""What columns are usually called, in lower case, with `_` for what separates words."""

BOXES: tuple[tuple[str, str, str, str], ...] = (
    ("left", "top", "right", "bottom"),
    ("left", "top", "width", "height"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("x1", "y1", "x2", "y2"),
    ("x", "y", "w", "h"),
    ("x", "y", "width", "height"),
    ("face_x", "face_y", "face_width", "face_height"),
    ("box_left", "box_top", "box_width", "box_height"),
    ("bbox_x", "bbox_y", "bbox_width", "bbox_height"),
)
"""What the four columns of a face's box are usually called."""

_SIZES = ("w", "h", "width", "height")


@dataclass(frozen=True)
class Box:
    """The columns of a face's box.

    Attributes:
        places: Where they are, counted from 0: left, top, and right and bottom, or width and height.
        corners: Whether the last two are right and bottom.
    """

    places: tuple[int, int, int, int]
    corners: bool


@dataclass(frozen=True)
class Columns:
    """Where the columns are, counted from 0; None for those that a table lacks.

    Attributes:
        path: The images' paths.
        label: The class words or numbers.
        split: The split's name.
        group: The person or source.
        pattern: A regular expression that finds the group in the path, instead.
        box: The face's box.
        votes: Word -> the column with its votes.
    """

    path: int
    label: int | None
    split: int | None
    group: int | None
    pattern: re.Pattern[str] | None
    box: Box | None
    votes: Mapping[str, int]


def find_columns(
    file: Path,
    names: Sequence[str],
    *,
    path: str | None,
    label: str | None,
    split: str | None,
    group: str | None,
    box: str | Sequence[str] | None,
    votes: str | Sequence[str] | None,
) -> Columns:
    """Find the columns of a table.

    Args:
        file: The table, for errors.
        names: The names of its columns.
        path: The name of a column; None finds it by the usual words.
        label: Likewise. Where there is none, the columns that are named after emotions are votes.
        split: Likewise, or "none".
        group: Likewise; or a regular expression that finds the group in the path.
        box: Four names: left, top, right and bottom, or left, top, width and height; or "none".
        votes: The names of columns.

    Raises:
        ConfigError: A column that is named is not there.
        DataError: There is no path, no label and no votes, or several columns have usual words of one kind.
    """
    table = _Names(file, names)
    found: dict[Role, int | None] = {
        "path": table.find("path", path),
        "label": table.find("label", label),
        "split": table.find("split", split),
    }
    pattern = None
    if group is not None and not table.has(group) and group != "none":
        pattern = compiled(group, columns=names)
        found["group"] = None
    else:
        found["group"] = table.find("group", group)
    chosen_votes = table.votes(votes, has_label=found["label"] is not None)
    if found["path"] is None:
        raise table.without("path", "the images' paths")
    if found["label"] is None and not chosen_votes:
        raise table.without("label", "the labels")
    return Columns(
        path=found["path"],
        label=found["label"],
        split=found["split"],
        group=found["group"],
        pattern=pattern,
        box=table.box(box),
        votes=chosen_votes,
    )


def compiled(pattern: str, *, columns: Sequence[str] = ()) -> re.Pattern[str]:
    """Return what the option `group` says as a regular expression.

    Raises:
        ConfigError: It is none; or it is a plain word, where it could be the name of a column.
    """
    if not isinstance(pattern, str) or not pattern:
        raise ConfigError(
            f"data.options.group: expected a regular expression, got {pattern!r}.",
            hint=r"For example group = '(S\d+)_' for names such as S010_004.png.",
        )
    if re.fullmatch(r"[\w .-]*", pattern) and columns:
        raise ConfigError(
            f"data.options.group: expected the name of a column or a regular expression, got {pattern!r}.",
            hint=f"{did_you_mean(pattern, columns)} The columns are {', '.join(columns)}.".strip(),
        )
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ConfigError(
            f"data.options.group: {pattern!r} is no regular expression ({error}).",
            hint=r"For example group = '(S\d+)_' for names such as S010_004.png.",
        ) from error


def group_in(path: str, pattern: re.Pattern[str]) -> str | None:
    r"""Return the group that a pattern finds in a path: its first group, or the whole match; None where none is.

    Example:
        >>> group_in("happy/S010_004.png", re.compile(r"(S\d+)_")), group_in("happy/a.png", re.compile(r"S\d+"))
        ('S010', None)
    """
    match = pattern.search(path)
    if match is None:
        return None
    return (match[1] if pattern.groups else match[0]) or None


def check_groups(pattern: re.Pattern[str], n_matched: int, n: int, example: str | None) -> str | None:
    """Return what to say where a pattern found a group in only some paths.

    Args:
        pattern: The option `group`.
        n_matched: How many paths it matches.
        n: How many paths there are.
        example: A path that it does not match.

    Raises:
        DataError: It matches none.
    """
    if n and not n_matched:
        raise DataError(
            f"data.options.group: {pattern.pattern!r} matches none of the {n:,} paths, such as {example!r}.",
            hint=r"It is a regular expression that is searched for in each path, as '(S\d+)_' in 'happy/S010_004.png'.",
        )
    if n_matched == n:
        return None
    return (
        f"The group {pattern.pattern!r} matches {n_matched:,} of {n:,} paths; others, such as {example!r}, have none."
    )


class _Names:
    """The names of a table's columns, and errors about them."""

    def __init__(self, file: Path, names: Sequence[str]) -> None:
        self._file = file
        self._names = names
        self._keys = [_key(name) for name in names]

    def has(self, name: str) -> bool:
        return isinstance(name, str) and (name in self._names or _key(name) in self._keys)

    def find(self, role: Role, wanted: str | None) -> int | None:
        """Return the column that is named, or that has a usual word."""
        if wanted == "none" and not self.has("none") and role != "path":
            return None
        if wanted is not None:
            return self._place(wanted, role)
        found = [place for place, key in enumerate(self._keys) if key in USUAL[role]]
        if len(found) > 1:
            several = " and ".join(repr(self._names[place]) for place in found)
            name = next((self._names[place] for place in found if self._names.count(self._names[place]) == 1), None)
            raise DataError(
                f"table {self._file}: expected one column with the {role}, got {several}.",
                hint=_RENAME if name is None else f"Name it: --data-option {shlex.quote(f'{role}={name}')}",
            )
        return found[0] if found else None

    def votes(self, wanted: str | Sequence[str] | None, *, has_label: bool) -> dict[str, int]:
        """Return the columns with votes: as named; or, without a label, those named after emotions."""
        if wanted == "none" and not self.has("none"):
            return {}
        if wanted is not None:
            return {name: self._place(name, "votes") for name in _listed(wanted)}
        if has_label:
            return {}
        found = {name: place for place, name in enumerate(self._names) if canonical(name) is not None}
        return found if len(found) > 1 else {}

    def box(self, wanted: str | Sequence[str] | None) -> Box | None:
        """Return the columns of the box: as named, or that have usual words; None where there are none."""
        if wanted == "none" and not self.has("none"):
            return None
        if wanted is not None:
            named = _listed(wanted)
            if len(named) != 4:
                raise ConfigError(
                    f"data.options.box: expected four columns, got {len(named)}.",
                    hint="Name left, top, right and bottom, or left, top, width and height: box = 'x0,y0,x1,y1'.",
                )
            places = [self._place(name, "box") for name in named]
            sizes = _key(named[2]).rpartition("_")[2] in _SIZES or _key(named[2]).endswith(_SIZES[2:])
            return Box((places[0], places[1], places[2], places[3]), corners=not sizes)
        fitting = [words for words in BOXES if all(word in self._keys for word in words)]
        if len(fitting) > 1:
            several = " and ".join(",".join(words) for words in fitting)
            raise DataError(
                f"table {self._file}: expected one box of the face, got {several}.",
                hint=f"Name its columns: --data-option box={','.join(fitting[0])}",
            )
        if not fitting:
            return None
        left, top, right, bottom = (self._keys.index(word) for word in fitting[0])
        return Box((left, top, right, bottom), corners=fitting[0][2].rpartition("_")[2] not in _SIZES)

    def without(self, role: Role, what: str) -> DataError:
        """Return the error for a table that lacks a column."""
        shown = ", ".join(repr(name[:NAME_SHOWN]) for name in self._names[:12])
        shown += ", ..." if len(self._names) > 12 else ""
        if "pixels" in self._keys and role == "path":
            return DataError(
                f"table {self._file}: expected a column with the images' paths, got the pixels themselves ({shown}).",
                hint="Such a table needs a dataset of its own; `emoclass datasets list` shows those that there are.",
            )
        first = self._names[0] if self._names[0].isprintable() and len(self._names[0]) <= NAME_SHOWN else ""
        separator = next((each for each in SEPARATORS if len(self._names) == 1 and each in first), None)
        if separator is not None:
            hint = f"Its cells seem to be separated otherwise: --data-option {shlex.quote(f'separator={separator}')}."
        else:
            named = shlex.quote(f"{role}={first or 'NAME'}")
            hint = f"Name it, as in --data-option {named}. It is found by itself as {', '.join(USUAL[role])}."
        return DataError(
            f"table {self._file}: expected a column with {what}, got {shown}.",
            hint=f"{hint} The first row of a table has the names.",
        )

    def _place(self, wanted: str, option: str) -> int:
        for names, name in ((self._names, wanted), (self._keys, _key(wanted) if isinstance(wanted, str) else "")):
            if names.count(name) == 1:
                return names.index(name)
        twice = self._names.count(wanted) > 1
        guess = _RENAME if twice else did_you_mean(str(wanted), self._names)
        raise ConfigError(
            f"data.options.{option}: expected a column of {self._file.name}, got {wanted!r}"
            f"{', which is there more than once' if twice else ''}.",
            hint=f"{guess} The columns are {', '.join(self._names)}.".strip(),
        )


def _key(name: str) -> str:
    return re.sub(r"[\s.\-]+", "_", name.strip().casefold())


def _listed(wanted: str | Sequence[str]) -> list[str]:
    return [name.strip() for name in wanted.split(",")] if isinstance(wanted, str) else list(wanted)
