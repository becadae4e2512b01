"""What `emoclass predict` is asked to look at: files, folders, patterns, and paths on stdin."""

from __future__ import annotations

import codecs
import glob
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from emoclass.cli.output import printable, width
from emoclass.data.listing import LeftOut
from emoclass.data.outputs import is_output
from emoclass.data.search import Search
from emoclass.errors import DataError
from emoclass.values.results import Unreadable

STDIN = "-"

MAX_LINE = 2**16
"""Bytes of a line on stdin; no system has longer paths."""


@dataclass(frozen=True)
class Survey:
    """What a first look at the inputs showed.

    Attributes:
        count: How many images there are, without those on stdin.
        longest: Columns that the longest path takes on a terminal.
        problems: Folders and patterns that give none, and folders that cannot be listed.
        left_out: What was left out of folders and patterns, in a sentence; None where nothing was.
    """

    count: int
    longest: int
    problems: tuple[Unreadable, ...]
    left_out: str | None = None


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
        left_out = LeftOut()
        for given in self.given:
            before = count, len(problems)
            for path in self._expand(given, problems, left_out) if given != STDIN else ():
                count, longest = count + 1, max(longest, width(printable(path)))
            if given != STDIN and (count, len(problems)) == before:
                reason = "contains no images" if _is_folder(given) else "matches nothing"
                problems.append(Unreadable(path=given, reason=reason))
        return Survey(count, longest, tuple(problems), left_out.sentence())

    def paths(self) -> Iterator[str]:
        """Yield the images' paths, folders sorted by name; links to folders are not followed."""
        for given in self.given:
            yield from _lines(sys.stdin.buffer) if given == STDIN else self._expand(given, [], LeftOut())

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

    def _expand(self, given: str, problems: list[Unreadable], left_out: LeftOut) -> Iterator[str]:
        def on_error(folder: str, error: OSError) -> None:
            problems.append(Unreadable(path=folder, reason=f"cannot be listed ({error.strerror})"))

        if _is_folder(given):
            search = Search.in_folder(given)
        elif glob.has_magic(given) and not os.path.lexists(given):
            search = Search.of_pattern(given)
        else:
            yield given
            return

        def is_left_out(folder: str) -> bool:
            if any(each.exists() and each.samefile(folder) for each in self.leave_out):
                return True
            if self._names_runs or not is_output(folder):
                return False
            left_out.add("run", folder.rstrip(os.sep))
            return True

        yield from search.run(is_left_out, on_error, left_out)

    @cached_property
    def _names_runs(self) -> bool:
        """Whether an input is a folder of runs: its plots are then meant."""
        return any(is_output(_folder_of(given)) for given in self.given if given != STDIN)


def _lines(stream: BinaryIO) -> Iterator[str]:
    """Yield the paths on stdin, whatever bytes they are made of."""
    for number, line in enumerate(iter(lambda: stream.readline(MAX_LINE), b"")):
        if len(line) == MAX_LINE or b"\0" in line:
            raise DataError(
                "stdin: expected one path per line, got bytes that are not a path.",
                hint="Image data is not read from stdin; paths are separated by line ends, not by null bytes.",
            )
        name = line.removeprefix(codecs.BOM_UTF8) if number == 0 else line
        if path := name.rstrip(b"\r\n").decode(sys.getfilesystemencoding(), "surrogateescape"):
            yield path


def _folder_of(given: str) -> Path:
    """Return the folder that an input's paths are relative to: of a pattern, what stands before it."""
    path = Path(given)
    while glob.has_magic(str(path)) and not os.path.lexists(path):
        path = path.parent
    absolute = _absolute(path)
    return absolute if _is_folder(absolute) else absolute.parent


def _is_folder(path: str | Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 (Path.is_dir raises for a name that is too long)


def _absolute(path: str | Path) -> Path:
    """Return a path from the root, without `..`; links stay, which `resolve` would follow."""
    return Path(os.path.normpath(Path(path).absolute()))
