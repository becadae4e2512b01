"""The models that are served: what they are called, and what is said of them."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emoclass.bundle.manifest import LITERT
from emoclass.bundle.read import Bundle, read_bundle
from emoclass.errors import ConfigError
from emoclass.inference.load import find_bundle
from emoclass.inference.pretrained import fast_variant
from emoclass.plugin.registry import Registry


@dataclass(frozen=True)
class HeldBundle(Bundle):
    """A bundle whose LiteRT file is in memory: what happens to the folder later does not matter.

    Attributes:
        network: What is in the LiteRT file; its digest was compared.
    """

    network: bytes = field(default=b"", repr=False)

    def content(self, name: str) -> bytes:
        """Return what is in a file: the LiteRT file from memory, others from the folder.

        Raises:
            BundleError: As `Bundle.content` does.
        """
        return self.network if name == LITERT else super().content(name)


@dataclass(frozen=True)
class ServedModel:
    """A model that is served.

    Attributes:
        name: What clients call it.
        bundle: The trained model.
        live_name: What the model of live sessions and videos is called: the fast variant, where there is one.
        live: That model.
        card: What its author says of it, in Markdown: the description of the package that brings it. None for a model
            that comes in no package.
    """

    name: str
    bundle: HeldBundle
    live_name: str
    live: HeldBundle
    card: str | None = None

    def describe(self, *, is_default: bool) -> dict[str, Any]:
        """Return the document that `GET /v1/models` gives of it."""
        manifest = self.bundle.manifest
        document: dict[str, Any] = manifest.model_dump(
            mode="json", include={"image", "expects", "framing", "detector", "trained", "measured"}
        )
        # What a training recorded of the machine that it ran on is nobody else's business.
        trained = {key: value for key, value in document["trained"].items() if not _is_path(value)}
        return {
            "name": self.name,
            "is_default": is_default,
            "labels": list(manifest.labels.emotions),
            "live_model": self.live_name,
            "digest": manifest.files[LITERT].sha256,
            **document,
            "trained": trained,
            "card": self.card,
            "live_leaked": self.live.manifest.trained.get("leaked"),
            "live_measured": self.live.manifest.model_dump(mode="json", include={"measured"})["measured"],
        }


def read_models(sources: Iterable[str], registry: Registry) -> Mapping[str, ServedModel]:
    """Read the models that are to be served; the first is the default.

    Args:
        sources: What `emoclass.load` takes, each possibly after a name of its own and `=`.
        registry: The plugins.

    Raises:
        ConfigError: Two have one name, or there is none.
        BundleError: One is no model, or damaged.
        PluginError: The plugin that is named is unknown or broken.
    """
    models: dict[str, ServedModel] = {}
    for given in sources:
        name, source = _named(given)
        if name in models:
            raise ConfigError(
                f"models: expected different names, got {name!r} twice.",
                hint=f"Give one another name: other={source}.",
            )
        bundle = _held(source, registry)
        fast = fast_variant(source, registry)
        if fast is None:
            models[name] = ServedModel(name, bundle, name, bundle, _card(source, registry))
        else:
            models[name] = ServedModel(name, bundle, fast, _held(fast, registry), _card(source, registry))
    if not models:
        raise ConfigError("models: expected at least one, got none.")
    return models


def _named(given: str) -> tuple[str, str]:
    """Return what a model is called, and where it is."""
    if Path(given).exists():
        return Path(given).resolve().name, given
    name, has_name, source = given.partition("=")
    if has_name and not name:
        raise ConfigError(
            f"model {given!r}: expected a name before '=', got none.", hint=f"For example: other={source}"
        )
    return (name, source) if has_name else (given if ":" in given else Path(given).name, given)


def _held(source: str, registry: Registry) -> HeldBundle:
    bundle = read_bundle(find_bundle(source, registry=registry))
    return HeldBundle(bundle.path.absolute(), bundle.manifest, bundle.content(LITERT))


def _card(source: str, registry: Registry) -> str | None:
    """Return the description of the package that brings a model."""
    if os.path.lexists(source):
        return None
    try:
        about = importlib.metadata.metadata(registry.plugin(source.partition(":")[0]).origin).json
    except importlib.metadata.PackageNotFoundError:  # a plugin in a file
        return None
    return str(about.get("description", "")) or None


def _is_path(value: object) -> bool:
    return isinstance(value, str) and ("/" in value or "\\" in value)
