"""Write a bundle: the files first, the manifest last, so that a half written one is none."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from emoclass.bundle.manifest import MANIFEST, BundleFile, Manifest


def describe_file(path: Path, *, input_range: tuple[float, float]) -> BundleFile:
    """Return a file's entry in the manifest.

    Args:
        path: The file, complete.
        input_range: What pixels are scaled to before they go in.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return BundleFile(bytes=path.stat().st_size, sha256=digest, input_range=input_range)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest into a folder that holds the files already."""
    text = json.dumps(manifest.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"
    partial = folder / f".partial-{MANIFEST}"
    partial.write_text(text, encoding="utf-8")
    partial.replace(folder / MANIFEST)
