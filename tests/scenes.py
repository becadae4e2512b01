"""Drawn scenes with red squares as faces, and a detector that finds those."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage
from tiny import TinyPlugin

from emoclass import DetectorSpec, Face, Registry, hookimpl
from emoclass.plugin import builtins
from emoclass.plugin.registry import PluginInfo


def draw_scene(path: Path, faces: Sequence[tuple[int, int, int]], *, seed: int = 0, light: int = 0, **options) -> Path:
    """Write 200x150 pixels of coarse noise with faces at `(left, top, side)`; their green rises with `light`."""
    rng = np.random.default_rng(seed)
    # Coarse, so that no two scenes are taken for copies of each other.
    pixels = rng.integers(0, 90, (6, 8, 3)).repeat(25, axis=0).repeat(25, axis=1) + rng.integers(0, 10, (150, 200, 3))
    for left, top, side in faces:
        place = pixels[top : top + side, left : left + side]
        place[:, :, 0] = 255
        place[:, :, 1] += light
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(path, **options)
    return path


def find_red(picture: np.ndarray) -> list[Face]:
    """Return the red squares in a picture."""
    marked, _ = ndimage.label(picture[:, :, 0] == 255)
    return [
        Face(box=(x.start, y.start, x.stop - x.start, y.stop - y.start), score=0.9 if y.start else 0.5)
        for y, x in ndimage.find_objects(marked)
    ]


class FindsRed:
    """A plugin with the detector."""

    def __init__(self, find=find_red):
        self.find = find

    @hookimpl
    def register_detectors(self):
        return [
            DetectorSpec(name="red", summary="Finds red squares.", build=lambda: self.find, landmarks=False, min_face=5,
                         license="MIT", source="a test", thread_safe=True)
        ]  # fmt: skip


def scenes_registry(find=find_red) -> Registry:
    """Return the built-in plugin, the tiny one, and the detector."""
    found = Registry()
    found.register(builtins, PluginInfo("builtins", origin="emoclass"))
    found.register(TinyPlugin(), PluginInfo("tiny", origin="tests"))
    found.register(FindsRed(find), PluginInfo("red", origin="tests"))
    return found
