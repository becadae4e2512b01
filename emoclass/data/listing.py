"""Tell which files of a folder are images, and count what is left out: the one rule for all that searches folders."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from typing import Literal

from emoclass.data.formats import format_of
from emoclass.data.images import SUFFIXES
from emoclass.data.videos import HEAD_BYTES, VIDEO_SUFFIXES, is_video

Kind = Literal["video", "other", "special", "hidden", "link", "run", "unlisted"]
"""Why a file or folder is left out: a video, no image, a pipe or device, hidden, a link to a folder, a folder that
emoclass wrote, or an image that the dataset does not list."""

RAW_SUFFIXES = (".dng", ".nef", ".nrw", ".cr2", ".arw", ".sr2", ".pef", ".srw", ".3fr", ".iiq", ".erf")
"""Raw photographs: their first bytes are those of TIFF files, and what can be read of them is a thumbnail."""

_WORDS: dict[Kind, tuple[str, str]] = {
    "unlisted": ("image that belongs to no class or split", "images that belong to no class or split"),
    "video": ("video", "videos"),
    "other": ("other file", "other files"),
    "special": ("pipe or device", "pipes or devices"),
    "hidden": ("hidden image", "hidden images"),
    "link": ("linked folder", "linked folders"),
    "run": ("folder written by emoclass", "folders written by emoclass"),
}
"""The kinds in words, in the order of the sentence."""

_HINTS: dict[Kind, str] = {
    "video": "For videos: emoclass video.",
    "link": "To search a linked folder, name it.",
}
"""What to say of a kind beside its number."""

NAMED = 3
"""How many files of a kind are named."""


class LeftOut:
    """Counts what a search leaves out.

    Example:
        >>> left_out = LeftOut()
        >>> left_out.add("other", "photos/notes.txt")
        >>> left_out.add("link", "photos/2025")
        >>> left_out.sentence()
        'Left out: 1 other file (.txt), 1 linked folder (photos/2025). To search a linked folder, name it.'
    """

    def __init__(self) -> None:
        self._counts: Counter[Kind] = Counter()
        self._names: dict[Kind, list[str]] = {}
        self._suffixes: Counter[str] = Counter()

    def add(self, kind: Kind, path: str) -> None:
        """Count a file or folder."""
        self._counts[kind] += 1
        names = self._names.setdefault(kind, [])
        if len(names) < NAMED:
            names.append(path)
        if kind == "other":
            self._suffixes[os.path.splitext(path)[1].lower() or os.path.basename(path)] += 1  # noqa: PTH119, PTH122

    def sentence(self) -> str | None:
        """Return how many of each kind were left out, with names; None where nothing was."""
        parts = [
            f"{self._counts[kind]:,} {words[self._counts[kind] > 1]} ({self._examples(kind)})"
            for kind, words in _WORDS.items()
            if self._counts[kind]
        ]
        hints = [hint for kind, hint in _HINTS.items() if self._counts[kind]]
        return " ".join([f"Left out: {', '.join(parts)}.", *hints]) if parts else None

    def _examples(self, kind: Kind) -> str:
        if kind == "other":
            common = self._suffixes.most_common(NAMED + 1)
            shown = [f"{suffix} {n:,}" if len(self._suffixes) > 1 else suffix for suffix, n in common[:NAMED]]
            return ", ".join(shown + ["..."] * (len(common) > NAMED))
        return ", ".join(self._names[kind] + ["..."] * (self._counts[kind] > NAMED))


def kind_of(path: str, name: str) -> Literal["image"] | Kind:
    """Return whether a file is an image, or why it is left out.

    A file with an image's suffix is one: if it is damaged, decoding it says so. Of others the first bytes decide.

    Args:
        path: Where the file is.
        name: Its name.
    """
    lower = name.lower()
    if lower.endswith(SUFFIXES):
        # A broken link is to be reported. The functions of Path raise for links to themselves.
        return "image" if os.path.isfile(path) or not os.path.exists(path) else "special"  # noqa: PTH110, PTH113
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            return "special"
        if lower.endswith(VIDEO_SUFFIXES):
            return "video"
        if lower.endswith(RAW_SUFFIXES):
            return "other"
        head = _head(path)
    except OSError:
        return "other"
    return "image" if is_image(head) else "video" if is_video(head) else "other"


def is_hidden_image(path: str) -> bool:
    """Return whether a hidden file is an image by its first bytes: those that macOS adds have an image's name."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode) and is_image(_head(path))  # noqa: PTH116
    except OSError:
        return False


def images_in(folder: str | os.PathLike[str], left_out: LeftOut | None = None) -> Iterator[str]:
    """Yield the names of the images in a folder, sorted; subfolders are not looked into, nor counted.

    Raises:
        OSError: The folder cannot be listed.
    """
    left_out = LeftOut() if left_out is None else left_out
    with os.scandir(folder) as entries:
        found = sorted((entry.name, entry.path) for entry in entries if not _is_folder(entry))
    for name, path in found:
        if name.startswith("."):
            if is_hidden_image(path):
                left_out.add("hidden", path)
            continue
        kind = kind_of(path, name)
        if kind == "image":
            yield name
        else:
            left_out.add(kind, path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    # Of a link to itself, `DirEntry.is_dir` raises.
    return os.path.isdir(entry.path) if entry.is_symlink() else entry.is_dir()  # noqa: PTH112


def is_image(head: bytes) -> bool:
    """Return whether a file that begins with these bytes is in one of the formats that are read."""
    return format_of(head) is not None


def _head(path: str) -> bytes:
    # Without waiting for a writer, where a pipe has taken the file's place.
    file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        return os.read(file, HEAD_BYTES)
    finally:
        os.close(file)
