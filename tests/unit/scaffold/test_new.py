"""What `emoclass plugins new` writes, and what it refuses."""

from __future__ import annotations

import ast
import importlib
import itertools
import os
import shlex
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from emoclass import Registry
from emoclass.cli import cli
from emoclass.errors import ConfigError, DuplicateNameError, OutputError
from emoclass.plugin.configure import configure
from emoclass.plugin.hookspecs import HOOKSPEC_VERSION
from emoclass.plugin.registry import PluginInfo
from emoclass.scaffold.names import MAX_LENGTH, check_name, suggest
from emoclass.scaffold.new import write_plugin
from emoclass.values.kinds import KINDS
from emoclass.values.references import resolve

NAMES = tuple(kind.name for kind in KINDS)
COMBINATIONS = [kinds for count in range(1, len(NAMES) + 1) for kinds in itertools.combinations(NAMES, count)]
EVERYWHERE = {
    "pyproject.toml",
    "README.md",
    "LICENSE",
    ".gitignore",
    ".github/workflows/test.yml",
    "emoclass_my_faces/__init__.py",
    "emoclass_my_faces/py.typed",
    "tests/test_conformance.py",
}
OF_A_KIND = {
    "dataset": {"emoclass_my_faces/dataset.py", "tests/test_dataset.py"},
    "model": {"emoclass_my_faces/model.py"},
    "metric": {"emoclass_my_faces/metric.py", "tests/test_metric.py"},
    "recipe": set(),
    "detector": {"emoclass_my_faces/detector.py", "tests/test_detector.py"},
}


@pytest.fixture
def forget_modules():
    """Forget what a test imports of the plugins that it wrote."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if "my_faces" in name:
            del sys.modules[name]


def written(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def check_plugin(registry, plugin, kinds):
    """Check what a loaded plugin offers, and that its experiment can be configured."""
    info = registry.plugin(plugin)
    assert {kind: names for kind, names in info.offers.items() if names} == {f"{kind}s": ["my-faces"] for kind in kinds}
    catalogs = [registry.catalogs()[f"{kind}s"] for kind in ("dataset", "metric", "detector")]
    for spec in (spec for catalog in catalogs for spec in catalog.of(plugin)):
        for field in ("load", "make_tiny", "compute", "reference", "build"):
            assert callable(resolve(getattr(spec, field, print)))
    if "recipe" in kinds:
        config = configure(registry, options={"plugin": plugin})
        assert config.data.dataset == ("my-faces" if "dataset" in kinds else "synthetic-faces")
        assert config.model.name == ("my-faces" if "model" in kinds else "happysad")
        assert ("my-faces" in config.evaluation.headline) == ("metric" in kinds)


@pytest.mark.parametrize("kinds", COMBINATIONS, ids="-".join)
def test_a_package_has_its_files_loads_and_configures(kinds, tmp_path, monkeypatch, forget_modules):
    registry = Registry.discover()
    files = write_plugin("my-faces", kinds, registry=registry, out=tmp_path)
    folder = tmp_path / "emoclass-my-faces"
    expected = EVERYWHERE.union(*(OF_A_KIND[kind] for kind in kinds))
    assert written(tmp_path) == {f"emoclass-my-faces/{path}" for path in expected}
    assert {path.relative_to(folder).as_posix() for path in files} == expected
    for path in folder.rglob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"))
    monkeypatch.syspath_prepend(folder)
    module = importlib.import_module("emoclass_my_faces")
    assert module.EMOCLASS_HOOKSPEC == HOOKSPEC_VERSION
    registry.register(module, PluginInfo("my-faces"))
    check_plugin(registry, "my-faces", kinds)


@pytest.mark.parametrize("kinds", COMBINATIONS, ids="-".join)
def test_one_file_loads_and_configures(kinds, tmp_path, forget_modules):
    registry = Registry.discover()
    (file,) = write_plugin("my-faces", kinds, registry=registry, out=tmp_path, one_file=True)
    assert written(tmp_path) == {"my_faces.py"}
    check_plugin(registry, registry.load_file(file), kinds)


@pytest.mark.parametrize("kinds", COMBINATIONS, ids="-".join)
def test_a_package_depends_on_what_it_uses(kinds, registry, tmp_path):
    write_plugin("my-faces", kinds, registry=registry, out=tmp_path)
    project = tomllib.loads((tmp_path / "emoclass-my-faces" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == "emoclass-my-faces"
    assert (project["license"], project["license-files"]) == ("MIT", ["LICENSE"])
    assert project["entry-points"] == {"emoclass": {"my-faces": "emoclass_my_faces"}}
    packages = {"dataset": "pillow>=11.0", "metric": "numpy>=2.0", "detector": "numpy>=2.0"}
    borrowed = {"emoclass-happysad"} if "recipe" in kinds and "model" not in kinds else set()
    of_kinds = {packages[kind] for kind in kinds if kind in packages}
    assert set(project["dependencies"]) == {"emoclass>=0.1"} | of_kinds | borrowed
    extras = project["optional-dependencies"]
    trains = ["emoclass[train]>=0.1"] if {"model", "recipe"} & {*kinds} else []
    assert extras.get("train", []) == trains
    assert {"hypothesis", "pytest", *(each.split(">")[0] for each in trains)} <= {
        each.split(">")[0] for each in extras["test"]
    }


@pytest.mark.parametrize("one_file", [False, True])
@pytest.mark.parametrize("kinds", COMBINATIONS, ids="-".join)
def test_no_line_is_long_or_ends_in_a_space_and_nothing_of_the_templates_is_left(kinds, one_file, registry, tmp_path):
    for path, text in write_plugin("grins", kinds, registry=registry, out=tmp_path, one_file=one_file).items():
        lines = text.splitlines()
        width = 120 if path.suffix == ".md" else 88
        free = "description = "  # TOML has no way to wrap it
        assert [line for line in lines if len(line) > width and not line.startswith(free)] == []
        assert [line for line in lines if line != line.rstrip()] == []
        assert "{%" not in text and ("{{" in text) == (path.suffix == ".yml")  # the workflow has braces of its own
        assert text == "" or (text.endswith("\n") and not text.endswith("\n\n"))
        assert path.suffix == ".py" or "\n\n\n" not in text


def test_no_two_functions_of_one_file_have_one_name(registry, tmp_path):
    (text,) = write_plugin("my-faces", NAMES, registry=registry, out=tmp_path, one_file=True).values()
    names = [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    assert len(names) == len(set(names)) > len(NAMES)


def test_the_dataset_reads_what_it_draws_and_names_the_line_that_it_cannot_read(tmp_path, forget_modules):
    registry = Registry.discover()
    (file,) = write_plugin("my-faces", ["dataset"], registry=registry, out=tmp_path, one_file=True)
    spec = registry.datasets.of(registry.load_file(file))[0]
    emotions = spec.make_tiny(tmp_path / "tiny")
    samples = list(spec.load(tmp_path / "tiny"))
    assert {sample.id: sample.emotion for sample in samples} == emotions
    assert all((tmp_path / "tiny" / sample.path).is_file() for sample in samples)
    assert len({sample.group for sample in samples}) == 6
    (tmp_path / "tiny" / "labels.csv").write_text("file,emotion\na.png,sad\n,happy\n", encoding="utf-8")
    with pytest.raises(Exception, match=r"labels\.csv, line 3: expected file and emotion") as raised:
        list(spec.load(tmp_path / "tiny"))
    assert type(raised.value).__name__ == "DataError"


def test_the_metric_agrees_with_its_reference_where_scores_are_equal(tmp_path, forget_modules):
    import numpy as np

    from emoclass import LabelScheme

    registry = Registry.discover()
    (file,) = write_plugin("my-faces", ["metric"], registry=registry, out=tmp_path, one_file=True)
    spec = registry.metrics.of(registry.load_file(file))[0]
    labels = LabelScheme(emotions=("happy", "sad", "angry"))
    y_true, y_score = np.array([0, 1, 2]), np.array([[0.5, 0.3, 0.2], [0.4, 0.3, 0.3], [1 / 3, 1 / 3, 1 / 3]])
    for weight in (None, np.array([1.0, 2.0, 3.0])):
        value = spec.compute(y_true, y_score, labels=labels, sample_weight=weight)
        assert value == pytest.approx(np.average([1, 1 / 3, 1 / 3], weights=weight))
        assert value == pytest.approx(resolve(spec.reference)(y_true, y_score, labels=labels, sample_weight=weight))


# Names


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("My Plugin", "my-plugin"),
        ("MyPlugin", "my-plugin"),
        ("../grins", "grins"),
        ("a/b", "a-b"),
        ("9lives", "lives"),
        ("a--b", "a-b"),
        ("grins-", "grins"),
        ("grins.py", "grins"),
        ("Gefühle", "gefuhle"),
        ("grins\n", "grins"),
        ("emoclass-grins", "grins"),
        ("emoclass_grins", "grins"),
        ("class", "my-class"),
        ("f" * (MAX_LENGTH + 1), "f" * MAX_LENGTH),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_one_that_can(name, suggestion, registry, tmp_path):
    with pytest.raises(ConfigError, match=r"plugin name .*: expected") as raised:
        write_plugin(name, ["model"], registry=registry, out=tmp_path / "out")
    assert raised.value.hint == f"Did you mean {suggestion!r}?"
    check_name(suggestion, ["model"], registry=registry, one_file=False)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["", ".", "..", "123", "emoclass", "笑"])
def test_where_no_name_is_near_the_hint_is_an_example(name, registry, tmp_path):
    with pytest.raises(ConfigError) as raised:
        write_plugin(name, ["model"], registry=registry, out=tmp_path)
    assert suggest(name) == ""
    assert raised.value.hint == "For example 'my-plugin'."


@pytest.mark.parametrize("name", ["json", "numpy", "tensorflow"])
def test_one_file_cannot_have_the_name_of_a_module(name, registry, tmp_path):
    with pytest.raises(ConfigError, match=f"a Python module '{name}' exists already") as raised:
        write_plugin(name, ["model"], registry=registry, out=tmp_path, one_file=True)
    assert f"'my-{name}'" in raised.value.hint
    assert write_plugin(name, ["model"], registry=registry, out=tmp_path)


def test_a_package_cannot_have_the_module_of_one_that_is_installed(registry, tmp_path):
    with pytest.raises(ConfigError, match="a Python module 'emoclass_happysad' exists already"):
        write_plugin("happysad", ["metric"], registry=registry, out=tmp_path)


@pytest.mark.parametrize("name", ["a-b", "a_b"])
def test_the_name_of_another_plugin_is_refused_in_either_spelling(name, registry, tmp_path):
    registry.register(object(), PluginInfo("a-b", origin="emoclass-a-b"))
    with pytest.raises(DuplicateNameError, match=f"plugin '{name}': the name is taken by a plugin from emoclass-a-b"):
        write_plugin(name, ["metric"], registry=registry, out=tmp_path)


@pytest.mark.parametrize(("kind", "name"), [("dataset", "folder"), ("metric", "accuracy")])
def test_what_another_plugin_offers_is_refused_for_that_kind_alone(kind, name, registry, tmp_path):
    with pytest.raises(DuplicateNameError, match=f"{kind} '{name}': the name is taken by plugin 'builtins'"):
        write_plugin(name, ["recipe", kind], registry=registry, out=tmp_path)
    assert write_plugin(name, ["model"], registry=registry, out=tmp_path)


# Places


@pytest.mark.parametrize("one_file", [False, True])
def test_nothing_is_overwritten(one_file, registry, tmp_path):
    target = tmp_path / ("grins.py" if one_file else "emoclass-grins")
    for make in (target.touch, target.mkdir, lambda: target.symlink_to("nowhere")):
        make()
        before = os.lstat(target)
        with pytest.raises(ConfigError, match=rf"{target.name}: expected nothing there"):
            write_plugin("grins", ["model"], registry=registry, out=tmp_path, one_file=one_file)
        assert os.lstat(target) == before
        assert list(tmp_path.iterdir()) == [target]
        target.rmdir() if target.is_dir() else target.unlink()


@pytest.mark.parametrize("one_file", [False, True])
@pytest.mark.parametrize("problem", [PermissionError(13, "Permission denied"), KeyboardInterrupt()], ids=repr)
def test_a_failure_leaves_nothing_behind(problem, one_file, registry, tmp_path, monkeypatch):
    write = Path.write_text

    def fail(path, *arguments, **options):
        write(path, *arguments, **options)
        raise problem

    monkeypatch.setattr(Path, "write_text", fail)
    expected = OutputError if isinstance(problem, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        write_plugin("grins", NAMES, registry=registry, out=tmp_path / "a" / "b", one_file=one_file)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_no_folder_is_told(registry, tmp_path):
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError, match=r"output folder .*: cannot be written \((File exists|Not a directory)\)"):
            write_plugin("grins", ["model"], registry=registry, out=out)
    assert (tmp_path / "file").read_bytes() == b""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_what_is_written_may_be_read_by_others_as_any_other_file(registry, tmp_path):
    (tmp_path / "usual").mkdir()
    (file, *_) = write_plugin("grins", ["model"], registry=registry, out=tmp_path)
    assert file.parent.stat().st_mode == (tmp_path / "usual").stat().st_mode


# The command


def said(*arguments):
    return CliRunner().invoke(cli, ["plugins", "new", *map(str, arguments)])


def test_kinds_may_be_repeated_or_listed_in_any_order(tmp_path):
    done = said("grins", "--kind", "recipe, model", "--kind", "metric", "--kind", "model", "--out", tmp_path)
    assert done.exit_code == 0
    code = (tmp_path / "emoclass-grins" / "emoclass_grins" / "__init__.py").read_text(encoding="utf-8")
    assert "from emoclass import MetricSpec, ModelSpec, Recipe, hookimpl" in code
    assert '"""An emoclass plugin: a model, a metric and an experiment.' in code


@pytest.mark.parametrize(
    ("kinds", "got", "hint"),
    [([], "none", "--kind model"), (["models"], "'models'", "mean 'model'"), (["x,"], "'x', ''", "--kind model")],
)
def test_another_kind_is_refused_with_those_there_are(kinds, got, hint, tmp_path):
    done = said("grins", *(f"--kind={kind}" for kind in kinds), "--out", tmp_path)
    assert isinstance(done.exception, ConfigError)
    assert done.exception.message == f"--kind: expected one or more of {', '.join(NAMES)}, got {got}."
    assert hint in done.exception.hint
    assert list(tmp_path.iterdir()) == []


def test_the_next_commands_can_be_pasted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = said("grins", "--kind=dataset,recipe", "--out", "my plugins").stdout.splitlines()
    assert "  my plugins/emoclass-grins/README.md" in lines
    assert lines[lines.index("Next:") + 1 :] == [
        "  cd 'my plugins/emoclass-grins'",
        '  pip install -e ".[test]"',
        "  python -m pytest",
        "  emoclass run --plugin grins --data DIR",
    ]
    for kinds, last in (("model", "check"), ("recipe", "run --plugin")):
        lines = said(f"small-{kinds}", "--one-file", f"--kind={kinds}", "--out", "it's").stdout.splitlines()
        assert shlex.split(lines[-1]) == ["emoclass", *(f"plugins {last}" if last == "check" else last).split(),
                                          f"./it's/small_{kinds}.py"]  # fmt: skip


def test_a_package_without_an_experiment_is_checked_instead_of_run(tmp_path):
    lines = said("grins", "--kind=metric", "--out", tmp_path).stdout.splitlines()
    assert lines[-2:] == ["  python -m pytest", "  emoclass plugins check grins"]
