"""Look into a saved network before Keras does."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from emoclass.bundle.plain import one_line
from emoclass.errors import BundleError

MEMBERS = {"config.json", "metadata.json", "model.weights.h5"}

MAX_CONFIG_BYTES = 16 * 2**20
"""Networks of a thousand layers have one of 2 MB."""

_RUNNING_CODE = {"__lambda__", "Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"}
"""What Keras keeps code of, or loads it for, in the file or beside it."""


def check_archive(path: Path) -> None:
    """Refuse a `.keras` file that Keras itself would not have written of a bare network.

    Keras stores its three files as they are; a compressed one may unpack to any size, and one with another name to
    any place. Layers come from Keras or are registered in this process (`keras.saving.register_keras_serializable`):
    safe mode sees to that in the Keras of today, but the rules have been widened with nearly every release.

    Raises:
        BundleError: It is no such file; nothing of it was unpacked or run.
    """
    try:
        reason = next(_reasons(path), None)
    except Exception as error:  # a damaged archive fails in zipfile, struct, json and others
        raise BundleError(f"model {path}: cannot be loaded ({one_line(error) or type(error).__name__}).") from error
    if reason:
        raise BundleError(
            f"model {path}: cannot be loaded safely: {one_line(reason)}.",
            hint="A bundle contains a saved Keras model and no code.",
        )


def _reasons(path: Path) -> Iterator[str]:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        names = [entry.filename for entry in entries]
        if sorted(names) != sorted(MEMBERS):
            yield f"expected {', '.join(sorted(MEMBERS))}, got {', '.join(sorted(names)) or 'nothing'}"
        packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
        if packed or sum(entry.file_size for entry in entries) > path.stat().st_size:
            yield "expected files that are stored as they are, got compressed ones"
        size = archive.getinfo("config.json").file_size
        if size > MAX_CONFIG_BYTES:
            yield f"expected at most {MAX_CONFIG_BYTES} bytes of config.json, got {size}"
        document = json.loads(archive.read("config.json"))
    yield from _foreign(document)


def _foreign(document: Any) -> Iterator[str]:
    """Yield what is neither Keras's own nor registered."""
    if isinstance(document, list):
        for each in document:
            yield from _foreign(each)
    elif isinstance(document, dict):
        kind, module = document.get("class_name"), document.get("module")
        registered = document.get("registered_name") or kind
        if isinstance(kind, str) and kind in _RUNNING_CODE:
            yield f"expected layers without code of their own, got {kind}"
        known = module is None or str(module).split(".")[0] in ("keras", "builtins")
        if kind is not None and not known and not keras.saving.get_registered_object(str(registered)):
            yield f"expected layers of Keras or registered ones, got {registered!r} of module {module!r}"
        for each in document.values():
            yield from _foreign(each)
