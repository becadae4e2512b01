import os

import keras
import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from tiny import build_tiny

from emoclass import LabelScheme
from emoclass.bundle.read import read_bundle
from emoclass.data.pixels import PixelCache
from emoclass.training.fit import fit
from emoclass.training.pipeline import Batches, ShuffledBatches, from_pixels
from emoclass.training.teacher import DistillationLoss, Teacher, load_teachers, teach
from emoclass.values.config import TrainingConfig

THREE = LabelScheme(emotions=("happy", "sad", "angry"))
TWO = LabelScheme(emotions=("sad", "happy"))
UNIT = (0.0, 1.0)


def network(labels=THREE, shape=(10, 12, 3), seed=0):
    keras.utils.set_random_seed(seed)
    return build_tiny(labels=labels, image_shape=shape, seed=seed)


def images(shape=(10, 12, 3), n=6):
    return np.random.default_rng(0).integers(0, 256, (n, *shape)).astype(np.float32)


def taught(student, teachers, labels=THREE, value_range=UNIT, augmentation=()):
    return teach(from_pixels(student, value_range, augmentation), teachers, value_range, labels)


def says(model, pixels):
    """Return what a model, and its teachers, say in training."""
    return keras.ops.convert_to_numpy(model(pixels, training=True))


def alone(model, pixels):
    return keras.ops.convert_to_numpy(model(pixels, training=False))


def test_the_teachers_stand_beside_the_network_and_an_ensemble_is_their_mean():
    first, second = network(seed=1), network(seed=2)
    model = taught(network(), [Teacher(first, THREE, UNIT), Teacher(second, THREE, UNIT)])
    pixels = images()
    output = says(model, pixels)
    assert output.shape == (6, 6)
    mean = (alone(first, pixels / 255) + alone(second, pixels / 255)) / 2
    np.testing.assert_allclose(output[:, 3:], mean, atol=1e-6)
    assert abs(alone(first, pixels / 255) - mean).max() > 0.01, "the two must differ"


def test_in_validation_the_network_is_alone():
    student = network()
    model = taught(student, [Teacher(network(seed=1), THREE, UNIT)])
    pixels = images()
    np.testing.assert_allclose(alone(model, pixels), alone(student, pixels / 255), atol=1e-6)


def test_a_teacher_of_more_emotions_is_restricted_to_those_of_the_network_in_their_order():
    teacher = network(seed=1)
    output = says(taught(network(TWO), [Teacher(teacher, THREE, UNIT)], TWO), images())
    kept = alone(teacher, images() / 255)[:, [1, 0]]
    np.testing.assert_allclose(output[:, 1:], kept / kept.sum(axis=1, keepdims=True), atol=1e-6)


def test_a_teacher_of_two_emotions_gives_both_probabilities():
    teacher = network(TWO, seed=1)
    output = says(taught(network(TWO), [Teacher(teacher, TWO, UNIT)], TWO), images())
    positive = alone(teacher, images() / 255)
    np.testing.assert_allclose(output[:, 1:], np.hstack([1 - positive, positive]), atol=1e-6)
    backwards = LabelScheme(emotions=("happy", "sad"))
    output = says(taught(network(backwards), [Teacher(teacher, TWO, UNIT)], backwards), images())
    np.testing.assert_allclose(output[:, 1:], np.hstack([positive, 1 - positive]), atol=1e-6)


@pytest.mark.parametrize(
    ("own", "other", "value_range"),
    [
        ((10, 12, 3), (10, 12, 1), UNIT),
        ((10, 12, 1), (10, 12, 3), UNIT),
        ((10, 12, 3), (10, 12, 3), (-1.0, 1.0)),
        ((10, 12, 1), (20, 8, 3), (0.0, 255.0)),
    ],
)
def test_a_teacher_gets_the_images_as_it_expects_them(own, other, value_range):
    from PIL import Image

    teacher = network(shape=other, seed=1)
    # Plain colors: the decoder's resizing and gray can be expected to the last digit but one.
    pixels = np.random.default_rng(0).integers(0, 256, (6, 1, 1, own[2])).repeat(10, 1).repeat(12, 2).astype(np.uint8)
    mode = "RGB" if other[2] == 3 else "L"
    wanted = np.stack(
        [
            np.asarray(Image.fromarray(each.squeeze()).convert(mode).resize(other[1::-1])).reshape(other)
            for each in pixels
        ]
    )
    low, high = value_range
    wanted = wanted / 255 * (high - low) + low
    output = says(taught(network(shape=own), [Teacher(teacher, THREE, value_range)]), pixels.astype(np.float32))
    np.testing.assert_allclose(output[:, 3:], alone(teacher, wanted), atol=0.01)


def test_a_larger_teacher_sees_about_what_the_decoder_would_show_it():
    from PIL import Image

    fine = np.asarray(Image.effect_noise((40, 40), 60).convert("RGB"))
    teacher = network(shape=(16, 16, 3), seed=1)
    model = taught(network(shape=(40, 40, 3)), [Teacher(teacher, THREE, UNIT)])
    small = np.asarray(Image.fromarray(fine).resize((16, 16), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(
        says(model, fine[None].astype(np.float32))[:, 3:], alone(teacher, small[None] / 255), atol=0.03
    )


def test_a_teacher_sees_the_same_augmented_images_as_the_network():
    layers = [layer for layer in network().layers if not isinstance(layer, keras.layers.Dropout)]
    student = keras.Sequential([keras.Input((10, 12, 3)), *layers])
    augmentation = keras.layers.GaussianNoise(0.5, seed=3)
    model = taught(student, [Teacher(student, THREE, UNIT)], augmentation=(augmentation,))
    first, second = says(model, images()), says(model, images())
    assert abs(first - second).max() > 0.01, "the augmentation must be at work"
    for output in (first, second):
        np.testing.assert_allclose(output[:, :3], output[:, 3:], atol=1e-6)


class Composite(keras.layers.Layer):
    """A layer that leaves `training` to the outer ones."""

    def __init__(self):
        super().__init__(name="composite")
        self.dropout = keras.layers.Dropout(0.5)

    def call(self, x):
        return self.dropout(x)


def test_a_teacher_predicts_as_outside_training():
    pixels = keras.Input((10, 12, 3))
    x = keras.layers.Flatten()(Composite()(keras.layers.Dropout(0.5)(pixels)))
    inner = keras.Model(pixels, keras.layers.Dense(3, activation="softmax")(keras.layers.BatchNormalization()(x)))
    teacher = keras.Model(pixels, inner(pixels))
    before = [each.copy() for each in teacher.get_weights()]
    output = says(taught(network(), [Teacher(teacher, THREE, UNIT)]), images())
    np.testing.assert_allclose(output[:, 3:], alone(teacher, images() / 255), atol=1e-6)
    assert all(map(np.array_equal, before, teacher.get_weights()))


def test_the_weights_of_a_teacher_are_none_of_the_networks():
    student = network()
    model = taught(student, [Teacher(network(seed=1), THREE, UNIT)])
    assert len(model.weights) == len(student.weights)
    assert len(model.variables) == len(from_pixels(student, UNIT).variables)


def test_a_callback_saves_the_network_alone(tmp_path):
    student = network()
    model = taught(student, [Teacher(network(seed=1), THREE, UNIT)])
    model.compile(loss=DistillationLoss(keras.losses.CategoricalCrossentropy(), share=0.5, temperature=2))
    saver = keras.callbacks.ModelCheckpoint(tmp_path / "kept.keras")
    model.fit(images(), np.eye(3)[[0, 1, 2, 0, 1, 2]], batch_size=6, verbose=0, callbacks=[saver])
    kept = keras.models.load_model(tmp_path / "kept.keras")
    np.testing.assert_allclose(alone(kept, images()), alone(student, images() / 255), atol=1e-6)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_loss_is_that_of_logits_at_a_temperature(temperature, share):
    rng = np.random.default_rng(0)
    student, teacher = rng.normal(size=(2, 5, 3)).astype(np.float32) * 2
    y_true = np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1]]
    loss = DistillationLoss(keras.losses.CategoricalCrossentropy(), share=share, temperature=temperature)
    found = loss(y_true, np.hstack([softmax(student, axis=1), softmax(teacher, axis=1)]))
    wanted, learned = log_softmax(teacher / temperature, axis=1), log_softmax(student / temperature, axis=1)
    divergence = temperature**2 * (np.exp(wanted) * (wanted - learned)).sum(axis=1)
    on_labels = -(y_true * log_softmax(student, axis=1)).sum(axis=1)
    assert float(found) == pytest.approx(((1 - share) * on_labels + share * divergence).mean(), rel=1e-4)


def test_the_loss_of_a_sigmoid_head_is_that_of_its_two_classes():
    p, q, temperature = np.array([[0.2], [0.9]], np.float32), np.array([[0.6, 0.4], [0.1, 0.9]], np.float32), 3.0
    loss = DistillationLoss(keras.losses.BinaryCrossentropy(), share=1.0, temperature=temperature)
    wanted = log_softmax(np.log(q) / temperature, axis=1)
    found = log_softmax(np.log(np.hstack([1 - p, p])) / temperature, axis=1)
    expected = 9 * (np.exp(wanted) * (wanted - found)).sum(axis=1)
    weights = np.array([1.0, 3.0], np.float32)
    assert float(loss(np.zeros((2, 1), np.float32), np.hstack([p, q]))) == pytest.approx(expected.mean(), rel=1e-3)
    weighted = float(loss(np.zeros((2, 1), np.float32), np.hstack([p, q]), sample_weight=weights))
    assert weighted == pytest.approx((weights * expected).mean(), rel=1e-3)


def test_without_teachers_beside_the_output_only_the_labels_count():
    on_labels = keras.losses.CategoricalCrossentropy()
    y_true, output = np.eye(3, dtype=np.float32), np.full((3, 3), 1 / 3, np.float32)
    loss = DistillationLoss(on_labels, share=1.0, temperature=2.0)
    assert float(loss(y_true, output)) == pytest.approx(float(on_labels(y_true, output)))


def test_the_part_of_the_labels_leaves_the_teachers_out():
    on_labels = keras.losses.CategoricalCrossentropy()
    loss = DistillationLoss(on_labels, share=0.9, temperature=2.0)
    output = np.array([[0.5, 0.3, 0.2, 0, 1, 0], [0.1, 0.8, 0.1, 1, 0, 0]], np.float32)
    expected = -np.log([0.5, 0.8])
    np.testing.assert_allclose(loss.of_labels(np.eye(3, dtype=np.float32)[:2], output), expected, rtol=1e-5)


def test_a_probability_of_zero_gives_a_finite_loss():
    loss = DistillationLoss(keras.losses.CategoricalCrossentropy(), share=1.0, temperature=1.0)
    output = np.array([[0, 1, 0, 1, 0, 0], [0, 1, 0, 0, 0, 0]], np.float32)  # the last teacher sees none of them
    assert np.isfinite(float(loss(np.eye(3, dtype=np.float32)[:2], output)))


def test_a_teacher_computes_in_the_precision_of_the_training_but_for_its_probabilities(crop_bundle):
    (exact,), (mixed,) = (load_teachers([read_bundle(crop_bundle)], each) for each in ("float32", "mixed_bfloat16"))
    policies = {layer.name: layer.dtype_policy.name for layer in mixed.model.layers}
    assert policies.pop("dense") == "float32"
    assert set(policies.values()) == {"mixed_bfloat16"}
    pixels = images((10, 10, 1)) / 255
    both = [alone(each.model, pixels) for each in (exact, mixed)]
    assert 0 < abs(both[0] - both[1]).max() < 0.02
    assert not mixed.model.trainable_weights


class Step(keras.layers.Layer):
    """Writes to stderr, past Python, when a training step is compiled, and may fail then."""

    fails = False

    def call(self, x, training=False):
        if training:
            os.write(2, b"remark of a library\n")
            if self.fails:
                raise RuntimeError("the step fails")
        return x


@pytest.mark.parametrize("fails", [False, True])
def test_what_tensorflow_says_of_the_first_step_is_shown_only_if_it_fails(tmp_path, capfd, monkeypatch, fails):
    monkeypatch.setattr(Step, "fails", fails)
    shape, n = (10, 12, 3), 8
    cache = PixelCache(n, shape)
    for row in range(n):
        cache.write(row, images(shape)[0].astype(np.uint8))
    targets = np.eye(3, dtype=np.float32)[np.arange(n) % 3]
    monkeypatch.setattr("emoclass.training.fit._make", _made_with(Step()))
    config = TrainingConfig(
        epochs=2, batch_size=4, augmentation=[{"ref": "tests:Step"}], teacher={"bundles": ["somewhere"]}
    )
    told = []

    def train():
        fit(
            network(), UNIT, ShuffledBatches(cache, np.arange(n), targets, batch_size=4, seed=0),
            Batches(cache, np.arange(n), targets, batch_size=4), config, THREE, class_counts={}, seed=0,
            checkpoint=tmp_path / "c", on_epoch=lambda *each: told.append(each),
            teachers=[Teacher(network(seed=1), THREE, UNIT)],
        )  # fmt: skip

    capfd.readouterr()
    if fails:
        with pytest.raises(RuntimeError, match="the step fails"):
            train()
    else:
        train()
    assert len(told) == (0 if fails else 2)
    assert ("remark of a library" in capfd.readouterr().err) == fails
    os.write(2, b"heard\n")
    assert capfd.readouterr().err == "heard\n", "stderr is back in its place"


def _made_with(layer):
    """Return a stand-in for what makes components: the layer for augmentation, and the others as always."""
    from emoclass.training import fit as fit_module

    make = fit_module._make
    return lambda component, where, kind, **fixed: (
        layer if where.startswith("training.augmentation") else make(component, where, kind, **fixed)
    )
