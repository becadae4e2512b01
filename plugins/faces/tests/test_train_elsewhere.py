"""The script that trains a run's network on another machine."""

import csv
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import emoclass
from emoclass.plugin.registry import Registry
from emoclass.progress import Progress
from emoclass.training.bundled import load_bundled
from emoclass.training.checkpoint import read_checkpoint
from emoclass.values.references import resolve
from emoclass.workflows.run import resume, run

SCRIPT = Path(__file__).parents[1] / "training" / "train_elsewhere.py"
EPOCHS = 2
# There, nothing of this checkout is importable but what was packed.
THERE = {**os.environ, "KERAS_BACKEND": "tensorflow", "PYTHONSAFEPATH": "1"}

pytestmark = pytest.mark.slow


class StopsInTheFirstEpoch(Progress):
    def batch(self, *_):
        raise KeyboardInterrupt


def command(*arguments, **settings):
    return subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, text=True, timeout=300, **settings
    )


@pytest.fixture
def begun(tmp_path):
    """Return the folder of a run that was stopped in its first epoch."""
    registry = Registry.discover()
    (tmp_path / "fer2013").mkdir()
    resolve(registry.datasets.get("fer2013").make_tiny)(tmp_path / "fer2013")
    config = tmp_path / "small.toml"
    config.write_text(
        '[model]\nname = "faces"\n'
        '[training]\nepochs = 500\nbatch_size = 8\nprecision = "float32"\nweight_averaging = 0.998\n'
        '[training.teacher]\nbundles = ["faces:faces:fast"]\n'
    )
    with pytest.raises(KeyboardInterrupt):
        run(
            "faces",
            data=tmp_path / "fer2013",
            out=tmp_path / "runs",
            config=config,
            start="pretrained:fast",
            registry=registry,
            progress=StopsInTheFirstEpoch(),
        )
    (folder,) = (tmp_path / "runs").iterdir()
    return folder


def test_a_run_is_trained_elsewhere_and_finished_here(begun, tmp_path):
    pack, out = tmp_path / "pack", tmp_path / "out"
    packed = command(SCRIPT, "pack", begun, pack, "--no-packages")
    assert packed.returncode == 0, packed.stderr
    trained = command(pack / SCRIPT.name, "train", pack, out, "--epochs", EPOCHS, env=THERE, cwd=tmp_path)
    assert trained.returncode == 0, trained.stderr
    assert f"{EPOCHS} epochs" in trained.stdout

    unpacked = command(SCRIPT, "unpack", out, begun)
    assert unpacked.returncode == 0, unpacked.stderr
    state = read_checkpoint(begun / "checkpoint.state")
    result = resume(begun)
    assert len(result.history["loss"]) == EPOCHS
    with np.load(out / "weights-0.npz") as weights:
        assert {array.dtype for array in weights.values()} == {np.dtype("float16")}
        for name, array in weights.items():
            np.testing.assert_array_equal(state[name], array.astype(np.float32))
    # It started from the trained weights, and two epochs of small steps do not lead far from these.
    trained = emoclass.load("faces:faces:fast").bundle
    assert all(
        np.allclose(new, old, atol=0.05)
        for new, old in zip(result.model.get_weights(), load_bundled(trained).get_weights(), strict=True)
    )
    # The averages of the weights are what is kept, and the finished run has not put anything else in their place.
    dense = next(layer for layer in result.model.layers if layer.name == "network").get_layer("emotions")
    kernel = dense.get_weights()[0]
    assert any(array.shape == kernel.shape and np.allclose(array, kernel, atol=1e-3) for array in state.values())
    assert np.abs(kernel).max() > 0


def test_a_pack_holds_what_training_reads(begun, tmp_path):
    packed = command(SCRIPT, "pack", begun, tmp_path / "pack", "--no-packages")
    assert packed.returncode == 0, packed.stderr
    assert {each.name for each in (tmp_path / "pack").iterdir()} == {SCRIPT.name, "content.tar.xz"}
    content = tmp_path / "content"
    shutil.unpack_archive(tmp_path / "pack" / "content.tar.xz", content, filter="data")
    assert str(tmp_path) not in (content / "config.json").read_text(), "the data's folder is a path of this machine"
    (model,) = (content / "models").iterdir()  # the teacher is the model that the training starts from
    assert {each.name for each in model.iterdir()} == {"manifest.json", "model.keras"}

    spec = Registry.discover().datasets.get("fer2013")
    samples = {sample.id: sample for sample in resolve(spec.load)(tmp_path / "fer2013")}
    with (begun / "split.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] != "test"]
    read = resolve(spec.read_sample)
    images = [read(tmp_path / "fer2013", samples[row["id"]]) for row in rows]
    assert (content / "images.bin").read_bytes() == b"".join(images)
    with np.load(content / "images.npz") as saved:
        assert saved["sizes"].tolist() == [len(image) for image in images]
        assert saved["training"].tolist() == [row["split"] == "train" for row in rows]
        assert saved["labels"].tolist() == [int(row["label"]) for row in rows]


def test_a_training_that_is_ended_early_leaves_the_averages_of_its_last_whole_epoch(begun, tmp_path):
    pack, out = tmp_path / "pack", tmp_path / "out"
    packed = command(SCRIPT, "pack", begun, pack, "--no-packages")
    assert packed.returncode == 0, packed.stderr
    # What a training that was killed has left is not gone on from.
    (tmp_path / ".out.state").write_bytes(b"half a checkpoint")
    with subprocess.Popen(
        [sys.executable, pack / SCRIPT.name, "train", pack, out], env=THERE, cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as training:  # fmt: skip
        lines = iter(training.stdout.readline, "")
        next(line for line in lines if line.startswith('{"epoch": 2'))
        training.terminate()
        rest, errors = training.communicate(timeout=300)
    assert training.returncode == 0, errors
    stopped = re.search(r"Stopped after (\d+) of \d+ epochs", rest)
    assert not list(tmp_path.glob(".out.*"))

    unpacked = command(SCRIPT, "unpack", out, begun)
    assert unpacked.returncode == 0, unpacked.stderr
    result = resume(begun)
    assert len(result.history["loss"]) == int(stopped[1])
    assert all(np.abs(array).max() > 0 for array in result.model.get_weights() if array.size > 64)
    # Of an earlier epoch, too, the averages are what is kept: `finish` leaves the last layer as it was trained.
    kernel = result.model.get_layer("network").get_layer("emotions").get_weights()[0]
    with np.load(out / "weights-0.npz") as weights:
        assert any(array.shape == kernel.shape and np.allclose(array, kernel, atol=1e-3) for array in weights.values())


def test_too_little_time_for_an_epoch_is_said(begun, tmp_path):
    pack = tmp_path / "pack"
    assert command(SCRIPT, "pack", begun, pack, "--no-packages").returncode == 0
    trained = command(pack / SCRIPT.name, "train", pack, tmp_path / "out", "--minutes", 0.1, env=THERE, cwd=tmp_path)
    assert trained.returncode == 1
    assert trained.stderr.strip().endswith("Stopped before the end of the first epoch: no weights are kept.")
    assert "Traceback" not in trained.stderr


def test_too_large_a_pack_is_refused(begun, tmp_path):
    script = runpy.run_path(str(SCRIPT))
    script["pack"].__globals__["LARGEST_PACK"] = 2**20
    with pytest.raises(SystemExit, match=r"expected at most 1 MiB, got \d"):
        script["pack"](begun, tmp_path / "pack", packages=False)
