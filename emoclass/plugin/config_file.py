"""Read a config file: TOML, in which relative paths are relative to the file."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emoclass.errors import ConfigError
from emoclass.values.config import is_pretrained

_ABOUT_BACKSLASHES = (
    "In double quotes, a backslash begins an escape. Write Windows paths in single quotes, as in 'C:\\photos'."
)


def read_file(path: Path) -> dict[str, Any]:
    """Read a config file as nested tables; the relative paths in it are relative to the file.

    Raises:
        ConfigError: The file is missing or no TOML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors begin a file with a mark
        tree = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"config file {path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"config file {path}: expected UTF-8 text ({error}).", hint="Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        hint = _ABOUT_BACKSLASHES if _has_backslash(text, error) else None
        raise ConfigError(f"config file {path}: not valid TOML ({error}).", hint=hint) from error
    for name, value in _paths(tree):
        if any(ord(each) < 32 for each in value):  # "C:\temp" has a tab
            raise ConfigError(f"config file {path}: {name}: expected a path, got {value!r}.", hint=_ABOUT_BACKSLASHES)
    data = tree.get("data")
    for name in ("root", "exclude"):
        if isinstance(data, dict) and isinstance(data.get(name), str):
            data[name] = str(path.parent / Path(data[name]).expanduser())
    model = tree.get("model")
    if isinstance(model, dict) and isinstance(model.get("start"), str) and not is_pretrained(model["start"]):
        start = Path(model["start"]).expanduser()
        if str(start) != start.name or os.path.lexists(path.parent / start):  # else a plugin's name
            model["start"] = str(path.parent / start)
    if isinstance(tree.get("plugin"), str) and tree["plugin"].endswith(".py"):
        tree["plugin"] = str((path.parent / tree["plugin"]).resolve())
    return tree


def _paths(tree: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the settings that are paths, by their names."""
    for table, name in (("data", "root"), ("data", "exclude"), ("model", "start")):
        held = tree.get(table)
        if isinstance(held, dict) and isinstance(held.get(name), str):
            yield f"{table}.{name}", held[name]
    if isinstance(tree.get("plugin"), str):
        yield "plugin", tree["plugin"]


def _has_backslash(text: str, error: tomllib.TOMLDecodeError) -> bool:
    """Tell whether the line of an error has a backslash between double quotes."""
    found = re.search(r"at line (\d+)", str(error))
    lines = text.splitlines()
    line = lines[int(found[1]) - 1] if found and int(found[1]) <= len(lines) else ""
    return re.search(r'"[^"]*\\', line) is not None
