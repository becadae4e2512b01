"""The script that trains a run's network on another machine."""

import os
import runpy
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
        '[training]\nepochs = 5\nbatch_size = 8\nprecision = "float32"\nweight_averaging = 0.998\n'
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
    packed = command(SCRIPT, "pack", begun, pack, "--no-wheels")
    assert packed.returncode == 0, packed.stderr
    assert str(tmp_path) not in (pack / "config.json").read_text(), "the data's folder is a path of this machine"
    assert len(list((pack / "models").iterdir())) == 1, "the teacher is the model that the training starts from"

    # There, nothing of this checkout is importable but what was packed.
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "PYTHONSAFEPATH": "1"}
    trained = command(pack / SCRIPT.name, "train", pack, out, "--epochs", EPOCHS, env=environment, cwd=tmp_path)
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


def test_too_large_a_pack_is_refused(begun, tmp_path):
    script = runpy.run_path(str(SCRIPT))
    script["pack"].__globals__["LARGEST_PACK"] = 2**20
    with pytest.raises(SystemExit, match=r"expected at most 1 MiB, got \d"):
        script["pack"](begun, tmp_path / "pack", wheels=False)
