"""Find a trained model: in a bundle, in a run folder, or by a plugin's name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from emoclass.bundle.manifest import MANIFEST
from emoclass.bundle.read import read_bundle
from emoclass.errors import BundleError, ConfigError
from emoclass.inference.classifier import Classifier

if TYPE_CHECKING:
    from emoclass.plugin.registry import Registry

BUNDLE = "bundle"
"""Where a run folder has its bundle."""


def load(source: str | Path, *, registry: Registry | None = None, threads: int | None = None) -> Classifier:
    """Load a trained model that predicts without TensorFlow.

    Args:
        source: A bundle's folder, a run folder, or the name of a plugin that brings a trained model; where it brings
            several, `PLUGIN:MODEL` or `PLUGIN:MODEL:NAME`. What exists as a path is taken as one.
        registry: Where plugins are looked up; by default among the installed ones.
        threads: Processor threads for one run of the network; None takes those that this process may use.

    Raises:
        BundleError: There is no bundle, or it is damaged, or of a newer format; or a plugin brings several.
        UnknownNameError: It is neither a path nor a plugin's name.
        PluginError: The plugin is broken, or what it names is no bundle.
        ConfigError: No path and no text, or an empty one; threads that are no whole number from 1 to 256.
    """
    return Classifier(read_bundle(find_bundle(source, registry=registry)), threads=threads)


def find_bundle(source: str | Path, *, registry: Registry | None = None) -> Path:
    """Return the folder of the bundle that `load` would take.

    Raises:
        BundleError: There is none, or a plugin brings several.
        UnknownNameError: It is neither a path nor a plugin's name.
        PluginError: The plugin is broken, or what it names is no bundle.
        ConfigError: It is no path and no text, or an empty one, which would be the folder that one happens to be in.
    """
    if not isinstance(source, str | os.PathLike) or source == "":
        got = "an empty string" if source == "" else type(source).__name__
        raise ConfigError(f"model: expected the path of a bundle or a run, or a plugin's name, got {got}.")
    path = Path(source)
    if os.path.lexists(path):
        try:
            return _at(path)
        except BundleError as error:
            error.hint = error.hint or _hint_of_plugin(path.name, registry)
            raise
    if isinstance(source, Path) or source != path.name:
        raise BundleError(
            f"model {str(source)!r}: no such folder.", hint="Expected a bundle, a run folder, or the name of a plugin."
        )
    return _of_plugin(source, registry)


def _at(path: Path) -> Path:
    for folder in (path, path / BUNDLE):
        if os.path.lexists(folder / MANIFEST):  # what is no file, the reader tells
            return folder
    if not path.is_dir():
        raise BundleError(
            f"model {path}: expected the folder of a bundle or of a run, got a file.",
            hint=f"The folder that holds {MANIFEST}." if (path.parent / MANIFEST).is_file() else None,
        )
    if (path / "config.toml").is_file():
        raise BundleError(
            f"run {path}: has no {BUNDLE}/{MANIFEST}; it is not finished, or was made by a version without bundles.",
            hint=f"Finish it with: emoclass run --resume {path}",
        )
    inside = sorted(path.glob(f"*/{BUNDLE}/{MANIFEST}"))  # unreadable folders are passed over
    raise BundleError(
        f"model {path}: expected a bundle ({MANIFEST}) or a run ({BUNDLE}/{MANIFEST}), found neither.",
        hint=f"Name one of the runs in it, such as {inside[-1].parent.parent}." if inside else None,
    )


def _hint_of_plugin(name: str, registry: Registry | None) -> str | None:
    """Return how to name the models of a plugin that a folder or file hides; None if it has none."""
    from emoclass.inference.pretrained import names_of
    from emoclass.plugin.registry import Registry

    names = names_of(name, Registry.discover() if registry is None else registry)
    return f"A path comes before a plugin of the same name. To use the plugin: {names}." if names else None


def _of_plugin(source: str, registry: Registry | None) -> Path:
    """Return the bundle that a plugin brings."""
    from emoclass.inference.pretrained import pretrained_of
    from emoclass.plugin.registry import Registry

    return pretrained_of(source, Registry.discover() if registry is None else registry)
