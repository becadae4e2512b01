"""What many tests share: tiny plugins, tiny photographs, and the real ones where they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny import tiny_registry

from emoclass import Registry

pytest_plugins = ["pytester"]


@pytest.fixture(scope="session")
def photographs() -> Path:
    """Return the folder of 256 real photographs, which is not part of the project."""
    folder = Path(__file__).parents[2] / "shared" / "data" / "happysad"
    if not folder.is_dir():
        pytest.skip("the photographs (shared/data/happysad beside the checkout) are not on this machine")
    return folder


@pytest.fixture
def registry() -> Registry:
    """Return the built-in plugin and the tiny one, whatever is installed."""
    return tiny_registry()
