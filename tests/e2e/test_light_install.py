"""What `pip install emoclass` brings into an empty environment: everything but training, within 500 MB."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tiny import draw_photographs

ROOT = Path(__file__).parents[2]
PLUGINS = [ROOT / "plugins" / name for name in ("happysad", "datasets", "yunet", "faces")]
LIMIT, LIMIT_WITH_OPENCV = 500e6, 700e6
"""Bytes on disk that emoclass adds to an empty environment, and emoclass with all plugins: yunet brings OpenCV."""

pytestmark = pytest.mark.slow


def bytes_on_disk(folder):
    """Return what a folder takes on disk, as `du` counts it."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*"))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Build emoclass and its plugins from the checkout, and install them from the package index."""
    home = tmp_path_factory.mktemp("light")
    sources = []
    for source in [ROOT, *PLUGINS]:  # copies: a build leaves nothing in the checkout
        sources.append(home / "source" / source.name)
        ignored = shutil.ignore_patterns(".*", "__pycache__", "plugins", "tests", "docs", "examples", "runs")
        shutil.copytree(source, sources[-1], ignore=ignored)
    subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True)
    pip = [home / "venv" / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
    reached = subprocess.run([*pip, "download", "--no-deps", "-d", home, "pluggy"], capture_output=True, check=False)
    if reached.returncode != 0:
        pytest.skip("no package index can be reached")
    before = bytes_on_disk(home / "venv")
    added = {}
    for what, chosen in (("emoclass", sources[:1]), ("all", sources[1:])):
        subprocess.run([*pip, "install", "--quiet", *chosen], check=True, capture_output=True)
        added[what] = bytes_on_disk(home / "venv") - before
    (home / "added.json").write_text(json.dumps(added))
    draw_photographs(home / "photos", {"happy": 6, "sad": 6}, size=48)
    return home


def emoclass(home, *arguments):
    """Run the command in the light environment."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [home / "venv" / "bin" / "emoclass", *arguments], cwd=home, env=environment, capture_output=True, text=True,
        encoding="utf-8", check=False,
    )  # fmt: skip


def test_it_holds_no_tensorflow_and_stays_below_the_limits(home):
    packages = {path.name for path in (home / "venv").glob("lib/python*/site-packages/*")}
    assert "emoclass_faces" in packages
    assert not packages & {"keras", "tensorflow", "jax", "torch"}
    added = json.loads((home / "added.json").read_text())
    assert added["emoclass"] < LIMIT
    assert added["all"] < LIMIT_WITH_OPENCV


def test_it_predicts_evaluates_and_audits(home):
    done = emoclass(home, "predict", "faces", "photos", "--json")
    assert (done.returncode, len(json.loads(done.stdout))) == (0, 12), done.stderr
    assert emoclass(home, "evaluate", "faces", "--on", "folder=photos", "--labels", "happy,sad").returncode == 0
    assert json.loads(emoclass(home, "audit", "photos", "--json").stdout)["n_images"] == 12


def test_training_names_the_extra(home):
    done = emoclass(home, "run", "--plugin", "happysad")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith('not installed. Install with: pip install "emoclass[train]"\n')
    assert not (home / "runs").exists()
