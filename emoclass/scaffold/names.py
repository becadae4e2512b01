"""Which names a new plugin can have: those that pip, Python and the other plugins leave free."""

from __future__ import annotations

import importlib.util
import keyword
import re
import sys
import unicodedata
from collections.abc import Iterable

from emoclass.errors import ConfigError, DuplicateNameError
from emoclass.plugin.registry import Registry

MAX_LENGTH = 32
"""A name is typed in every command, and is part of file names."""

_NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")


def module_name(name: str, *, one_file: bool) -> str:
    """Return the module that a plugin's code stands in.

    Example:
        >>> module_name("my-faces", one_file=False), module_name("my-faces", one_file=True)
        ('emoclass_my_faces', 'my_faces')
    """
    module = name.replace("-", "_")
    return module if one_file else f"emoclass_{module}"


def check_name(name: str, kinds: Iterable[str], *, registry: Registry, one_file: bool) -> None:
    """Refuse a name that cannot be a plugin's, or that is taken.

    Args:
        name: What the user typed.
        kinds: What the plugin shall offer under that name.
        registry: The plugins that are there.
        one_file: Whether the plugin is one file, which is imported by its own name.

    Raises:
        ConfigError: It is no name for a distribution or a module.
        DuplicateNameError: Another plugin has it, or offers something of that name.
    """
    _check_form(name)
    for info in registry.plugins.values():
        if info.name.replace("_", "-") == name.replace("_", "-"):  # one to pip
            raise DuplicateNameError(
                f"plugin {name!r}: the name is taken by a plugin from {info.origin}.", hint="Choose another name."
            )
    for kind in kinds:
        owners = registry.catalogs()[f"{kind}s"].owners(name)
        if owners:
            raise DuplicateNameError(
                f"{kind} {name!r}: the name is taken by plugin {owners[0]!r}.", hint="Choose another name."
            )
    module = module_name(name, one_file=one_file)
    if module in sys.modules or importlib.util.find_spec(module) is not None:
        raise ConfigError(
            f"plugin name {name!r}: a Python module {module!r} exists already.",
            hint=f"Choose another name, such as 'my-{name}'.",
        )


def _check_form(name: str) -> None:
    if not _NAME.fullmatch(name):
        expected = "lower-case letters and digits, a letter first, and single '-' or '_' between them"
    elif re.split("[-_]", name)[0] == "emoclass":
        expected = "a name without 'emoclass', which is put before it"
    elif keyword.iskeyword(name):
        expected = "a name that is not a Python keyword"
    elif len(name) > MAX_LENGTH:
        expected = f"at most {MAX_LENGTH} characters"
    else:
        return
    suggestion = suggest(name)
    hint = f"Did you mean {suggestion!r}?" if suggestion else "For example 'my-plugin'."
    raise ConfigError(f"plugin name {name!r}: expected {expected}.", hint=hint)


def suggest(name: str) -> str:
    """Return the nearest name that has the right form; empty where there is none.

    Example:
        >>> suggest("My Plugin"), suggest("emoclass_Gefühle.py"), suggest("class"), suggest("123")
        ('my-plugin', 'gefuhle', 'my-class', '')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().removesuffix(".py")
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", plain)  # MyPlugin
    words = re.findall(r"[a-z0-9]+", parted.lower())
    if words and words[0] == "emoclass":
        del words[0]
    found = "-".join(words).lstrip("0123456789-")[:MAX_LENGTH].rstrip("-")
    return f"my-{found}" if keyword.iskeyword(found) else found
