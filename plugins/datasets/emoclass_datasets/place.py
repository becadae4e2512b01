"""Where in a user's folder a dataset is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from emoclass.errors import DataError


def find(root: Path | None, names: Sequence[str], *, dataset: str, url: str, folder: str | None = None) -> Path:
    """Return the folder that holds one of some files or folders: the root, or a folder of a certain name inside it.

    Args:
        root: What the user gave.
        names: What a dataset's folder holds, one of them at least.
        dataset: The dataset's name.
        url: Where its owner distributes it.
        folder: What its own folder is called, for those who give the one above it; by default the dataset's name.

    Raises:
        DataError: None of them is there. The message names them, and the hint says where to get the data.
    """
    hint = f"Nothing is downloaded: its owner distributes it at {url}."
    if root is None or not root.is_dir():
        raise DataError(f"dataset {dataset!r}: expected a folder, got {root}.", hint=hint)
    for home in (root, root / (folder or dataset)):
        if any((home / name).exists() for name in names):
            return home
    wanted = " or ".join(names)
    raise DataError(f"dataset {dataset!r}: expected {wanted} in {root}, got nothing of that name.", hint=hint)
