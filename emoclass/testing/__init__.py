"""The conformance kit for plugin authors: small named checks, with pytest and without.

With pytest, in a plugin's own tests:

    from emoclass.testing import parametrize_with_checks

    @parametrize_with_checks("my-plugin")
    def test_conforms(check):
        check()

Without: `emoclass plugins check my-plugin`, or `run_checks` below. pytest and Hypothesis are needed by
`parametrize_with_checks` and the strategies alone: `pip install "emoclass[testing]"`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emoclass.testing.case import Case as Case
    from emoclass.testing.case import CheckFailed as CheckFailed
    from emoclass.testing.case import CheckSkipped as CheckSkipped
    from emoclass.testing.parametrize import parametrize_with_checks as parametrize_with_checks
    from emoclass.testing.run import Check as Check
    from emoclass.testing.run import CheckResult as CheckResult
    from emoclass.testing.run import collect_checks as collect_checks
    from emoclass.testing.run import run_checks as run_checks
    from emoclass.testing.strategies import image_folders as image_folders
    from emoclass.testing.strategies import label_schemes as label_schemes
    from emoclass.testing.strategies import predictions as predictions

_HOMES = {
    "Case": "emoclass.testing.case",
    "Check": "emoclass.testing.run",
    "CheckFailed": "emoclass.testing.case",
    "CheckResult": "emoclass.testing.run",
    "CheckSkipped": "emoclass.testing.case",
    "collect_checks": "emoclass.testing.run",
    "image_folders": "emoclass.testing.strategies",
    "label_schemes": "emoclass.testing.strategies",
    "parametrize_with_checks": "emoclass.testing.parametrize",
    "predictions": "emoclass.testing.strategies",
    "run_checks": "emoclass.testing.run",
}

__all__ = [*_HOMES]  # noqa: PLE0604 (the names are strings)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'emoclass.testing' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
