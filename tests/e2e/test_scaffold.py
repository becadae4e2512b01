"""Plugins as `emoclass plugins new` writes them: installed by pip, they pass their own tests at once."""

from __future__ import annotations

import re
import sys

import pytest
from fresh_environment import fresh_environment, install, ran

from emoclass import Registry
from emoclass.scaffold.new import write_plugin
from emoclass.values.kinds import KINDS

pytestmark = pytest.mark.slow

NAMES = tuple(kind.name for kind in KINDS)
PACKAGES = {"all-kinds": NAMES, **{f"one-{kind}": (kind,) for kind in NAMES}}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a folder with the five packages."""
    home, registry = tmp_path_factory.mktemp("home"), Registry.discover()
    for name, kinds in PACKAGES.items():
        write_plugin(name, kinds, registry=registry, out=home)
    return home


@pytest.fixture(scope="module")
def python(home, tmp_path_factory):
    """Return the Python of an environment that has them installed."""
    python = fresh_environment(tmp_path_factory.mktemp("environment"))
    install(python, *(home / f"emoclass-{name}" for name in PACKAGES))
    return python


def test_every_package_passes_its_own_tests(home, python):
    tests = [home / f"emoclass-{name}" / "tests" for name in PACKAGES]
    said = ran(python, "-m", "pytest", "--import-mode=importlib", "-v", *tests, cwd=home)
    for name in PACKAGES:
        assert re.search(rf"test_conforms\[.*{name}.*check_loads.* PASSED", said), said


def test_the_experiment_of_a_package_runs_on_its_own_tiny_dataset(home, python):
    ran(python, "-c", "import pathlib, emoclass_all_kinds.dataset as d; d.make_tiny(pathlib.Path('tiny'))", cwd=home)
    said = ran(python, "-m", "emoclass", "run", "--plugin", "all-kinds", "--data", "tiny", "--epochs", 1, cwd=home)
    assert "all-kinds: 8 train, 2 validation, 2 test images; 0 = happy, 1 = sad" in said
    lines = [line for line in said.splitlines() if not line.startswith("Note: ")]
    assert [line.split()[0] for line in lines[1:3]] == ["all-kinds", "accuracy"]


def test_one_file_passes_the_checks(home):
    (file,) = write_plugin("single", NAMES, registry=Registry.discover(), out=home, one_file=True)
    assert "FAILED" not in ran(sys.executable, "-m", "emoclass", "plugins", "check", file, cwd=home)
