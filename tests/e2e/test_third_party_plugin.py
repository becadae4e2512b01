"""A plugin of somebody else: installed by pip into an environment of its own, and run there."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "emoclass-crowd"
MAKE_TINY = "import pathlib, sys; from emoclass_crowd.dataset import make_tiny; make_tiny(pathlib.Path(sys.argv[1]))"

pytestmark = pytest.mark.slow


def ran(*command, cwd):
    """Run a command to its end and return what it printed."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300, check=False, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """Install the plugin into a fresh environment that also sees this one's packages, and return its Python."""
    home = tmp_path_factory.mktemp("author")
    ran(sys.executable, "-m", "venv", "--without-pip", home / "venv", cwd=home)
    python = home / "venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    # Through site, so that the editable installs of this environment, .pth files as well, are seen there.
    seen = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    purelib = Path(ran(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).strip())
    calls = "; ".join(f"site.addsitedir({each!r})" for each in seen)
    (purelib / "seen.pth").write_text(f"import site; {calls}\n", encoding="utf-8")
    leftovers = shutil.ignore_patterns("__pycache__", ".*", "dist", "build")
    shutil.copytree(EXAMPLE, home / "checkout", ignore=leftovers)
    ran(
        sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python, "install", "--quiet",
        "--no-deps", "--no-build-isolation", home / "checkout", cwd=home,
    )  # fmt: skip
    return python


def test_it_is_found_runs_and_reports_its_own_metric(python, tmp_path):
    def emoclass(*arguments):
        return json.loads(ran(python, "-m", "emoclass", *arguments, "--json", cwd=tmp_path))

    (crowd,) = [plugin for plugin in emoclass("plugins", "list") if plugin["name"] == "crowd"]
    assert (crowd["origin"], crowd["version"], crowd["error"]) == ("emoclass-crowd", "0.1.0", None)

    ran(python, "-c", MAKE_TINY, "tiny", cwd=tmp_path)
    result = emoclass("run", "--plugin", "crowd", "--data", "tiny", "--epochs", 1, "--out", "runs")
    assert result["labels"] == ["happy", "sad", "angry"]
    assert result["n_samples"] == {"train": 18, "validation": 3, "test": 3}
    agreement = result["metrics"]["vote_agreement"]
    assert 0 <= agreement["value"] <= 1
    assert (agreement["n_samples"], agreement["split"]) == (3, "test")
    assert result["headline"] == ["accuracy", "vote_agreement"]
    assert "vote_agreement" in Path(tmp_path, result["folder"], "report.html").read_text(encoding="utf-8")


def test_it_passes_the_checks_for_plugins(python, tmp_path):
    printed = ran(python, "-m", "emoclass", "plugins", "check", "crowd", cwd=tmp_path)
    assert " 0 failed" in printed.splitlines()[-1]
