"""Open a bundle: nothing in it is believed before it is checked, and nothing in it is ever run."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from emoclass.bundle.manifest import FORMAT_VERSION, MANIFEST, READABLE, Manifest
from emoclass.bundle.plain import one_line
from emoclass.errors import BundleError

MAX_MANIFEST_BYTES = 2**20

_COPY_AGAIN = "Copy the folder again."

_WORDS = {"extra_forbidden": "there is no such field in this format", "missing": "is missing"}
"""What pydantic says in terms of programs -> in terms of the file."""


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
            BundleError: The manifest has no such file, or it is missing, a link, or another than the manifest's.
        """
        with self._opened(name) as file:
            self._compare(name, hashlib.file_digest(file, "sha256").hexdigest())
        return self.path / name

    def content(self, name: str) -> bytes:
        """Return what is in a file, after comparing it with the manifest: what is used is what was checked.

        Raises:
            BundleError: As `file` does.
        """
        with self._opened(name) as file:
            content = file.read()
        self._compare(name, hashlib.sha256(content).hexdigest())
        return content

    @contextmanager
    def _opened(self, name: str) -> Iterator[BufferedReader]:
        entry = self.manifest.files.get(name)
        if entry is None:
            known = one_line(", ".join(self.manifest.files)) or "none"
            raise BundleError(f"bundle {self.path}: has no {name}, only {known}.")
        try:
            with _open(self.path, name) as file:
                size = os.fstat(file.fileno()).st_size
                if size != entry.bytes:
                    raise BundleError(
                        f"bundle {self.path}: {name}: expected {entry.bytes} bytes, got {size}.", hint=_COPY_AGAIN
                    )
                yield file
        except FileNotFoundError as error:
            raise BundleError(f"bundle {self.path}: {name} is missing.", hint="Copy the whole folder.") from error
        except OSError as error:
            raise BundleError(f"bundle {self.path}: {name} cannot be read ({error.strerror or error}).") from error

    def _compare(self, name: str, digest: str) -> None:
        if digest != self.manifest.files[name].sha256:
            raise BundleError(
                f"bundle {self.path}: {name} is damaged or was changed: its SHA-256 is not the manifest's.",
                hint=_COPY_AGAIN,
            )


def read_bundle(path: Path) -> Bundle:
    """Open a bundle's folder, and check its manifest.

    Raises:
        BundleError: There is none, or it is damaged, or of a newer format.
    """
    try:
        with _open(path, MANIFEST) as file:
            content = file.read(MAX_MANIFEST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BundleError(f"bundle {path}: expected a folder with a {MANIFEST}, found none.") from error
    except OSError as error:
        raise BundleError(f"bundle {path}: {MANIFEST} cannot be read ({error.strerror or error}).") from error
    if len(content) > MAX_MANIFEST_BYTES:
        raise BundleError(f"bundle {path}: {MANIFEST} has more than {MAX_MANIFEST_BYTES} bytes.")
    try:
        document = json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"bundle {path}: {MANIFEST} is not valid JSON ({one_line(error)}).") from error
    if not isinstance(document, dict):
        raise BundleError(f"bundle {path}: {MANIFEST}: expected an object, got {type(document).__name__}.")
    _check_version(path, document)
    try:
        return Bundle(path, Manifest.model_validate(document))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        reason = _WORDS.get(first["type"]) or first["msg"].removeprefix("Value error, ")
        # What a config file declares is no help to whoever got a model.
        reason = reason.partition(" A new one is declared under")[0].replace("Input should be", "expected")
        raise BundleError(
            f"bundle {path}: {MANIFEST}: {one_line(f'{where}: {reason}'.removeprefix(': ').rstrip('.'))}."
        ) from error


def _open(folder: Path, name: str) -> BufferedReader:
    """Open an ordinary file of a bundle; a link would lead out of it, and a pipe would be waited for.

    Raises:
        BundleError: It is something else.
        OSError: It is missing, or cannot be read.
    """
    path = folder / name
    if path.is_symlink():
        raise BundleError(
            f"bundle {folder}: {name} is a link, and links in a bundle are not followed.",
            hint="Copy the folder with the files that the links lead to: cp -rL does.",
        )
    # Opened first and asked afterwards, so that nobody can exchange it between; Windows has neither flag nor pipe.
    flags = sum(getattr(os, flag, 0) for flag in ("O_BINARY", "O_NONBLOCK", "O_NOFOLLOW"))
    file = open(path, "rb", opener=lambda file, _: os.open(file, flags))  # noqa: SIM115 - the caller closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise BundleError(f"bundle {folder}: {name}: expected a file, got something else.")
    return file


def _check_version(path: Path, document: dict[str, Any]) -> None:
    """Refuse another format before anything else is looked at: a newer one may differ in all the rest."""
    version = document.get("format_version")
    if type(version) is int and version in READABLE:
        return
    told = one_line(repr(version), 20) if isinstance(version, str | int | float) else "none"
    number = int(version) if isinstance(version, str) and version.isdecimal() and len(version) < 10 else version
    if isinstance(number, int | float) and number > FORMAT_VERSION and number % 1 == 0:  # True is not above 1
        raise BundleError(
            f"bundle {path}: {MANIFEST} has format {told}, and this emoclass reads {READABLE[0]} to {READABLE[-1]}.",
            hint="Upgrade emoclass.",
        )
    raise BundleError(
        f"bundle {path}: {MANIFEST}: format_version: expected a number from 1 to {FORMAT_VERSION}, got {told}."
    )


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")
