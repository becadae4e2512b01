"""Read a config file: TOML, in which relative paths are relative to the file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from emoclass.errors import ConfigError
from emoclass.values.config import is_pretrained


def read_file(path: Path) -> dict[str, Any]:
    """Read a config file as nested tables; the relative paths in it are relative to the file.

    Raises:
        ConfigError: The file is missing or no TOML.
    """
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"config file {path}: cannot be read ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"config file {path}: not valid TOML ({error}).") from error
    data = tree.get("data")
    for name in ("root", "exclude"):
        if isinstance(data, dict) and isinstance(data.get(name), str):
            data[name] = str(path.parent / Path(data[name]).expanduser())
    model = tree.get("model")
    if isinstance(model, dict) and isinstance(model.get("start"), str) and not is_pretrained(model["start"]):
        model["start"] = str(path.parent / Path(model["start"]).expanduser())
    if isinstance(tree.get("plugin"), str) and tree["plugin"].endswith(".py"):
        tree["plugin"] = str((path.parent / tree["plugin"]).resolve())
    return tree
