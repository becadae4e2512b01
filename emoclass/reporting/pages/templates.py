"""The pages' templates: one way to load them, and one look."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

SCALE = 0.62
"""How large a page shows a plot."""


def template(
    name: str, *, filters: Mapping[str, Callable[..., Any]] | None = None, names: Mapping[str, Any] | None = None
) -> Template:
    """Return a page's template, which may include `style.css`.

    Args:
        name: Its file in this folder.
        filters: What the page pipes values through.
        names: What else it uses by name.
    """
    # Names of files and classes come from strangers: every value is escaped unless the template says otherwise.
    environment = Environment(
        loader=PackageLoader("emoclass", "reporting/pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters or {}
    environment.globals |= names or {}
    return environment.get_template(name)


def embedded(png: bytes) -> dict[str, Any]:
    """Return a plot as a page holds it: its bytes in base64, and how large it is shown."""
    # A PNG begins with its size; it is drawn with more pixels than a page shows.
    width, height = (round(int.from_bytes(png[start : start + 4], "big") * SCALE) for start in (16, 20))
    return {"source": base64.b64encode(png).decode("ascii"), "width": width, "height": height}
