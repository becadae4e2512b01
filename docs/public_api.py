"""Write the listing of the public names and their signatures: `make api`.

A test compares the listing with the code, so that a change to what others build on is a decision, not an accident.
What the names promise stands in compatibility.md.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LISTING = Path(__file__).with_name("public-api.txt")
MODULES = (
    "emoclass",
    "emoclass.plugin.configure",
    "emoclass.data.images",
    "emoclass.errors",
    "emoclass.evaluation.evaluate",
    "emoclass.evaluation.predictions",
    "emoclass.evaluation.weighted",
    "emoclass.faces.frame",
    "emoclass.plugin.hookspecs",
    "emoclass.values.labels",
    "emoclass.testing",
)


def listing() -> str:
    """Return every public name, with signatures, attributes and base classes, a line each."""
    return "\n".join(line for module in MODULES for line in (module, *_module(module), ""))


def names(module: str) -> list[str]:
    """Return the public names of a module, sorted."""
    found = importlib.import_module(module)
    return sorted(getattr(found, "__all__", None) or _own_names(found))


def _module(name: str) -> Iterator[str]:
    module = importlib.import_module(name)
    for public in names(name):
        yield from (f"    {line}" for line in _entry(public, getattr(module, public)))


def _own_names(module: Any) -> list[str]:
    """Return the names that a module without `__all__` defines itself; those in capitals are constants."""
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and (name.isupper() or getattr(value, "__module__", None) == module.__name__)
    ]


def _entry(name: str, value: Any) -> Iterator[str]:
    if inspect.isclass(value):
        bases = ", ".join(base.__name__ for base in value.__bases__ if base is not object)
        yield f"class {name}({bases})"
        yield from (f"    {line}" for line in sorted(_members(value)))
    elif name in ("hookimpl", "__version__"):  # pluggy's, and ever another
        yield name
    elif callable(value):
        yield f"{name}{_signature(value)}"
    else:
        yield f"{name} = {value!r}"


def _members(kind: type) -> Iterator[str]:
    """Yield attributes and methods, inherited ones too where the base is ours."""
    own = [base for base in reversed(kind.__mro__) if base.__module__.startswith("emoclass")]
    attributes: dict[str, str] = {}
    for base in own:
        for name, annotation in inspect.get_annotations(base).items():
            attributes[name] = f"{name}: {annotation}" + _default(base, name)
        for name, value in vars(base).items():
            function = getattr(value, "__func__", value)
            if isinstance(value, property) or type(value).__name__ == "cached_property":
                attributes[name] = name
            elif inspect.isfunction(function):
                attributes[name] = f"{name}{_signature(function)}"
    yield from (
        line
        for name, line in attributes.items()
        if not name.startswith("_") or (name == "__init__" and not hasattr(kind, "__pydantic_fields__"))
    )


def _default(kind: type, name: str) -> str:
    """Return a field's default as text; of one that is made anew each time, only that there is one."""
    pydantic = getattr(kind, "__pydantic_fields__", {}).get(name)
    plain = getattr(kind, "__dataclass_fields__", {}).get(name)
    if pydantic is not None and not pydantic.is_required():
        return f" = {pydantic.default!r}" if pydantic.default_factory is None else " = ..."
    if plain is not None and plain.default is not dataclasses.MISSING:
        return f" = {plain.default!r}"
    return " = ..." if plain is not None and plain.default_factory is not dataclasses.MISSING else ""


def _signature(function: Any) -> str:
    """Return a signature as text; the keyword arguments that a typed dictionary describes stand in it one by one."""
    signature = inspect.signature(function)
    collected = [each for each in signature.parameters.values() if each.kind is each.VAR_KEYWORD]
    described = [found for each in collected if (found := re.fullmatch(r"Unpack\[(\w+)\]", str(each.annotation)))]
    text = str(signature).replace("'", "")
    for found in described:
        keywords = inspect.get_annotations(getattr(inspect.getmodule(function), found[1]))
        listed = ", ".join(f"{name}: {getattr(kind, '__forward_arg__', kind)} = ..." for name, kind in keywords.items())
        if not any(each.kind is each.KEYWORD_ONLY for each in signature.parameters.values()):
            listed = f"*, {listed}"
        text = text.replace(f"**{collected[0].name}: {found[0]}", listed)
    return text.replace("'", "")


if __name__ == "__main__":
    LISTING.write_text(listing(), encoding="utf-8")
