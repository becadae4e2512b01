"""Look into a saved network before Keras does."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
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
    safe mode sees to that in the Keras of today, but the rules have been widened with nearly every release. Weights
    take no more memory than the file has bytes, and come from the file itself.

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
        weights = archive.read("model.weights.h5")
    yield from _foreign(document)
    yield from _unlike_weights(weights)


def _unlike_weights(content: bytes) -> Iterator[str]:
    """Yield what Keras would not have written of weights: what takes more memory than the file, or leads out of it.

    HDF5 has compression of its own, arrays that are stored nowhere and read as zeros, and arrays in other files.
    """
    with h5py.File(io.BytesIO(content), "r") as file:
        groups, seen, size = [file["/"]], set(), 0
        while groups:
            group = groups.pop()
            for name in group:
                if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                    yield f"expected weights without links, got {group.name}/{name}"
                    return
                found = group[name]
                address = h5py.h5o.get_info(found.id).addr
                if address in seen:  # of a circle there is no end
                    yield f"expected weights without links, got a second {found.name}"
                    return
                seen.add(address)
                if isinstance(found, h5py.Group):
                    groups.append(found)
                    continue
                if not isinstance(found, h5py.Dataset) or found.dtype.kind not in "fiub":
                    yield f"expected arrays of numbers, got {found.name}"
                    return
                if found.id.get_create_plist().get_nfilters():
                    yield f"expected arrays that are stored as they are, got a compressed {found.name}"
                    return
                if found.is_virtual or found.external:
                    yield f"expected arrays in the file itself, got {found.name} in another"
                    return
                size += found.nbytes
        if size > len(content):
            yield f"expected weights of at most {len(content)} bytes, as the file has, got {size}"


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


def store_in_half_precision(path: Path) -> None:
    """Write the weights of a `.keras` file as float16 numbers; they must be such already, so that none changes.

    Keras reads them into the float32 variables of the network.
    """
    with zipfile.ZipFile(path) as archive:
        members = [(entry, archive.read(entry)) for entry in archive.infolist()]
    partial = path.with_suffix(".half")
    with zipfile.ZipFile(partial, "w") as archive:
        for entry, content in members:
            archive.writestr(entry, _halved(content) if entry.filename.endswith(".h5") else content)
    partial.replace(path)


def _halved(content: bytes) -> bytes:
    halved = io.BytesIO()
    with h5py.File(io.BytesIO(content), "r") as file, h5py.File(halved, "w") as new:
        new.attrs.update(file.attrs)

        def copy(name: str, found: h5py.Group | h5py.Dataset) -> None:
            if isinstance(found, h5py.Group):
                made = new.require_group(name)
            else:
                made = new.create_dataset(name, data=found[()], dtype="f2" if found.dtype == "f4" else found.dtype)
            made.attrs.update(found.attrs)

        file.visititems(copy)
    return halved.getvalue()
