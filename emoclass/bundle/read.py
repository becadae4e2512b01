"""Open a bundle: nothing in it is believed before it is checked, and nothing in it is ever run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from emoclass.bundle.manifest import FORMAT_VERSION, MANIFEST, Manifest
from emoclass.errors import BundleError

MAX_MANIFEST_BYTES = 2**20


@dataclass(frozen=True)
class Bundle:
    """A bundle on disk whose manifest is in order; its files are checked when they are asked for.

    Attributes:
        path: The folder.
        manifest: What it says of itself.
    """

    path: Path
    manifest: Manifest

    def file(self, name: str) -> Path:
        """Return a file's path, after comparing size and digest with the manifest.

        Raises:
            BundleError: The manifest has no such file, or it is missing or another than the manifest's.
        """
        entry = self.manifest.files.get(name)
        if entry is None:
            known = ", ".join(self.manifest.files) or "none"
            raise BundleError(f"bundle {self.path}: has no {name}, only {known}.")
        path = self.path / name
        try:
            if path.is_symlink() or not path.is_file():
                raise BundleError(f"bundle {self.path}: {name} is missing.", hint="Copy the whole folder.")
            size = path.stat().st_size
            if size != entry.bytes:
                raise BundleError(f"bundle {self.path}: {name}: expected {entry.bytes} bytes, got {size}.")
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise BundleError(f"bundle {self.path}: {name} cannot be read ({error.strerror or error}).") from error
        if digest != entry.sha256:
            raise BundleError(
                f"bundle {self.path}: {name} is damaged or was changed: its SHA-256 is not the manifest's.",
                hint="Copy the folder again.",
            )
        return path


def read_bundle(path: Path) -> Bundle:
    """Open a bundle's folder, and check its manifest.

    Raises:
        BundleError: There is none, or it is damaged, or of a newer format.
    """
    file = path / MANIFEST
    try:
        if not file.is_file():
            raise BundleError(f"bundle {path}: expected a folder with a {MANIFEST}, found none.")
        if file.stat().st_size > MAX_MANIFEST_BYTES:
            raise BundleError(f"bundle {path}: {MANIFEST} has more than {MAX_MANIFEST_BYTES} bytes.")
        document = json.loads(file.read_bytes())
    except OSError as error:
        raise BundleError(f"bundle {path}: {MANIFEST} cannot be read ({error.strerror or error}).") from error
    except (ValueError, RecursionError) as error:
        raise BundleError(f"bundle {path}: {MANIFEST} is no JSON ({error}).") from error
    version = document.get("format_version") if isinstance(document, dict) else None
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise BundleError(
            f"bundle {path}: {MANIFEST} has format {version}, and this emoclass reads {FORMAT_VERSION}.",
            hint="Upgrade emoclass.",
        )
    try:
        return Bundle(path, Manifest.model_validate(document))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise BundleError(f"bundle {path}: {MANIFEST}: {where}: {first['msg']}.") from error
