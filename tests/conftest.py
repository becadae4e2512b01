"""What many tests share: tiny plugins, tiny photographs, and the real ones where they are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from bundles import write_bundle
from tiny import tiny_registry

from emoclass import Registry
from emoclass.plugin.registry import DISABLE
from emoclass.plugin.trace import TRACE

pytest_plugins = ["pytester"]

# What a shell says of plugins is no concern of the tests; plugins are looked for already while tests are collected.
for variable in (DISABLE, TRACE):
    os.environ.pop(variable, None)


@pytest.fixture(scope="session")
def photographs() -> Path:
    """Return the folder of 256 real photographs, which is not part of the project."""
    folder = Path(__file__).parents[2] / "shared" / "data" / "happysad"
    if not folder.is_dir():
        pytest.skip("the photographs (shared/data/happysad beside the checkout) are not on this machine")
    return folder


@pytest.fixture(scope="session")
def bundle(tmp_path_factory) -> Path:
    """Return a bundle of two emotions and photographs of 12 by 16 pixels; it is not to be changed."""
    return write_bundle(tmp_path_factory.mktemp("bundles") / "photographs")


@pytest.fixture(scope="session")
def crop_bundle(tmp_path_factory) -> Path:
    """Return a bundle of three emotions and gray face crops of 10 by 10 pixels; it is not to be changed."""
    folder = tmp_path_factory.mktemp("bundles") / "crops"
    return write_bundle(folder, emotions=("happy", "sad", "angry"), image_shape=(10, 10, 1), expects="face_crop")


@pytest.fixture
def registry() -> Registry:
    """Return the built-in plugin and the tiny one, whatever is installed."""
    return tiny_registry()
