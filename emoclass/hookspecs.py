"""Every hook that a plugin may implement. Hooks return descriptions; they have no side effects."""

from __future__ import annotations

from collections.abc import Sequence

import pluggy

from emoclass.specs import DatasetSpec, MetricSpec, ModelSpec, Recipe

hookspec = pluggy.HookspecMarker("emoclass")
hookimpl = pluggy.HookimplMarker("emoclass")


@hookspec
def register_datasets() -> Sequence[DatasetSpec]:  # type: ignore[empty-body]
    """Return the datasets that the plugin can read."""


@hookspec
def register_models() -> Sequence[ModelSpec]:  # type: ignore[empty-body]
    """Return the networks that the plugin can build."""


@hookspec
def register_metrics() -> Sequence[MetricSpec]:  # type: ignore[empty-body]
    """Return the metrics that the plugin can compute."""


@hookspec
def register_recipes() -> Sequence[Recipe]:  # type: ignore[empty-body]
    """Return the plugin's ready experiments: what `emoclass run --plugin NAME` runs."""
