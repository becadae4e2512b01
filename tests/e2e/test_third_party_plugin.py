"""A plugin of somebody else: installed by pip into an environment of its own, and run there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from fresh_environment import fresh_environment, install, ran

EXAMPLE = Path(__file__).parents[2] / "examples" / "emoclass-crowd"
MAKE_TINY = "import pathlib, sys; from emoclass_crowd.dataset import make_tiny; make_tiny(pathlib.Path(sys.argv[1]))"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """Install the plugin into a fresh environment that also sees this one's packages, and return its Python."""
    home = tmp_path_factory.mktemp("author")
    leftovers = shutil.ignore_patterns("__pycache__", ".*", "dist", "build")
    shutil.copytree(EXAMPLE, home / "checkout", ignore=leftovers)
    python = fresh_environment(home / "venv")
    install(python, home / "checkout")
    return python


def test_it_is_found_runs_and_reports_its_own_metric(python, tmp_path):
    def emoclass(*arguments):
        return json.loads(ran(python, "-m", "emoclass", *arguments, "--json", cwd=tmp_path))

    (crowd,) = [plugin for plugin in emoclass("plugins", "list") if plugin["name"] == "crowd"]
    assert (crowd["origin"], crowd["version"], crowd["error"]) == ("emoclass-crowd", "0.1.0", None)

    ran(python, "-c", MAKE_TINY, "tiny", cwd=tmp_path)
    result = emoclass("run", "--plugin", "crowd", "--data", "tiny", "--epochs", 1, "--out", "runs")
    assert result["labels"] == ["happy", "sad", "angry"]
    assert result["n_samples"] == {"train": 15, "validation": 3, "test": 6}
    agreement = result["metrics"]["vote_agreement"]
    assert 0 <= agreement["value"] <= 1
    assert (agreement["n_samples"], agreement["split"]) == (6, "test")
    assert result["headline"] == ["accuracy", "vote_agreement"]
    assert "vote_agreement" in Path(tmp_path, result["folder"], "report.html").read_text(encoding="utf-8")


def test_its_own_tests_pass_and_so_do_the_checks_without_pytest(python, tmp_path):
    checkout = python.parents[2] / "checkout"
    said = ran(python, "-m", "pytest", "--import-mode=importlib", "-v", checkout / "tests", cwd=tmp_path)
    assert "test_conforms[model-crowd-check_learns] PASSED" in said
    printed = ran(python, "-m", "emoclass", "plugins", "check", "crowd", "--only", "check_loads", cwd=tmp_path)
    assert printed.splitlines()[-1] == "1 passed, 0 failed, 0 skipped"
