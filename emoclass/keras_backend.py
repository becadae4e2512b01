"""Whether networks can be built here: is Keras installed, and the backend that it is set to run on?

Nothing is imported to find out. A command asks before it reads any image, and the answer takes no time.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from emoclass.errors import ConfigError, MissingPackageError

BACKENDS = ("tensorflow", "jax", "torch")
"""Those that train; each is also the name of its package."""


def require_keras(*others: str) -> None:
    """Raise an error unless Keras, the backend that it is set to run on, and other packages are installed.

    The messages are of one line, and name what to install.

    Args:
        others: Packages of the `train` extra that are needed beside Keras and its backend.

    Raises:
        MissingPackageError: A package of the `train` extra is missing.
        ConfigError: Keras is set to run on a backend that cannot train, or that is not installed.
    """
    needed = ["keras", "tensorflow"]
    if _is_installed("keras"):
        backend, source = _backend()
        if backend not in BACKENDS:
            raise ConfigError(f"{source}: expected a backend that trains ({', '.join(BACKENDS)}), got {backend!r}.")
        if backend != "tensorflow":
            needed = ["keras", *others]
            if not _is_installed(backend):
                raise ConfigError(
                    f"{source}: expected the backend {backend!r} to be installed, found no package {backend}. "
                    f"Install with: pip install {backend}, or set KERAS_BACKEND=tensorflow."
                )
    missing = [name for name in needed if not _is_installed(name)]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise MissingPackageError(
            f"This needs {' and '.join(missing)}, which {verb} not installed.",
            hint='Install with: pip install "emoclass[train]"',
        )


def _is_installed(package: str) -> bool:
    spec = find_spec(package)
    return spec is not None and spec.origin is not None  # a folder of that name is no package


def _backend() -> tuple[str, str]:
    """Return the backend that Keras runs on, or will run on once it is imported, and what says so.

    Source: https://keras.io/api/utils/config_utils/ and `keras/src/backend/config.py` of Keras 3.
    """
    loaded = sys.modules.get("keras")
    if loaded is not None:
        return loaded.config.backend(), "Keras"
    if os.environ.get("KERAS_BACKEND"):
        return os.environ["KERAS_BACKEND"], "KERAS_BACKEND"
    path = _home() / "keras.json"
    try:
        chosen = json.loads(path.read_text(encoding="utf-8")).get("backend", "tensorflow")
    except (OSError, ValueError, AttributeError):  # Keras ignores a file that is not JSON
        chosen = "tensorflow"
    return str(chosen), f"{path}, backend"


def _home() -> Path:
    if "KERAS_HOME" in os.environ:
        return Path(os.path.expanduser(os.environ["KERAS_HOME"]))  # noqa: PTH111
    home = os.path.expanduser("~")  # noqa: PTH111 (Path.expanduser raises where there is no home; Keras does not)
    return Path(home if os.access(home, os.W_OK) else "/tmp", ".keras")
