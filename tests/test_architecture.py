"""The layout and the direction of imports, as docs/architecture.md draws them."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "emoclass"
HEAVY = {"tensorflow", "keras", "torch", "jax"}
SLOW_TO_IMPORT = ["tensorflow", "keras", "numpy", "sklearn", "scipy", "matplotlib", "PIL", "cv2", "av"]


def test_imports_go_downward_only():
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def top_level_imports(path: Path) -> set[str]:
    """Return the packages that a file imports when it is imported itself, type checking aside."""
    found: set[str] = set()
    pending: list[ast.AST] = list(ast.parse(path.read_text(encoding="utf-8")).body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.partition(".")[0])
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            pending += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            pending += ast.iter_child_nodes(node)
    return found


def test_the_check_sees_imports_in_classes_and_branches_but_not_in_functions(tmp_path):
    (tmp_path / "a.py").write_text(
        "import os\nif x:\n    import keras\nclass A:\n    from torch import nn\n"
        "def f():\n    import jax\nif TYPE_CHECKING:\n    import tensorflow\n"
    )
    assert top_level_imports(tmp_path / "a.py") == {"os", "keras", "torch"}


def unindented(path: Path) -> str:
    """Return the lines of a file that run when it is imported, roughly."""
    return "\n".join(line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith(" "))


LIGHT_FILES = sorted(
    [path for path in PACKAGE.rglob("*.py") if "training" not in path.relative_to(PACKAGE).parts]
    + list(ROOT.glob("plugins/*/*/__init__.py"))
)


@pytest.mark.parametrize("path", LIGHT_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_training_room_imports_a_deep_learning_framework(path):
    assert not top_level_imports(path) & HEAVY
    if path.parent != PACKAGE / "training":  # importing that room imports Keras
        assert "from emoclass.training" not in unindented(path)


# What does without Keras, in its functions too. The other rooms import `training`, in functions only.
LIGHT_ROOMS = (
    "values", "plugin", "data", "auditing", "evaluation", "bundle", "inference", "reporting", "scaffold",
    "workflows/audit.py", "workflows/compare.py", "workflows/cross_evaluate.py", "workflows/evaluate.py",
    "workflows/evaluate_steps.py", "cli/audit.py", "cli/compare.py", "cli/evaluate.py", "cli/predict.py",
)  # fmt: skip


def all_imports(path: Path) -> set[str]:
    """Return every module that a file imports anywhere, type checking aside."""
    found: set[str] = set()
    pending: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            pending += ast.iter_child_nodes(node)
    return found


@pytest.mark.parametrize("room", LIGHT_ROOMS)
def test_what_works_without_keras_imports_it_nowhere(room):
    files = [PACKAGE / room] if room.endswith(".py") else sorted((PACKAGE / room).rglob("*.py"))
    assert files
    for path in files:
        heavy = [name for name in all_imports(path) if name.partition(".")[0] in HEAVY or "training" in name.split(".")]
        assert not heavy, path


def test_the_check_sees_imports_in_functions(tmp_path):
    (tmp_path / "a.py").write_text("def f():\n    from emoclass.training.fit import fit\n    import keras.ops\n")
    assert all_imports(tmp_path / "a.py") == {"emoclass.training.fit", "keras.ops"}


DISTRIBUTIONS = [ROOT / "pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml"))]
DISTRIBUTIONS += sorted(ROOT.glob("examples/*/pyproject.toml"))


@pytest.mark.parametrize("path", DISTRIBUTIONS, ids=lambda path: path.parent.name)
def test_no_distribution_requires_a_deep_learning_framework_outside_an_extra(path):
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    for requirement in project["dependencies"]:
        name, extras = re.match(r"([\w.-]+)\s*(\[.*?\])?", requirement).groups()
        assert name.lower() not in HEAVY
        assert not extras, "an extra of emoclass would bring Keras"


def loaded_by(code: str) -> set[str]:
    """Run code in a fresh process and return which slow packages it loaded."""
    code += f"\nimport json, sys\nprint(json.dumps([m for m in {SLOW_TO_IMPORT!r} if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


CLI = "from click.testing import CliRunner\nfrom emoclass.cli import cli\nr = CliRunner().invoke(cli, {args!r})\n"


@pytest.mark.parametrize(
    "args",
    [["--help"], ["run", "--help"], ["predict", "--help"], ["evaluate", "--help"], ["plugins", "list"],
     ["plugins", "show", "builtins"], ["metrics", "list"], ["metrics", "show", "accuracy"], ["datasets", "list"],
     ["models", "list"], ["recipes", "list"], ["detectors", "list"]],
    ids=" ".join,
)  # fmt: skip
def test_looking_around_loads_nothing_slow(args):
    assert loaded_by(CLI.format(args=args) + "assert r.exit_code == 0, r.output") == set()


def test_importing_keras_quietly_leaves_nothing_that_other_processes_inherit():
    assert "keras" in loaded_by("import os, emoclass.training\nassert 'TF_CPP_MIN_LOG_LEVEL' not in os.environ")


def test_validating_a_configuration_loads_nothing_slow():
    code = (
        "import emoclass\nfrom emoclass.plugin.configure import configure\nr = emoclass.Registry.discover()\n"
        "configure(r, options={'plugin': 'happysad', 'training': {'epochs': 3}})"
    )
    assert loaded_by(code) == set()


def test_importing_the_package_loads_nothing_at_all():
    assert loaded_by("import sys, emoclass\nassert 'pydantic' not in sys.modules") == set()


def test_every_public_name_resolves_and_is_documented():
    import emoclass

    for name in emoclass.__all__:
        value = getattr(emoclass, name)
        assert name == "__version__" or value.__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        emoclass.nothing  # noqa: B018
