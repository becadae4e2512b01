"""The checks, a module for each kind of thing that a plugin offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from emoclass.testing.case import Case
from emoclass.testing.checks import dataset, metric, model, plugin, recipe, saved_model, spec

CheckFunction = Callable[[Case[Any]], None]

CHECKS: Mapping[str, tuple[CheckFunction, ...]] = {
    "plugin": plugin.CHECKS,
    "dataset": (*spec.CHECKS, *spec.CODE_CHECKS, *dataset.CHECKS),
    "model": (*spec.CHECKS, *spec.CODE_CHECKS, *model.CHECKS, *saved_model.CHECKS),
    "metric": (*spec.CHECKS, *spec.CODE_CHECKS, *metric.CHECKS),
    "recipe": (*spec.CHECKS, *recipe.CHECKS),
}
"""Kind -> its checks, in the order in which they run."""
