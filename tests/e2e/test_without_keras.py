"""What works, and what is said, where TensorFlow and Keras are not installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from finished_runs import write_run
from tiny import draw_photographs

from emoclass import Registry
from emoclass.plugin.configure import configure
from emoclass.reporting.folders.run import RunFolder
from emoclass.reporting.folders.study import StudyFolder, StudyPlan

MISSING = 'This needs keras and tensorflow, which are not installed. Install with: pip install "emoclass[train]"'
TRAINING = "a backend that trains (tensorflow, jax, torch)"
HIDE = 'import sys\nsys.modules.update(dict.fromkeys(["keras", "tensorflow"]))\n'

# One process runs all commands: each of its own would import NumPy and scikit-learn anew.
RUN_COMMANDS = """
import io, json, os, sys
from contextlib import redirect_stderr, redirect_stdout

from emoclass.cli import main

results = []
for arguments in json.load(sys.stdin):
    before = set(os.listdir())
    with redirect_stdout(io.StringIO()) as stdout, redirect_stderr(io.StringIO()) as stderr:
        try:
            code = main(arguments)
        except SystemExit as error:
            code = error.code
    left = sorted(set(os.listdir()) - before)
    results.append({"code": code or 0, "stdout": stdout.getvalue(), "stderr": stderr.getvalue(), "left": left})
print(json.dumps(results))
"""

NEEDING_KERAS = [
    "run --plugin happysad",
    "run --plugin happysad --data photos --epochs 1",
    "run --plugin happysad --folds 2",
    "run --plugin happysad --seeds 0,1",
    "run --plugin faces --from pretrained --dataset folder --data photos --labels happy,sad",
    "run --plugin ./small.py --data photos",
    "run --resume unfinished",
    "run --resume unfinished-study",
    "audit photos --labels --epochs 1",
    "audit --labels --study unfinished-study",
    "export faces --format litert",
    "export faces --format litert --quantize int8 --calibrate photos",
    "export faces --format onnx",
    "export faces --format saved-model",
]

WORKING = [
    "--version",
    "--help",
    "run --help",
    "plugins list",
    "plugins show faces",
    "plugins new mine --kind dataset --kind model --kind metric --kind recipe",
    "plugins new single --kind model --kind recipe --one-file",
    "datasets list",
    "datasets show folder",
    "models list",
    "models show happysad",
    "models show faces --json",
    "metrics list",
    "metrics show accuracy",
    "recipes list",
    "recipes show faces",
    "predict faces photos --json",
    "predict faces photos/happy/000.png --explain explained",
    "predict faces photos/happy/000.png --annotate annotated",
    "evaluate faces --on folder=photos --labels happy,sad --report evaluated.html",
    "audit photos --report audit.html",
    "audit photos --write-clean clean.txt",
    "compare runs/a runs/b",
    "plugins check datasets --only check_loads",
    "plugins check happysad",
    "plugins check faces",
    "plugins check ./small.py",
    "plugins check ./single.py",
]

SMALL = '''"""A small network, and the experiment that trains it."""

from emoclass import ModelSpec, Recipe, hookimpl


def build(*, labels, image_shape, seed):
    import keras

    return keras.Sequential([keras.Input(image_shape), keras.layers.Flatten(name="flat"),
                             keras.layers.Dense(labels.units, activation=labels.head, name="emotion")])


@hookimpl
def register_models():
    return [ModelSpec(name="small", summary="One dense layer.", build=build, image_shape=(16, 16, 3))]


@hookimpl
def register_recipes():
    config = {"labels": ["happy", "sad"], "model": {"name": "small"}, "training": {"epochs": 1}}
    return [Recipe(name="small", summary="One dense layer, one epoch.", config=config)]
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make a folder with photographs, finished runs, and a run and a study that were interrupted."""
    folder = tmp_path_factory.mktemp("light")
    draw_photographs(folder / "photos", {"happy": 12, "sad": 12}, size=48)
    (folder / "small.py").write_text(SMALL, encoding="utf-8")
    write_run(folder / "runs" / "a", "hhss", "hhsh")
    write_run(folder / "runs" / "b", "hhss", "hsss")
    config = configure(Registry.discover(), options={"plugin": "happysad"})
    run = RunFolder.create(folder, "happysad")
    run.write_text("config.toml", config.to_toml())
    run.release()
    run.path.rename(folder / "unfinished")
    study = StudyFolder.create(folder, "happysad-2-folds")
    study.begin(StudyPlan(folds=2), config)
    study.release()
    study.path.rename(folder / "unfinished-study")
    (folder / "hidden").mkdir()
    (folder / "hidden" / "sitecustomize.py").write_text(HIDE, encoding="utf-8")
    return folder


def python(folder, *arguments, environment=None, **options):
    """Run Python where Keras and TensorFlow cannot be imported, unless `environment` says otherwise."""
    environment = {"PYTHONPATH": str(folder / "hidden")} if environment is None else environment
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=os.environ | environment, capture_output=True, text=True,
        encoding="utf-8", check=False, **options,
    )  # fmt: skip


@pytest.fixture(scope="module")
def results(folder):
    """Run every command once, and return what each did."""
    commands = [*NEEDING_KERAS, *WORKING]
    done = python(folder, "-c", RUN_COMMANDS, input=json.dumps([command.split() for command in commands]))
    assert done.returncode == 0, done.stderr
    return dict(zip(commands, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("command", NEEDING_KERAS)
def test_a_command_that_needs_keras_names_what_to_install_and_leaves_nothing(results, command):
    assert results[command] == {"code": 2, "stdout": "", "stderr": f"Error: {MISSING}\n", "left": []}


@pytest.mark.parametrize("command", WORKING)
def test_every_other_command_works(results, command):
    assert results[command]["code"] == 0, results[command]["stderr"]
    assert results[command]["stdout"]


def test_a_model_is_shown_without_its_layers_and_a_note_says_why(results):
    shown = results["models show happysad"]
    assert "input:    256x256, RGB, [0, 1]" in shown["stdout"]
    assert shown["stderr"] == f"Note: no table of the layers. {MISSING}\n"
    assert json.loads(results["models show faces --json"]["stdout"])["layers"] is None


def checks_of(results, plugin):
    """Return check -> result of one plugin's listing, the model's and the recipe's told apart by order."""
    lines = results[f"plugins check {plugin}"]["stdout"].splitlines()
    return [tuple(line.split(maxsplit=3)) for line in lines if line.startswith("  check_")]


@pytest.mark.parametrize("plugin", ["happysad", "faces", "./small.py", "./single.py"])
def test_the_kit_runs_what_needs_no_keras_and_skips_the_rest_with_the_reason(results, plugin):
    found = checks_of(results, plugin)
    assert {status for _, status, *_ in found} == {"ok", "skipped"}
    passed = {name for name, status, *_ in found if status == "ok"}
    assert {"check_loads", "check_spec_is_valid", "check_names_resolve"} <= passed
    reasons = {name: reason for name, status, _, *reason in found if status == "skipped"}
    keras = {name for name, reason in reasons.items() if reason == [MISSING]}
    assert {"check_output", "check_learns", "check_exported_file_agrees", "check_runs_one_epoch"} <= keras
    others = {name: reason for name, reason in reasons.items() if name not in keras}
    assert others in ({}, {"check_pretrained_predicts": ["it has no pretrained model"]})


def test_the_kit_still_finds_a_damaged_pretrained_model(folder):
    code = """
import emoclass.inference.pretrained as pretrained, shutil, pathlib
from emoclass.testing import run_checks
copy = pathlib.Path("damaged")
shutil.copytree(pretrained.pretrained_folder("emoclass_faces:trained"), copy)
with (copy / "model.tflite").open("ab") as file:
    file.write(b"x")
pretrained.pretrained_folder = lambda ref: copy
print([result.status for result in run_checks("faces") if result.check.name == "check_pretrained_predicts"])
"""
    assert python(folder, "-c", code).stdout == "['failed']\n"


def test_python_functions_raise_an_error_that_says_what_to_install(folder):
    code = """
import sys
from pathlib import Path

import emoclass
from emoclass.errors import MissingPackageError

result = emoclass.RunResult.model_construct(folder=Path("runs/a"))
for call in (
    lambda: emoclass.run("happysad"),
    lambda: emoclass.cross_validate(plugin="happysad", folds=2),
    lambda: emoclass.repeat(plugin="happysad", seeds=(0, 1)),
    lambda: emoclass.resume("unfinished"),
    lambda: emoclass.resume_study("unfinished-study"),
    lambda: emoclass.suspected_labels("photos"),
    lambda: result.model,
):
    try:
        call()
    except MissingPackageError as error:
        print(f"{error.message} {error.hint}")
assert emoclass.load("faces").predict("photos/happy/000.png").label
assert not [name for name in sys.modules if name.startswith(("keras.", "tensorflow."))]
"""
    done = python(folder, "-c", code)
    assert done.stderr.count("Traceback") == 0, done.stderr
    assert done.stdout.splitlines() == [MISSING] * 7
    assert not (folder / "runs" / "happysad").exists()


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"KERAS_BACKEND": "theano"}, f"KERAS_BACKEND: expected {TRAINING}, got 'theano'."),
        ({"KERAS_BACKEND": "numpy"}, f"KERAS_BACKEND: expected {TRAINING}, got 'numpy'."),
        ({"KERAS_HOME": "home"}, f"{Path('home', 'keras.json')}, backend: expected {TRAINING}, got 'theano'."),
        (
            {"KERAS_BACKEND": "jax"},
            "KERAS_BACKEND: expected the backend 'jax' to be installed, found no package jax. "
            "Install with: pip install jax, or set KERAS_BACKEND=tensorflow.",
        ),
    ],
    ids=["unknown", "cannot train", "in keras.json", "not installed"],
)
def test_a_backend_that_keras_cannot_use_is_told_before_the_work(folder, setting, said):
    (folder / "home").mkdir(exist_ok=True)
    (folder / "home" / "keras.json").write_text('{"backend": "theano"}', encoding="utf-8")
    (folder / "no-jax").mkdir(exist_ok=True)
    (folder / "no-jax" / "sitecustomize.py").write_text('import sys\nsys.modules["jax"] = None\n', encoding="utf-8")
    environment = {"PYTHONPATH": str(folder / "no-jax"), "KERAS_BACKEND": "", **setting}
    commands = [*NEEDING_KERAS, "plugins check happysad"]
    done = python(
        folder, "-c", RUN_COMMANDS, environment=environment,
        input=json.dumps([command.split() for command in [*commands, "models show happysad"]]),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *refused, shown = json.loads(done.stdout)
    for command, result in zip(commands, refused, strict=True):
        assert result == {"code": 2, "stdout": "", "stderr": f"Error: {said}\n", "left": []}, command
    assert (shown["code"], shown["stderr"]) == (0, f"Note: no table of the layers. {said}\n")
