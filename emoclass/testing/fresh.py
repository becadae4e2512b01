"""Load one plugin in a process of its own, and answer a question about it with a line of JSON on stdout.

    python -m emoclass.testing.fresh imports ENTRY             heavy package -> the line that imported it
    python -m emoclass.testing.fresh samples ENTRY NAME ROOT   the ids that a dataset lists below a folder

ENTRY is the value of an entry point, or a file.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from emoclass.plugin.registry import GROUP, PluginInfo, Registry

HEAVY = ("tensorflow", "keras", "torch", "jax", "sklearn", "scipy", "matplotlib", "pandas", "numpy", "cv2")
"""Packages whose import takes long enough to be noticed at every command."""


class _Watch:
    """An import finder that finds nothing: it remembers who first asked for each heavy package."""

    def __init__(self) -> None:
        self.asked_by: dict[str, list[tuple[str, int]]] = {}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name in HEAVY and name not in self.asked_by:
            self.asked_by[name] = list(_lines(sys._getframe(1)))


def _lines(frame: FrameType | None) -> Iterator[tuple[str, int]]:
    while frame is not None:
        if "importlib" not in frame.f_code.co_filename:
            yield frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back


def _load(entry: str) -> tuple[Registry, PluginInfo]:
    registry = Registry()
    if entry.endswith(".py"):
        return registry, registry.plugin(registry.load_file(Path(entry)))
    loaded = importlib.metadata.EntryPoint(name="plugin", value=entry, group=GROUP).load()
    registry.register(loaded, PluginInfo("plugin", origin=entry))
    return registry, registry.plugin("plugin")


def _imports(entry: str) -> dict[str, str]:
    watch = _Watch()
    sys.meta_path.insert(0, watch)
    _load(entry)
    module = Path(entry).stem if entry.endswith(".py") else entry.partition(":")[0].strip()
    home = Path(sys.modules[module].__file__ or ".").resolve().parent
    return {name: _where(lines, home) for name, lines in watch.asked_by.items() if name in sys.modules}


def _where(asked_by: list[tuple[str, int]], folder: Path) -> str:
    """Name the plugin's own line that led to the import, else the innermost one."""
    own = [(file, line) for file, line in asked_by if folder in Path(file).parents]
    file, line = (own or asked_by)[0]
    return f"{file}, line {line}"


def _samples(entry: str, name: str, root: str) -> list[str]:
    from emoclass.testing.tiny import list_samples

    registry, _ = _load(entry)
    return [sample.id for sample in list_samples(registry.datasets.get(name), Path(root) if root else None)]


if __name__ == "__main__":
    question, *arguments = sys.argv[1:]
    print(json.dumps(_imports(*arguments) if question == "imports" else _samples(*arguments)))
