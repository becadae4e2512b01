"""The trained models that plugins bring: found in their packages, by the names that users type."""

from __future__ import annotations

import importlib.resources
import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from emoclass.bundle.manifest import MANIFEST
from emoclass.errors import BundleError, PluginError, UnknownNameError

if TYPE_CHECKING:
    from emoclass.plugin.registry import Registry

DEFAULT = "default"
"""The bundle of a model that is meant where none is named."""

FAST = "fast"
"""The bundle of a model that is taken for videos, where none is named: quicker, and less accurate."""


def pretrained_folder(ref: str) -> Path:
    """Return the folder that a model's `pretrained` names.

    Args:
        ref: `"package:folder/inside"`, or an absolute path.

    Raises:
        PluginError: The text is neither, the package cannot be imported, or the folder holds no bundle.
    """
    if Path(ref).is_absolute():
        folder = Path(ref)
    else:
        package, _, inside = ref.partition(":")
        parts = PurePosixPath(inside).parts
        if not (package and parts) or ".." in parts or "/" in parts:
            raise PluginError(f"pretrained {ref!r}: expected 'package:folder/inside' or an absolute path.")
        try:
            folder = Path(str(importlib.resources.files(package).joinpath(*parts)))
        except (ImportError, TypeError, ValueError, OSError) as error:  # no such package, or none at all
            raise PluginError(f"pretrained {ref!r}: package {package!r} cannot be opened ({error}).") from error
    if not os.path.lexists(folder / MANIFEST):
        raise PluginError(
            f"pretrained {ref!r}: expected a bundle, found no {MANIFEST} in {folder}.",
            hint="Copy a run's bundle/ there, and let the package's build include it.",
        )
    return folder


def pretrained_of(source: str, registry: Registry) -> Path:
    """Return the folder of a trained model that a plugin brings.

    Args:
        source: `PLUGIN`, `PLUGIN:MODEL` or `PLUGIN:MODEL:NAME`.
        registry: The plugins.

    Raises:
        BundleError: The plugin brings no trained model, or several where one was to be named.
        PluginError: The plugin is unknown or broken, or has no such model, or what it names is no bundle.
    """
    plugin, *rest = source.split(":")
    try:
        registry.plugin(plugin)
    except UnknownNameError as error:
        hint = " ".join(each for each in (error.hint, _known(registry)) if each)
        raise UnknownNameError(f"model {source!r}: there is no such folder, and {error.message}", hint) from error
    trained = {spec.name: spec for spec in registry.models.of(plugin) if spec.pretrained}
    names = names_of(plugin, registry)
    if not trained:
        raise BundleError(
            f"plugin {plugin!r}: has no pretrained model.",
            hint=f"Train one with: emoclass run --plugin {plugin}, and give its run folder here.",
        )
    if not rest and len(trained) > 1:
        raise BundleError(f"plugin {plugin!r}: has several pretrained models.", hint=f"Name one: {names}.")
    model = rest[0] if rest else next(iter(trained))
    name = rest[1] if len(rest) > 1 else DEFAULT
    if len(rest) > 2 or model not in trained or name not in trained[model].pretrained:
        raise UnknownNameError(
            f"model {source!r}: plugin {plugin!r} has no such pretrained model.",
            hint=f"It has {names}.",
        )
    return pretrained_folder(trained[model].pretrained[name])


def fast_variant(source: str, registry: Registry) -> str | None:
    """Return the full name of a model's fast variant, where a plugin brings one and the source names no variant.

    Args:
        source: As for `pretrained_of`; what exists as a path is none.
        registry: The plugins.

    Example:
        >>> from emoclass.plugin.registry import Registry
        >>> fast_variant("no-such-plugin", Registry()) is None
        True
    """
    plugin, *rest = source.split(":")
    if len(rest) > 1 or os.path.lexists(source):
        return None
    try:
        registry.plugin(plugin)
    except UnknownNameError:
        return None  # `pretrained_of` says so
    trained = [spec for spec in registry.models.of(plugin) if spec.pretrained and (not rest or spec.name == rest[0])]
    if len(trained) != 1 or FAST not in trained[0].pretrained:
        return None
    return f"{plugin}:{trained[0].name}:{FAST}"


def _known(registry: Registry) -> str | None:
    """Return a sentence that lists the trained models of all plugins; None where there are none."""
    plugins = sorted({info.name for info in registry.plugins.values()})
    names = ", ".join(found for plugin in plugins if (found := names_of(plugin, registry)))
    return f"Pretrained models: {names}." if names else None


def names_of(plugin: str, registry: Registry) -> str:
    """Return the full names of a plugin's pretrained models, separated by commas; empty if there are none."""
    return ", ".join(
        f"{plugin}:{spec.name}" + ("" if name == DEFAULT else f":{name}")
        for spec in registry.models.of(plugin)
        for name in spec.pretrained
    )
