"""Find images below a folder, or what a pattern matches: in one walk, so that nothing is found twice."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from glob import has_magic
from itertools import takewhile

from emoclass.data.images import SUFFIXES

_SEPARATORS = os.sep + (os.altsep or "")
_FILE: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Search:
    """A pattern, taken apart at its separators; a folder is a pattern without wildcards.

    A walk knows which positions in `parts` a folder may have reached. Where that is the end, all images in the folder
    and below it are found.

    Attributes:
        base: What stands before the first wildcard, as it was typed, with a separator at its end.
        parts: The rest, name by name; `**` stands for any folders.
        folders_only: Whether a separator at the end says that folders are meant.
    """

    base: str
    parts: tuple[str, ...] = ()
    folders_only: bool = False

    @classmethod
    def in_folder(cls, folder: str) -> Search:
        """Return the search for all images in a folder and below it."""
        return cls(_inside(folder))

    @classmethod
    def of_pattern(cls, pattern: str) -> Search:
        """Return the search for what a pattern with wildcards matches."""
        separators = re.escape(_SEPARATORS)
        names = re.findall(f"[^{separators}]*[{separators}]|[^{separators}]+", pattern)
        before = list(takewhile(lambda name: not has_magic(name), names))
        parts = (name.rstrip(_SEPARATORS) for name in names[len(before) :])
        return cls("".join(before), tuple(filter(None, parts)), pattern.endswith(tuple(_SEPARATORS)))

    def run(self, is_left_out: Callable[[str], bool], on_error: Callable[[str, OSError], None]) -> Iterator[str]:
        """Yield paths, folders sorted by name.

        Names that begin with a dot are passed over, and links to folders, unless the pattern names them.

        Args:
            is_left_out: Says of which folders nothing is wanted.
            on_error: Called for each folder that cannot be listed, with the reason.
        """

        def listed(folder: str, reached: frozenset[int]) -> Iterator[tuple[str, frozenset[int]]]:
            try:
                names = [] if is_left_out(folder or os.curdir) else self._names(folder, reached)
            except (FileNotFoundError, NotADirectoryError):  # what a pattern begins with, or it is gone by now
                return
            except OSError as error:
                on_error(folder.rstrip(_SEPARATORS) or folder or os.curdir, error)
                return
            for name, after in names:
                if after or len(self.parts) not in reached or _may_be_image(folder + name):
                    yield folder + name, after

        # No recursion: folders may lie deeper than Python's stack reaches.
        stack = [listed(self.base, self._with_end({0}))]
        while stack:
            for path, reached in stack[-1]:
                if reached:
                    stack.append(listed(_inside(path), reached))
                    break
                yield path
            else:
                stack.pop()

    def _names(self, folder: str, reached: frozenset[int]) -> list[tuple[str, frozenset[int]]]:
        """Return the names in a folder that matter, sorted: of a folder, with what is reached there."""
        part = self.parts[min(reached)] if len(reached) == 1 and len(self.parts) not in reached else None
        if part is not None and not has_magic(part):  # it is no name in a list if it is "..", or nobody may list
            exists = os.path.lexists(folder + part)
            found = [(part, self._after(part, reached, _is_folder(folder + part), False))] if exists else []
        else:
            with os.scandir(folder or os.curdir) as listing:  # its entries would take several times the memory
                found = [(each.name, self._after(each.name, reached, *_kind(each))) for each in listing]
        return sorted((name, after) for name, after in found if after is not None)

    def _after(self, name: str, reached: frozenset[int], is_folder: bool, is_linked: bool) -> frozenset[int] | None:
        """Return what a folder's name reaches, `_FILE` for a file that is found, None for what does not matter."""
        is_hidden = name.startswith(".")
        if len(self.parts) in reached:
            if is_hidden or is_linked:
                return None
            return reached if is_folder else _FILE if name.lower().endswith(SUFFIXES) else None
        after = set()
        for position in reached:
            part = self.parts[position]
            if part == "**":
                if is_folder and not is_hidden and not is_linked:
                    after.add(position)
            elif is_linked and has_magic(part):
                continue
            elif fnmatch(name, part) and (part.startswith(".") or not is_hidden):
                after.add(position + 1)
        if is_folder:
            return self._with_end(after) or None
        return _FILE if len(self.parts) in after and not self.folders_only else None

    def _with_end(self, positions: set[int]) -> frozenset[int]:
        """Add the positions that are reached because `**` may stand for no folder at all."""
        return frozenset(positions).union(
            after
            for position in positions
            for after, _ in enumerate(takewhile(lambda part: part == "**", self.parts[position:]), position + 1)
        )


def _inside(folder: str) -> str:
    return os.path.join(folder, "")  # noqa: PTH118 (a Path would drop the "./" that was typed)


def _kind(entry: os.DirEntry[str]) -> tuple[bool, bool]:
    """Return whether it is a folder, and whether it is so as a link."""
    if entry.is_symlink():
        is_linked = _is_folder(entry.path)
        return is_linked, is_linked
    return entry.is_dir(follow_symlinks=False), False


def _is_folder(path: str) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 (Path.is_dir raises for a link to itself, or what nobody may see)


def _may_be_image(path: str) -> bool:
    """Return whether it is no pipe and the like; a broken link is to be reported."""
    return os.path.isfile(path) or not os.path.exists(path)  # noqa: PTH110, PTH113 (those of Path raise)
