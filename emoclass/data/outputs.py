"""Tell what emoclass wrote from what it shall read: runs are often kept beside the photographs."""

from __future__ import annotations

import os
from pathlib import Path

from emoclass.data.listing import kind_of

_CONFIGURATIONS = ("config.toml", "experiment.toml")
_OUTCOMES = ("INCOMPLETE", "metrics.json", "study.json")
"""A run or a study has one file of each, whether it is finished or not."""


def is_output(folder: str | Path) -> bool:
    """Tell whether a folder is that of a run or a study, or one like `runs` that holds such folders and no others.

    A folder that cannot be listed is none.
    """
    try:
        return _is_run(folder) or _holds_runs(folder)
    except OSError:
        return False


def _is_run(folder: str | Path) -> bool:
    def has(name: str) -> bool:
        return os.path.isfile(os.path.join(folder, name))  # noqa: PTH113, PTH118 (asked of each folder below the data)

    return any(map(has, _CONFIGURATIONS)) and any(map(has, _OUTCOMES))


def _holds_runs(folder: str | Path) -> bool:
    found = False
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                if not _is_run(entry.path):
                    return False
                found = True
            elif kind_of(entry.path, entry.name) == "image":
                return False
    return found
