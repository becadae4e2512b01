"""The command line as a user meets it: in processes of its own where the process matters."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from one_file import ONE_FILE
from tiny import draw_photographs

from emoclass.cli import main


@pytest.fixture(scope="module")
def plugin(tmp_path_factory):
    path = tmp_path_factory.mktemp("plugin") / "small_plugin.py"
    path.write_text(ONE_FILE)
    return str(path)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return str(draw_photographs(tmp_path_factory.mktemp("photos"), {"happy": 20, "sad": 20}))


def emoclass(*arguments, **options):
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "emoclass", *map(str, arguments)],
        capture_output=True, text=True, timeout=600, check=False, **options,
    )  # fmt: skip


def said(*arguments):
    """Run the command line in this process, for what depends on no process of its own."""
    runner = CliRunner()
    with runner.isolation() as (out, err, _):
        try:
            main(list(map(str, arguments)))
            code = 0
        except SystemExit as stop:
            code = stop.code
        sys.stdout.flush()
        sys.stderr.flush()
        return code or 0, out.getvalue().decode(), err.getvalue().decode()


def test_json_is_one_document_and_nothing_else(plugin, photos, tmp_path):
    done = emoclass("run", "--plugin", plugin, "--data", photos, "--out", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["plugin"] == "small_plugin"
    assert document["recipe"] == "small"
    assert document["labels"] == ["happy", "sad"]
    assert document["n_samples"] == {"train": 30, "validation": 5, "test": 5}
    assert document["skipped"] == []
    assert set(document["metrics"]["accuracy"]) >= {"value", "ci_low", "ci_high", "n_samples"}
    assert Path(document["folder"]).parent == tmp_path
    # What is said on the way goes to stderr, one plain line an item, without TensorFlow's greetings.
    lines = done.stderr.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("Epoch")] == ["1/3", "2/3", "3/3"]
    assert not [line for line in lines if "\x1b" in line or "\r" in line or "cuda" in line or "oneDNN" in line]

    assert json.loads(said("run", "--resume", document["folder"], "--json")[1]) == document


def test_quiet_prints_the_result_alone(plugin, photos, tmp_path):
    done = emoclass("run", "--plugin", plugin, "--data", photos, "--out", tmp_path, "--quiet", "--epochs", 1)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "small_plugin: 30 train, 5 validation, 5 test images; 0 = happy, 1 = sad"
    notes = [line for line in lines if line.startswith("Note: ")]
    assert [line.split()[0] for line in lines[1 + len(notes) : 4 + len(notes)]] == ["accuracy", "precision", "recall"]
    assert any("--folds 5" in note for note in notes), "five test images show little"
    assert "n = 5, test" in lines[1 + len(notes)]
    assert lines[-1].startswith("Report: ")


def start(plugin, photos, out, *, epochs):
    return subprocess.Popen(
        [sys.executable, "-m", "emoclass", "run", "--plugin", plugin, "--data", photos, "--out", str(out),
         "--epochs", str(epochs)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        # A shell that started the tests in the background made them, and their children, deaf to Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip


def wait_for_epochs(out, n_epochs):
    """Return the history once it holds `n_epochs` rows."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        for history in Path(out).glob("*/history.csv"):
            if len(history.read_text().splitlines()) > n_epochs:
                return history
        time.sleep(0.01)
    raise AssertionError("the run did not get that far")


@pytest.mark.slow  # it trains twice, once with interruptions
def test_a_run_that_is_killed_resumes_to_the_end_of_an_unbroken_one(plugin, photos, tmp_path):
    process = start(plugin, photos, tmp_path / "killed", epochs=50)
    history = wait_for_epochs(tmp_path / "killed", 3)
    process.kill()
    process.communicate()
    folder = history.parent
    assert (folder / "INCOMPLETE").exists()
    assert not (folder / "metrics.json").exists()
    before = history.read_bytes()
    before = before[: before.rfind(b"\n") + 1]

    refused = emoclass("run", "--resume", folder)
    assert refused.returncode == 2
    command = f"emoclass run --resume {folder} --plugin {plugin}"
    assert "only the run folder names it" in refused.stderr
    assert command in refused.stderr
    resumed = emoclass(*command.split()[1:], "--json")
    assert resumed.returncode == 0, resumed.stderr
    assert history.read_bytes().startswith(before)
    _, unbroken, _ = said(
        "run", "--plugin", plugin, "--data", photos, "--out", tmp_path / "unbroken", "--epochs", 50, "--json"
    )
    first, second = json.loads(resumed.stdout), json.loads(unbroken)
    assert first["metrics"] == second["metrics"]
    assert (folder / "predictions.csv").read_bytes() == Path(second["folder"], "predictions.csv").read_bytes()


def test_ctrl_c_leaves_a_resumable_run_and_prints_the_command(plugin, photos, tmp_path):
    process = start(plugin, photos, tmp_path, epochs=500)
    folder = wait_for_epochs(tmp_path, 2).parent
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"Continue with: emoclass run --resume {folder}" in stderr
    assert "Traceback" not in stderr


def test_one_folder_is_not_resumed_by_two_processes(plugin, photos, tmp_path):
    process = start(plugin, photos, tmp_path, epochs=2000)
    try:
        folder = wait_for_epochs(tmp_path, 1).parent
        code, _, stderr = said("run", "--resume", folder)
        assert code == 1
        assert "another process is writing to it" in stderr
    finally:
        process.kill()
        process.communicate()


def test_a_disk_that_is_full_from_the_start_is_told_and_leaves_no_folder(plugin, photos, tmp_path):
    resource = pytest.importorskip("resource", reason="the platform cannot limit file sizes")
    (tmp_path / "c.toml").write_text("[runtime]\ncache_mib = 0\n")
    done = emoclass(
        "run", "--plugin", plugin, "--data", photos, "--out", tmp_path / "runs", "--config", tmp_path / "c.toml",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000)),
    )  # fmt: skip
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Hint: Free some space, choose another --out, or raise [runtime] cache_mib." in done.stderr
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_disk_that_fills_up_later_leaves_a_run_that_can_be_resumed(plugin, photos, tmp_path):
    resource = pytest.importorskip("resource", reason="the platform cannot limit file sizes")
    # The small network's checkpoint fits, its saved model and the plots do not.
    done = emoclass(
        "run", "--plugin", plugin, "--data", photos, "--out", tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (16_000, 16_000)),
    )  # fmt: skip
    (folder,) = tmp_path.iterdir()
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert f"Hint: Free some space, then continue with: emoclass run --resume {folder}" in done.stderr
    assert (folder / "INCOMPLETE").exists()
    assert not (folder / "metrics.json").exists()
    assert said("run", "--resume", folder, "--plugin", plugin)[0] == 0


def test_a_plugin_that_raises_on_import_is_listed_as_broken_and_the_rest_works(tmp_path):
    metadata = tmp_path / "broken-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[emoclass]\nbroken = broken_module\n")
    (tmp_path / "broken_module.py").write_text("raise RuntimeError('out of order')\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    listed = emoclass("plugins", "list", env=environment)
    assert listed.returncode == 0
    lines = {line.split()[0]: line for line in listed.stdout.splitlines() if line}
    assert "broken: RuntimeError: out of order" in lines["broken"]
    assert "ok" in lines["builtins"]
    wanted = emoclass("models", "show", "brokn", env=environment)
    assert wanted.returncode == 2
    assert "Plugin 'broken' is broken and may be the one that offers it" in wanted.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run"], 2, "Error: No plugin given"),
        (["run", "--plugin", "hapysad"], 2, "plugin 'hapysad': not provided by any plugin"),
        (["run", "--plugin", "./absent.py"], 1, "absent.py: no such file"),
        (["run", "--plugin", "PLUGIN", "--model", "smal"], 2, "Did you mean 'small'?"),
        (["run", "--plugin", "PLUGIN", "--dataset", "foldr"], 2, "Did you mean 'folder'?"),
        (["run", "--plugin", "PLUGIN", "--recipe", "other"], 2, "recipe of plugin 'small_plugin': 'other'"),
        (["run", "--plugin", "PLUGIN", "--labels", "happy"], 2, "expected at least two emotions"),
        (["run", "--plugin", "PLUGIN", "--labels", "happy,sadd"], 2, "Did you mean 'sad'"),
        (["run", "--plugin", "PLUGIN", "--epochs", "0"], 2, "training.epochs"),
        (["run", "--plugin", "PLUGIN", "--epochs", "many"], 2, "'many' is not a valid integer"),
        (["run", "--plugin", "PLUGIN", "--epoch", "3"], 2, "No such option"),
        (["run", "--plugin", "PLUGIN", "--map", "smile"], 2, "expected WORD=EMOTION"),
        (["run", "--plugin", "PLUGIN", "--map", "smile=hapy"], 2, "did you mean 'happy'?"),
        (["run", "--plugin", "PLUGIN", "--data", "/absent"], 1, "data folder /absent: no such folder"),
        (["run", "--plugin", "PLUGIN", "--config", "/absent.toml"], 2, "cannot be read"),
        (["run", "--plugin", "PLUGIN", "--class-weights", "even"], 2, "'even' is not 'balanced'"),
        (["run", "--resume", "/absent"], 1, "expected a folder with a config.toml, found none"),
        (["run", "--resume", "/absent", "--epochs", "3"], 2, "--resume: uses the settings of the run"),
        (["plugins", "show", "hapysad"], 2, "plugin 'hapysad'"),
        (["models", "show", "x"], 2, "model 'x'"),
        (["datasets", "show", "foldr"], 2, "Did you mean 'folder'?"),
        (["metrics", "show", "acuracy"], 2, "Did you mean 'accuracy"),
        (["recipes", "show", "x"], 2, "recipe 'x'"),
        (["rnu"], 2, "Did you mean 'run'?"),
    ],
)  # fmt: skip
def test_a_mistake_gets_a_clear_answer_and_no_traceback(plugin, arguments, code, message):
    got, stdout, stderr = said(*(plugin if each == "PLUGIN" else each for each in arguments))
    assert (got, stdout) == (code, "")
    assert message in stderr
    assert "Traceback" not in stderr


def test_options_win_over_the_config_file(plugin, photos, tmp_path):
    (tmp_path / "c.toml").write_text("[training]\nepochs = 0\n")
    code, _, stderr = said("run", "--plugin", plugin, "--data", photos, "--config", tmp_path / "c.toml")
    assert (code, "training.epochs" in stderr) == (2, True)
    (tmp_path / "c.toml").write_text("[training]\nepoch = 1\n")
    code, _, stderr = said("run", "--plugin", plugin, "--config", tmp_path / "c.toml")
    assert (code, "did you mean 'epochs'" in stderr) == (2, True)


def test_the_version_is_that_of_the_distribution():
    from importlib.metadata import version

    assert said("--version") == (0, f"emoclass {version('emoclass')}\n", "")


@pytest.mark.parametrize("kind", ["plugins", "datasets", "models", "metrics", "recipes", "detectors"])
def test_lists_and_shows_agree_as_text_and_json(kind):
    code, text, _ = said(kind, "list")
    document = json.loads(said(kind, "list", "--json")[1])
    assert code == 0
    assert [line.split()[0] for line in text.splitlines()[1:]] == [each["name"] for each in document]
    for each in document:
        if kind == "models":
            continue  # its layer table needs Keras; tested by itself
        shown = json.loads(said(kind, "show", each["name"], "--json")[1])
        assert shown["name"] == each["name"]
        assert each["name"] in said(kind, "show", each["name"])[1]


def test_showing_a_model_prints_its_layer_table():
    code, text, _ = said("models", "show", "happysad")
    lines = [line.split() for line in text.splitlines()]
    assert code == 0
    assert ["dense", "Dense", "(None,", "256)", "3,686,656"] in lines
    assert ["total", "3,696,625"] in lines
    assert json.loads(said("models", "show", "happysad", "--json")[1])["layers"][0]["parameters"] == 448
