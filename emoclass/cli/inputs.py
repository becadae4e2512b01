"""What `emoclass predict` is asked to look at: files, folders, patterns, and paths on stdin."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from emoclass.data.images import SUFFIXES
from emoclass.results import Unreadable

STDIN = "-"


@dataclass(frozen=True)
class Survey:
    """What a first look at the inputs showed.

    Attributes:
        count: How many images there are, without those on stdin.
        longest: Characters of the longest path.
        problems: Folders and patterns that give none, and folders that cannot be listed.
    """

    count: int
    longest: int
    problems: tuple[Unreadable, ...]


@dataclass(frozen=True)
class Inputs:
    """The inputs as they were typed; what they stand for is listed anew each time, a folder at a time.

    Attributes:
        given: Files, folders, patterns, and `-`.
        leave_out: Folders that are written to, which are not read.
    """

    given: tuple[str, ...]
    leave_out: tuple[Path, ...] = ()

    @property
    def has_stdin(self) -> bool:
        """Whether there are paths on stdin."""
        return STDIN in self.given

    def survey(self) -> Survey:
        """Look at all there is, except on stdin."""
        count, longest = 0, 0
        problems: list[Unreadable] = []
        for given in self.given:
            before = count
            for path in self._expand(given, problems) if given != STDIN else ():
                count, longest = count + 1, max(longest, len(path))
            if given != STDIN and count == before and not any(each.path == given for each in problems):
                reason = "holds no image" if Path(given).is_dir() else "matches nothing"
                problems.append(Unreadable(path=given, reason=reason))
        return Survey(count, longest, tuple(problems))

    def paths(self) -> Iterator[str]:
        """Yield the images' paths, folders sorted by name; links to folders are not followed."""
        for given in self.given:
            yield from _lines(sys.stdin) if given == STDIN else self._expand(given, [])

    def relative(self, path: str) -> Path:
        """Return where a copy of an image belongs below a folder that repeats the inputs' structure."""
        absolute = _absolute(path)
        if self._base is not None and absolute.is_relative_to(self._base):
            return absolute.relative_to(self._base)
        return Path(*absolute.parts[1:])

    @cached_property
    def _base(self) -> Path | None:
        """The folder that holds all inputs, None where they lie on several drives."""
        folders = {_folder_of(given) for given in self.given if given != STDIN} or {Path.cwd()}
        try:
            return Path(os.path.commonpath(folders))
        except ValueError:
            return None

    def _expand(self, given: str, problems: list[Unreadable]) -> Iterator[str]:
        found = [given]
        if glob.has_magic(given) and not os.path.lexists(given):
            found = sorted(glob.glob(given, recursive=True))  # noqa: PTH207 (Path.glob takes no absolute pattern)
        for path in found:
            if Path(path).is_dir():
                yield from self._walk(path, problems)
            else:
                yield path

    def _walk(self, folder: str, problems: list[Unreadable]) -> Iterator[str]:
        if any(each.exists() and each.samefile(folder) for each in self.leave_out):
            return
        try:
            with os.scandir(folder) as listing:  # its entries would take several times the memory of the names
                names = sorted(
                    (entry.name, is_folder)
                    for entry in listing
                    if not entry.name.startswith(".")
                    and ((is_folder := entry.is_dir(follow_symlinks=False)) or entry.name.lower().endswith(SUFFIXES))
                )
        except OSError as error:
            problems.append(Unreadable(path=folder, reason=f"cannot be listed ({error.strerror})"))
            return
        for name, is_folder in names:
            path = os.path.join(folder, name)  # noqa: PTH118 (a Path would drop the "./" that was typed)
            if is_folder:
                yield from self._walk(path, problems)
            elif Path(path).is_file() or not Path(path).exists():  # no pipe, no folder; a broken link is told
                yield path


def _lines(stream: Iterable[str]) -> Iterator[str]:
    for line in stream:
        if path := line.rstrip("\r\n"):
            yield path


def _folder_of(given: str) -> Path:
    """Return the folder that an input's paths are relative to: of a pattern, what stands before it."""
    path = Path(given)
    while glob.has_magic(str(path)) and not os.path.lexists(path):
        path = path.parent
    absolute = _absolute(path)
    return absolute if absolute.is_dir() else absolute.parent


def _absolute(path: str | Path) -> Path:
    """Return a path from the root, without `..`; links stay, which `resolve` would follow."""
    return Path(os.path.normpath(Path(path).absolute()))
