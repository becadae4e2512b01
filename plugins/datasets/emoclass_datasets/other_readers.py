"""Where a dataset refuses a folder, which other one reads it."""

from __future__ import annotations

import functools
import importlib
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from emoclass import DatasetSpec, Registry, Sample
from emoclass.errors import DataError, EmoclassError
from emoclass.values.labels import canonical
from emoclass_datasets.release import LayoutError

BY_NAMES = ("ck48", "ckplus", "ckplus-csv", "expw", "jaffe", "kdef", "muxspace")
"""The datasets whose files tell by their names what they are."""

CLASS_FOLDERS = ("folder", "ferplus", "fer2013", "rafdb")
"""Those that also read class folders of any origin, in the order in which they are tried: `folder` needs folders that
are called as emotions are, the others know what numbers mean."""

Load = Callable[..., Iterable[Sample]]


def names_other_readers(load: Load) -> Load:
    """Return a `load` whose errors name the commands that read the same folder, where another dataset does.

    Args:
        load: It lists a dataset; the result is listed whole.
    """

    @functools.wraps(load)
    def listed(root: Path | None = None, **options: Any) -> list[Sample]:
        found: list[Sample] = []
        try:
            for sample in load(root, **options):
                found.append(sample)
            return found
        except DataError as error:
            # Of a dataset with one odd file, it would be wrong to say that it is a folder of each emotion.
            is_other = isinstance(error, LayoutError) or not found
            other = None if root is None else reader_of(root, besides=load, or_folder=is_other)
            if other is not None:
                where = shlex.quote(str(root))
                error.hint = (
                    f"`emoclass run --dataset {other} --data {where}` reads it, and so does "
                    f"`emoclass evaluate MODEL --on {other}={where}`. {error.hint or ''}"
                ).strip()
            raise

    return listed


def reader_of(root: Path, *, besides: Load, or_folder: bool) -> str | None:
    """Return the name of a dataset that finds images in a folder; None where none does.

    Args:
        root: The folder.
        besides: The `load` that refused it.
        or_folder: Whether datasets count that read class folders of any origin.
    """
    from emoclass_datasets import register_datasets

    specs = [*register_datasets(), Registry.discover().datasets.get("folder")]
    loads = {spec.name: _load_of(spec) for spec in specs}
    name: str
    for name in (*BY_NAMES, *(CLASS_FOLDERS if or_folder else ())):
        if loads[name] is not besides and _first(loads[name], root) is not None:
            return name
    return None


def _load_of(spec: DatasetSpec) -> Load:
    """Return a dataset's own `load`, without the search for others."""
    module, _, name = str(spec.load).partition(":")
    load: Load = getattr(importlib.import_module(module), name)
    return getattr(load, "__wrapped__", load)


def _first(load: Load, root: Path) -> Sample | None:
    """Return the first image of an emotion that a dataset finds."""
    try:
        return next((sample for sample in load(root) if canonical(sample.emotion) is not None), None)
    except (EmoclassError, OSError):
        return None
