"""Cuts between made scenes, and what is none."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from emoclass.video.scenes import CutFinder, thumbnail


def scene(seed, size=(640, 360)):
    """Return a picture of large blots, as uint8 `(height, width, 3)`."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (5, 8, 3), np.uint8))
    return np.asarray(small.resize(size, Image.Resampling.BICUBIC))


def cuts(pictures):
    finder = CutFinder()
    return [number for number, each in enumerate(pictures) if finder.update(thumbnail(Image.fromarray(each)))]


def test_a_cut_is_found_at_its_first_frame():
    assert cuts([scene(0)] * 5 + [scene(1)] * 5 + [scene(2)] * 5) == [5, 10]


def test_a_shot_that_stands_still_has_none():
    rng = np.random.default_rng(0)
    assert (
        cuts([np.clip(scene(0) + rng.normal(0, 12, (360, 640, 3)), 0, 255).astype(np.uint8) for _ in range(20)]) == []
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_camera_that_shakes_makes_none(seed):
    """The frame jumps by up to 5 % of its width."""
    rng = np.random.default_rng(seed)
    wide = scene(seed, (740, 460))
    places = rng.integers(18, 82, (25, 2))
    assert cuts([wide[y : y + 360, x : x + 640] for x, y in places]) == []


def test_a_pan_makes_none():
    wide = scene(3, (2000, 360))
    assert cuts([wide[:, 30 * step : 30 * step + 640] for step in range(40)]) == []


def test_a_flash_makes_none():
    bright = np.clip(scene(4).astype(int) // 2 + 110, 0, 255).astype(np.uint8)
    assert cuts([scene(4) // 2] * 5 + [bright] + [scene(4) // 2] * 5) == []


def test_a_fade_makes_none():
    assert cuts([(scene(5) * (step / 20)).astype(np.uint8) for step in range(21)]) == []


@pytest.mark.parametrize("size", [(16, 9), (31, 47), (360, 640), (1, 1)])
def test_frames_of_any_shape_have_thumbnails_of_one(size):
    found = thumbnail(Image.fromarray(scene(0, size)))
    assert found.shape == (18, 32, 3) and found.dtype == np.float32
