import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from emoclass.errors import BundleError, ConfigError, DataError
from emoclass.inference.litert import LiteRTModel


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Export a small network of 8 by 6 gray pixels and five emotions."""
    import keras

    from emoclass.training.export import export_litert

    model = keras.Sequential(
        [
            keras.Input((8, 6, 1)),
            keras.layers.Conv2D(3, 3, name="conv"),
            keras.layers.MaxPooling2D(name="pool"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(5, activation="softmax", name="dense"),
        ],
        name="small",
    )
    path = tmp_path_factory.mktemp("exported") / "model.tflite"
    export_litert(model, (0.0, 1.0), path)
    return path


def images(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 8, 6, 1), np.uint8)


def test_a_model_tells_its_shapes_and_takes_an_empty_batch(file):
    model = LiteRTModel(file, threads=2)
    assert (model.input_shape, model.units) == ((8, 6, 1), 5)
    assert model.predict(images(0)).shape == (0, 5)
    np.testing.assert_allclose(model.predict(images(3)).sum(axis=1), 1, atol=1e-5)


def test_an_answer_is_the_callers_own(file):
    model = LiteRTModel(file)
    first = model.predict(images(2))
    kept = first.copy()
    model.predict(images(2, seed=1))
    np.testing.assert_array_equal(first, kept)


def test_pixels_may_lie_in_memory_in_any_order(file):
    model, pixels = LiteRTModel(file), images(4)
    np.testing.assert_array_equal(model.predict(pixels[::-1, :, ::-1]), model.predict(pixels[::-1, :, ::-1].copy()))


def test_room_is_made_only_when_the_batch_size_changes(file, monkeypatch):
    model, allocated = LiteRTModel(file), []
    allocate = model._interpreter.allocate_tensors
    monkeypatch.setattr(model._interpreter, "allocate_tensors", lambda: allocated.append(1) or allocate())
    for count in (1, 1, 4, 4, 1):
        model.predict(images(count))
    assert len(allocated) == 2


@pytest.mark.parametrize(
    ("pixels", "got"),
    [
        (np.zeros((2, 6, 8, 1), np.uint8), r"uint8 \(2, 6, 8, 1\)"),
        (np.zeros((8, 6, 1), np.float32), r"float32 \(8, 6, 1\)"),
        (np.zeros((2, 8, 6, 1)), r"float64 \(2, 8, 6, 1\)"),
    ],
)
def test_other_pixels_are_refused(file, pixels, got):
    with pytest.raises(DataError, match=rf"pixels: expected uint8 or float32 \(batch, 8, 6, 1\), got {got}\.$"):
        LiteRTModel(file).predict(pixels)


def test_threads_may_share_a_model(file):
    model, batches = LiteRTModel(file), [images(1 + n % 4, seed=n) for n in range(100)]
    expected = [model.predict(batch) for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        for got, one in zip(pool.map(model.predict, batches), expected, strict=True):
            np.testing.assert_array_equal(got, one)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BundleError, match=r"model .*absent\.tflite: cannot be read \(No such file"):
        LiteRTModel(tmp_path / "absent.tflite")


@pytest.mark.parametrize("threads", [0, 257, True, 1.0])
def test_an_impossible_number_of_threads_is_refused(file, threads):
    with pytest.raises(ConfigError, match=rf"threads: expected a whole number from 1 to 256, got {threads}\."):
        LiteRTModel(file, threads=threads)


DAMAGE = {
    "empty": lambda good: b"",
    "text": lambda good: b"This is no model at all.",
    "noise": lambda good: np.random.default_rng(0).bytes(3000),
    "noise that begins as a model": lambda good: good[:8] + np.random.default_rng(0).bytes(3000),
    "the first bytes": lambda good: good[:10],
    "half": lambda good: good[: len(good) // 2],
    "all but the last byte": lambda good: good[:-1],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_an_error_and_no_crash(file, tmp_path, damage):
    path = tmp_path / "damaged.tflite"
    path.write_bytes(DAMAGE[damage](file.read_bytes()))
    with pytest.raises(BundleError, match=r"damaged\.tflite: cannot be loaded \(.+\)\.$"):
        LiteRTModel(path)


def test_a_model_of_something_else_is_refused(tmp_path):
    import tensorflow as tf

    function = tf.function(lambda x: x + 1).get_concrete_function(tf.TensorSpec((None, 4), tf.float32))
    path = tmp_path / "other.tflite"
    path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([function]).convert())
    with pytest.raises(BundleError, match=r"expected float32 \(-1, height, .*, got float32 \(-1, 4\), float32"):
        LiteRTModel(path)


def test_predicting_loads_no_tensorflow(file):
    code = (
        "import sys\nfrom pathlib import Path\nimport numpy as np\nimport emoclass.inference\n"
        "from emoclass.inference.litert import LiteRTModel\n"
        f"LiteRTModel(Path({str(file)!r})).predict(np.zeros((2, 8, 6, 1), np.uint8))\n"
        "print([m for m in ('tensorflow', 'keras', 'emoclass.training') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_loading_a_model_in_a_new_process_writes_nothing(bundle):
    code = (
        "import sys, emoclass\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(4) as pool: list(pool.map(emoclass.load, 4 * sys.argv[1:]))\n"
        "print('loaded', file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(bundle)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "loaded\n")
