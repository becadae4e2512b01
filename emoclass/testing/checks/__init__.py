"""The checks, a module for each kind of thing that a plugin offers."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from emoclass.testing.case import Case
from emoclass.testing.checks import plugin
from emoclass.values.kinds import KINDS

CheckFunction = Callable[[Case[Any]], None]

CHECKS: Mapping[str, tuple[CheckFunction, ...]] = {
    "plugin": plugin.CHECKS,
    **{kind.name: importlib.import_module(f"{__name__}.{kind.name}").CHECKS for kind in KINDS},
}
"""Kind -> its checks, in the order in which they run."""
