"""The layers that change training pictures."""

import io

import keras
import numpy as np
import pytest
from emoclass_faces.augmentation import RandomCompression, RandomPatch, RandomTone, RandomView
from PIL import Image

LAYERS = [RandomView, RandomTone, RandomCompression, RandomPatch]


@pytest.fixture(scope="module")
def pictures():
    """Return smooth pictures, float32 `(64, 48, 48, 1)` in [0, 1], brighter to the right and below."""
    y, x = np.mgrid[:48, :48] / 47
    return np.repeat((0.1 + 0.5 * x + 0.3 * y)[None, :, :, None], 64, axis=0).astype(np.float32)


@pytest.mark.parametrize("kind", LAYERS)
def test_pictures_change_in_training_only_each_in_its_own_way_as_the_seed_says(kind, pictures):
    np.testing.assert_array_equal(kind(seed=1)(pictures), pictures)
    changed = np.asarray(kind(seed=1)(pictures, training=True))
    assert changed.shape == pictures.shape
    assert changed.dtype == np.float32
    assert changed.min() >= 0
    assert changed.max() <= 1 + 1e-6
    assert len({picture.tobytes() for picture in changed}) > 10
    np.testing.assert_array_equal(changed, kind(seed=1)(pictures, training=True))
    assert not np.array_equal(changed, kind(seed=2)(pictures, training=True))


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (RandomView, {"rotation": 40.0, "zoom": 0.5, "stretch": 0.3, "shear": 0.3, "shift": 0.3}),
        (RandomTone, {"gamma": 0.9, "blur": 0.1, "noise": 0.2}),
        (RandomCompression, {"strength": 9.0}),
        (RandomPatch, {"share": 0.9, "smallest": 0.3, "largest": 0.9}),
    ],
)
def test_a_layer_that_is_built_again_from_its_configuration_does_the_same(kind, settings, pictures):
    layer = kind(seed=5, **settings)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    changed = np.asarray(layer(pictures, training=True))
    np.testing.assert_array_equal(again(pictures, training=True), changed)
    assert not np.array_equal(kind(seed=5)(pictures, training=True), changed)


def view(**settings):
    still = {"rotation": 0, "zoom": 0, "stretch": 0, "shear": 0, "shift": 0}
    return RandomView(seed=0, **{**still, **settings})


def test_without_any_movement_a_picture_is_itself_or_its_mirror_image(pictures):
    changed = np.asarray(view()(pictures, training=True))
    same = np.abs(changed - pictures).max(axis=(1, 2, 3)) < 1e-5
    mirrored = np.abs(changed - pictures[:, :, ::-1]).max(axis=(1, 2, 3)) < 1e-5
    assert (same | mirrored).all()
    assert 10 < same.sum() < 54


def brightest(picture):
    """Return where a picture's weight lies: (x, y) in pixels from the middle."""
    y, x = np.mgrid[:48, :48] - 23.5
    return (picture[..., 0] * x).sum() / picture.sum(), (picture[..., 0] * y).sum() / picture.sum()


@pytest.mark.parametrize(
    ("settings", "farthest"),
    [({"shift": 0.1}, 4.8 * 2**0.5), ({"rotation": 15}, 10 * np.radians(15)), ({"zoom": 0.18}, 10 * 0.2)],
)
def test_movements_stay_within_what_is_said_and_come_near_it(settings, farthest):
    spot = np.zeros((200, 48, 48, 1), np.float32)
    spot[:, 22:26, 32:36] = 1  # ten pixels to the right of the middle
    changed = np.asarray(view(**settings)(spot, training=True))
    moved = [np.hypot(abs(x) - 10, y) for x, y in map(brightest, changed)]
    assert max(moved) <= farthest + 0.3
    assert max(moved) > 0.8 * farthest


def test_half_of_the_pictures_stay_sharp_and_clean():
    edges = np.tile(np.float32([0.2, 0.8]), (400, 48, 24))[..., None]
    blurred = np.asarray(RandomTone(seed=0, gamma=0, noise=0)(edges, training=True))
    assert 0.4 < np.mean(np.abs(blurred - edges).max(axis=(1, 2, 3)) < 1e-5) < 0.6
    grained = np.asarray(RandomTone(seed=0, gamma=0, blur=0, noise=0.05)(edges, training=True))
    deviations = (grained - edges).std(axis=(1, 2, 3))
    assert 0.4 < np.mean(deviations < 1e-5) < 0.6
    assert 0.04 < deviations.max() < 0.051


def test_a_patch_is_an_even_rectangle_on_the_share_of_pictures_that_is_said():
    gray = np.full((1000, 48, 48, 1), 2.0, np.float32)  # no patch is as bright
    hidden = np.asarray(RandomPatch(seed=0, share=0.25)(gray, training=True))[..., 0] < 2
    patched = hidden[hidden.any(axis=(1, 2))]
    assert 0.2 < len(patched) / 1000 < 0.3
    for each in patched:
        rows, columns = each.any(axis=1).sum(), each.any(axis=0).sum()
        assert each.sum() == rows * columns
        assert max(rows, columns) <= 0.45 * 48 + 1


def compressed(picture, quality):
    """Return what is left of a picture, float32 `(48, 48, 1)`, when it was a JPEG file."""
    file = io.BytesIO()
    Image.fromarray(np.round(255 * picture[..., 0]).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file), np.float32)[..., np.newaxis] / 255


def test_compression_loses_about_what_a_jpeg_file_of_low_quality_does(pictures, monkeypatch):
    grainy = np.clip(pictures + np.random.default_rng(0).normal(0, 0.05, pictures.shape), 0, 1).astype(np.float32)
    lost = {
        quality: np.mean([np.abs(compressed(picture, quality) - picture).mean() for picture in grainy])
        for quality in (20, 50)
    }
    layer = RandomCompression()
    for strength, quality in ((1, 50), (2, 20)):
        monkeypatch.setattr(layer, "draw", lambda some, low, high, by=strength: np.full((len(some), 1, 1, 1), by, "f4"))
        changed = np.asarray(layer(grainy, training=True))
        assert np.abs(changed - grainy).mean() == pytest.approx(lost[quality], rel=0.25)


def test_compression_leaves_half_of_the_pictures_as_they_are(pictures):
    changed = np.asarray(RandomCompression(seed=0)(pictures, training=True))
    same = np.abs(changed - pictures).max(axis=(1, 2, 3)) < 1e-3
    assert 16 < same.sum() < 48


def test_compression_asks_for_pictures_of_whole_blocks():
    with pytest.raises(ValueError, match="multiples of 8, got 48x44"):
        RandomCompression()(np.zeros((2, 48, 44, 1), np.float32), training=True)
