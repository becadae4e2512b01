"""Find images below a folder, or what a pattern matches: in one walk, so that nothing is found twice."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from glob import has_magic
from itertools import takewhile
from typing import TypeAlias

from emoclass.data.listing import Kind, LeftOut, is_hidden_image, kind_of

_SEPARATORS = os.sep + (os.altsep or "")
_FILE: frozenset[int] = frozenset()
Reached: TypeAlias = frozenset[int] | Kind
"""The positions in a pattern that a folder has reached, `_FILE` for a file, or why it is left out."""


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

    def run(
        self,
        is_left_out: Callable[[str], bool],
        on_error: Callable[[str, OSError], None],
        left_out: LeftOut | None = None,
    ) -> Iterator[str]:
        """Yield paths, folders sorted by name.

        Names that begin with a dot are passed over, and links to folders, unless the pattern names them.

        Args:
            is_left_out: Says of which folders nothing is wanted.
            on_error: Called for each folder that cannot be listed, with the reason.
            left_out: Counts what else is found: files that are no images, hidden images, and links to folders.
        """
        left_out = LeftOut() if left_out is None else left_out

        def listed(folder: str, reached: frozenset[int]) -> Iterator[tuple[str, frozenset[int]]]:
            try:
                names = [] if is_left_out(folder or os.curdir) else self._names(folder, reached)
            except (FileNotFoundError, NotADirectoryError):  # what a pattern begins with, or it is gone by now
                return
            except OSError as error:
                on_error(folder.rstrip(_SEPARATORS) or folder or os.curdir, error)
                return
            for name, after in names:
                path = folder + name
                if isinstance(after, frozenset) and after:
                    yield path, after
                    continue
                # What a pattern names is given as it is; what is merely found must be an image.
                kind = kind_of(path, name) if after == _FILE and len(self.parts) in reached else after
                if isinstance(kind, frozenset) or kind == "image":
                    yield path, _FILE
                elif kind != "hidden" or is_hidden_image(path):
                    left_out.add(kind, path)

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

    def _names(self, folder: str, reached: frozenset[int]) -> list[tuple[str, Reached]]:
        """Return the names in a folder that matter, sorted: of a folder, with what is reached there."""
        found: list[tuple[str, Reached | None]]
        part = self.parts[min(reached)] if len(reached) == 1 and len(self.parts) not in reached else None
        if part is not None and not has_magic(part):  # it is no name in a list if it is "..", or nobody may list
            exists = os.path.lexists(folder + part)
            found = [(part, self._after(part, reached, _is_folder(folder + part), False))] if exists else []
        else:
            with os.scandir(folder or os.curdir) as listing:  # its entries would take several times the memory
                found = [(each.name, self._after(each.name, reached, *_kind(each))) for each in listing]
        return sorted(((name, after) for name, after in found if after is not None), key=lambda each: each[0])

    def _after(self, name: str, reached: frozenset[int], is_folder: bool, is_linked: bool) -> Reached | None:
        """Return what a name reaches, or why it is left out; None for what does not matter."""
        is_hidden = name.startswith(".")
        if len(self.parts) in reached:
            if is_hidden:
                return None if is_folder else "hidden"
            return "link" if is_linked else reached if is_folder else _FILE
        after = set()
        not_followed = False
        for position in reached:
            part = self.parts[position]
            if part == "**":
                not_followed |= is_linked and not is_hidden
                if is_folder and not is_hidden and not is_linked:
                    after.add(position)
            elif fnmatch(name, part) and (part.startswith(".") or not is_hidden):
                if is_linked and has_magic(part):
                    not_followed = True
                else:
                    after.add(position + 1)
        if is_folder:
            return self._with_end(after) or ("link" if not_followed else None)
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
