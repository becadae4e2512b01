"""The checks as parameters of a pytest test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from emoclass.plugin.registry import Registry
from emoclass.testing.case import CheckFailed, CheckSkipped
from emoclass.testing.run import Check, collect_checks, match_reasons


def parametrize_with_checks(
    plugin: str | Path | object,
    *,
    expected_failures: Mapping[str, str] | None = None,
    registry: Registry | None = None,
) -> pytest.MarkDecorator:
    """Make a test run once for each check of a plugin; the test gets the check as `check` and calls it.

    Args:
        plugin: An installed plugin's name, the path of a one-file plugin, or a module or object with hooks.
        expected_failures: Check -> why it fails; the check is `check_output`, or `check_output[small]` or
            `check_output[model small]` for what is named small alone.
            One that passes fails the test: the reason has gone.
        registry: All plugins; None discovers the installed ones.

    Raises:
        UnknownNameError: There is no such plugin.
        ConfigError: An expected failure names no check, or gives no reason.

    Example:
        >>> @parametrize_with_checks("happysad")
        ... def test_conforms(check):
        ...     check()
    """
    checks = collect_checks(plugin, registry)
    reasons = match_reasons(checks, expected_failures or {})
    return pytest.mark.parametrize(
        "check",
        [pytest.param(_skipping(check), id=str(check), marks=_marks(reasons.get(str(check)))) for check in checks],
    )


def _skipping(check: Check) -> Callable[[], None]:
    """Turn the end of a check that does not apply into pytest's."""

    def run() -> None:
        __tracebackhide__ = True
        try:
            check()
        except CheckSkipped as skipped:
            pytest.skip(str(skipped))

    return run


def _marks(reason: str | None) -> tuple[pytest.MarkDecorator, ...]:
    return (pytest.mark.xfail(reason=reason, strict=True, raises=CheckFailed),) if reason else ()
