"""Which tests `make check` runs: those that need no TensorFlow, by where they stand."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Property tests find the same examples each time, and neither a busy machine nor a slow one fails them.
settings.register_profile("emoclass", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("emoclass")

ROOT = Path(__file__).parent
FAST = ("tests/unit/", "tests/test_", "plugins/datasets/tests/")
NOT_FAST = (
    "tests/unit/training/",
    "tests/unit/inference/",
    "tests/unit/cli/test_export.py",
    "tests/unit/workflows/test_evaluate.py",
    "tests/unit/test_keras_backend.py",
)
NETWORKS = {"bundle", "crop_bundle"}
"""Fixtures that build and export a network."""
LOADED_BY: list[str] = []
"""The first file that imported TensorFlow while tests were collected."""


def _may_be_fast(path: Path) -> bool:
    place = path.relative_to(ROOT).as_posix()
    return place.startswith(FAST) and not place.startswith(NOT_FAST)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave files alone that have no fast test where only these are asked for: they import TensorFlow."""
    is_test = collection_path.name.startswith("test_") and collection_path.is_file()
    return True if is_test and config.option.markexpr == "fast" and not _may_be_fast(collection_path) else None


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Remember which file loaded TensorFlow."""
    if "tensorflow" in sys.modules and not LOADED_BY:
        LOADED_BY.append(report.nodeid)


def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    """Mark the fast tests. The mark `slow` alone divides all tests between `make test` and `make test-all`."""
    if config.option.markexpr == "fast" and LOADED_BY:
        pytest.exit(f"{LOADED_BY[0]} imports TensorFlow: move it to tests/e2e, or add it to NOT_FAST in conftest.py", 4)
    for item in items:
        slow = item.get_closest_marker("slow") or NETWORKS & set(getattr(item, "fixturenames", ()))
        if _may_be_fast(item.path) and not slow:
            item.add_marker("fast")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a fast test that loads TensorFlow: that alone takes longer than hundreds of other tests."""
    loaded = "tensorflow" in sys.modules
    yield
    if item.get_closest_marker("fast") and not loaded and "tensorflow" in sys.modules:
        pytest.fail("a fast test loaded TensorFlow: expected it in tests/e2e (see conftest.py beside pyproject.toml)")
