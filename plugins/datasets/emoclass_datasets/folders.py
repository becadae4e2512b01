"""The datasets whose images are files."""

from __future__ import annotations

from emoclass import DatasetSpec

FOLDERS: tuple[DatasetSpec, ...] = ()
