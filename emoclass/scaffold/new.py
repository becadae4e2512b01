"""Write a new plugin: a package that installs and passes its tests, or one file."""

from __future__ import annotations

import importlib.metadata
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from emoclass.errors import ConfigError
from emoclass.files import move_new
from emoclass.plugin.hookspecs import HOOKSPEC_VERSION
from emoclass.plugin.registry import Registry
from emoclass.reporting.folders.run import unwritable
from emoclass.scaffold.names import check_name, module_name
from emoclass.suggestions import did_you_mean
from emoclass.values.kinds import KINDS

LINE = 88
"""The longest line of code, as formatters have it."""

_KINDS = {kind.name: kind for kind in KINDS}

_CODED = ("dataset", "model", "metric", "detector")
"""Kinds that come with code, in a module of their own."""

_NEEDS = {"dataset": "pillow", "metric": "numpy", "detector": "numpy"}
"""What their code imports. That of a model imports Keras, which is an extra: whoever only predicts does without."""


def write_plugin(
    name: str, kinds: Iterable[str], *, registry: Registry, out: Path, one_file: bool = False
) -> dict[Path, str]:
    """Write a plugin that works as it stands: all of it or, where that fails, nothing.

    Args:
        name: The plugin's name, which is also that of everything it offers.
        kinds: What it offers, by the names of `emoclass.values.kinds`.
        registry: The plugins that are there; their names are taken.
        out: The folder to write into; it is made if it is missing.
        one_file: Write `NAME.py` instead of the package `emoclass-NAME/`.

    Returns:
        The files, each with its text; the paths begin with `out`.

    Raises:
        ConfigError: The name or a kind is none, or something stands where the plugin would.
        DuplicateNameError: The name is taken.
        OutputError: The folder cannot be written.
    """
    kinds = check_kinds(kinds)
    check_name(name, kinds, registry=registry, one_file=one_file)
    target = out / (f"{module_name(name, one_file=True)}.py" if one_file else f"emoclass-{name}")
    if os.path.lexists(target):
        raise _taken(target)
    files = {target / path if path else target: text for path, text in render(name, kinds, one_file=one_file).items()}
    _write(files, target)
    return files


def check_kinds(kinds: Iterable[str]) -> tuple[str, ...]:
    """Return the kinds, each once and in the order of that table.

    Raises:
        ConfigError: There is none, or one that is none of them.
    """
    given = list(kinds)
    unknown = [kind for kind in given if kind not in _KINDS]
    if unknown or not given:
        example = "For example --kind model --kind recipe."
        raise ConfigError(
            f"--kind: expected one or more of {', '.join(_KINDS)}, got {', '.join(map(repr, unknown)) or 'none'}.",
            hint=did_you_mean(unknown[0], _KINDS, instead=example) if unknown else example,
        )
    return tuple(kind for kind in _KINDS if kind in given)


def render(name: str, kinds: tuple[str, ...], *, one_file: bool) -> dict[str, str]:
    """Return a plugin's files, path -> text; the one file of a one-file plugin has an empty path."""
    module = module_name(name, one_file=one_file)
    *others, last = (_KINDS[kind].phrase for kind in kinds)
    needs = {_NEEDS[kind] for kind in kinds if kind in _NEEDS}
    context = {
        "name": name,
        "module": module,
        "kinds": kinds,
        "one_file": one_file,
        "hookspec": HOOKSPEC_VERSION,
        "content": f"{', '.join(others)} and {last}" if others else last,
        "imports": _import_line([*(_KINDS[kind].spec_name for kind in kinds), *_other_imports(kinds, one_file)]),
        "dependencies": [*_framework(kinds), *map(_requirement, sorted(needs))],
        "train_dependencies": _train_needs(kinds),
        "test_dependencies": [*_train_needs(kinds), *map(_requirement, _test_needs(kinds))],
    }
    templates = {"": "one_file"} if one_file else _package(module, kinds)
    return {
        path: _environment().get_template(f"{template}.jinja").render(context) if template else ""
        for path, template in templates.items()
    }


def _package(module: str, kinds: tuple[str, ...]) -> dict[str, str | None]:
    """Return a package's files, path -> template; None for an empty file."""
    code = [kind for kind in kinds if kind in _CODED]
    return {
        "pyproject.toml": "pyproject",
        "README.md": "readme",
        "LICENSE": "license",
        f"{module}/__init__.py": "init",
        **{f"{module}/{kind}.py": kind for kind in code},
        f"{module}/py.typed": None,
        "tests/test_conformance.py": "test_conformance",
        **{f"tests/test_{kind}.py": f"test_{kind}" for kind in code if kind != "model"},
        ".github/workflows/test.yml": "workflow",
        ".gitignore": "gitignore",
    }


def _other_imports(kinds: tuple[str, ...], one_file: bool) -> list[str]:
    used_by = {"dataset": "Sample", "detector": "Face"}
    return ["hookimpl", *(name for kind, name in used_by.items() if one_file and kind in kinds)]


def _import_line(names: list[str]) -> str:
    line = f"from emoclass import {', '.join(sorted(names))}"
    if len(line) <= LINE:
        return line
    return "\n".join(["from emoclass import (", *(f"    {name}," for name in sorted(names)), ")"])


def _framework(kinds: tuple[str, ...]) -> list[str]:
    """Return what a plugin needs of ours: this release or a later one, and the network that its recipe borrows."""
    borrows = "recipe" in kinds and "model" not in kinds
    return [f"emoclass>={_minor_version()}", *(["emoclass-happysad"] if borrows else [])]


def _train_needs(kinds: tuple[str, ...]) -> list[str]:
    """Return what training with a plugin needs: Keras and TensorFlow, through our own extra."""
    return [f"emoclass[train]>={_minor_version()}"] if {"model", "recipe"} & {*kinds} else []


def _minor_version() -> str:
    return ".".join(importlib.metadata.version("emoclass").split(".")[:2])


def _test_needs(kinds: tuple[str, ...]) -> list[str]:
    return ["hypothesis", "pytest", *(["scikit-learn"] if "metric" in kinds else [])]


def _requirement(name: str) -> str:
    """Return a package with the oldest release that emoclass itself accepts, as in `numpy>=2.0`."""
    ours = (line.partition(";")[0].strip() for line in importlib.metadata.requires("emoclass") or ())
    return next((line for line in ours if re.split(r"[^\w-]", line)[0] == name), name)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("emoclass.scaffold"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _taken(target: Path) -> ConfigError:
    return ConfigError(
        f"{target}: expected nothing there, found {'a folder' if target.is_dir() else 'a file'}.",
        hint="Nothing was written. Choose another name, or another folder with --out DIR.",
    )


def _write(files: Mapping[Path, str], target: Path) -> None:
    """Write files beside their place and move them there at once."""
    out = target.parent
    missing = [folder for folder in (out, *out.parents) if not os.path.lexists(folder)]
    try:
        str(out).encode()
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=out) as scratch:
            for file, text in files.items():
                path = Path(scratch, file.relative_to(out))
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")
            move_new(Path(scratch, target.name), target)
    except BaseException as error:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
        if not isinstance(error, OSError | UnicodeError):
            raise
        if isinstance(error, FileExistsError) and os.path.lexists(target):
            raise _taken(target) from error
        raise unwritable(out, error) from error
