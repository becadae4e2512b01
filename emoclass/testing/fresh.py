"""Load one plugin in a process of its own, and tell which heavy packages that brought along.

Run as `python -m emoclass.testing.fresh --file FILE` or `--module NAME`; the answer is one line of JSON on stdout:
package -> the line that imported it.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from emoclass.registry import PluginInfo, Registry

HEAVY = ("tensorflow", "keras", "torch", "jax", "sklearn", "scipy", "matplotlib", "pandas", "numpy")
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


def _load(how: str, what: str) -> ModuleType:
    registry = Registry()
    if how == "--file":
        name = registry.load_file(Path(what))
    else:
        name = what
        registry.register(importlib.import_module(what), PluginInfo(name, origin=what))
    module = registry.module(name)
    if not isinstance(module, ModuleType):
        raise TypeError(f"expected a module, got {type(module).__name__}")
    return module


def _where(asked_by: list[tuple[str, int]], folder: Path) -> str:
    """Name the plugin's own line that led to the import, else the innermost one."""
    own = [(file, line) for file, line in asked_by if folder in Path(file).parents]
    file, line = (own or asked_by)[0]
    return f"{file}, line {line}"


if __name__ == "__main__":
    watch = _Watch()
    sys.meta_path.insert(0, watch)
    plugin = _load(*sys.argv[1:])
    home = Path(plugin.__file__ or ".").resolve().parent
    print(json.dumps({name: _where(lines, home) for name, lines in watch.asked_by.items() if name in sys.modules}))
