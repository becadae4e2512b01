"""Every hook that a plugin may implement. Hooks return descriptions; they have no side effects."""

from __future__ import annotations

from collections.abc import Sequence

import pluggy

from emoclass.values.specs import DatasetSpec, DetectorSpec, MetricSpec, ModelSpec, Recipe

hookspec = pluggy.HookspecMarker("emoclass")
hookimpl = pluggy.HookimplMarker("emoclass")

HOOKSPEC_VERSION = 2
"""Which edition of the hooks and descriptions this is.

It rises when they change in a way that a plugin can notice. A plugin may say `EMOCLASS_HOOKSPEC = 2`, the edition that
it was made for; an emoclass that speaks an older one then says so, rather than failing somewhere inside.
"""


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


@hookspec
def register_detectors() -> Sequence[DetectorSpec]:  # type: ignore[empty-body]
    """Return the face detectors that the plugin can build."""
