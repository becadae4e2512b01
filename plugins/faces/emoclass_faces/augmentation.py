"""Layers that change training pictures the way other cameras, crops and faces would; in Keras, for every backend."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops


class RandomLayer(keras.layers.Layer):  # type: ignore[misc]
    """A layer that draws a number for each picture, in training only.

    Args:
        seed: Of the drawing; by default Keras draws one.
        options: Those of `keras.layers.Layer`.
    """

    def __init__(self, *, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.seed = seed
        self.generator = keras.random.SeedGenerator(seed)
        self.settings: dict[str, float] = {}

    def call(self, pictures: Any, training: bool = False) -> Any:
        """Change the pictures. Shape: float32 `(batch, height, width, channels)`, in and out. Range: [0, 1]."""
        return self.change(pictures) if training else pictures

    def change(self, pictures: Any) -> Any:
        """Return the changed pictures."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Return what builds the layer again."""
        return {**super().get_config(), "seed": self.seed, **self.settings}

    def draw(self, pictures: Any, low: float, high: float, *, flat: bool = False) -> Any:
        """Return a number between `low` and `high` for each picture: `(batch, 1, 1, 1)`, or `(batch,)` where flat."""
        size = ops.shape(pictures)[0]
        shape = (size,) if flat else (size, 1, 1, 1)
        return keras.random.uniform(shape, low, high, dtype="float32", seed=self.generator)


@keras.saving.register_keras_serializable("emoclass_faces")
class RandomView(RandomLayer):
    """Turn, zoom, stretch, shear, shift and mirror each picture, in one interpolation.

    Args:
        rotation: At most so many degrees either way.
        zoom: Natural logarithm of the largest factor, in and out.
        stretch: The same of the width over the height, twice.
        shear: At most so many pixels sideways for each pixel down.
        shift: At most this share of the width and height.
        options: Those of `RandomLayer`.
    """

    def __init__(
        self,
        *,
        rotation: float = 15.0,
        zoom: float = 0.18,
        stretch: float = 0.08,
        shear: float = 0.08,
        shift: float = 0.1,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.settings = {"rotation": rotation, "zoom": zoom, "stretch": stretch, "shear": shear, "shift": shift}

    def change(self, pictures: Any) -> Any:
        """Return the pictures from other views, mirrored at the border where nothing was seen."""
        height, width = pictures.shape[1:3]
        most = self.settings

        def draw(largest: float) -> Any:
            return self.draw(pictures, -largest, largest, flat=True)

        angle, stretch = draw(math.radians(most["rotation"])), draw(most["stretch"])
        zoom = ops.exp(draw(most["zoom"]))
        mirror = ops.where(draw(1.0) < 0, -1.0, 1.0)
        wide, high = zoom * ops.exp(stretch), zoom * ops.exp(-stretch)
        # From each place of the new picture to the one of the old that is seen there, about the middle.
        a, b = ops.cos(angle) * wide * mirror, (draw(most["shear"]) - ops.sin(angle)) * zoom
        c, d = ops.sin(angle) * zoom * mirror, ops.cos(angle) * high
        x, y = (width - 1) / 2, (height - 1) / 2
        right, down = x + draw(most["shift"] * width), y + draw(most["shift"] * height)
        zero = ops.zeros_like(a)
        places = ops.stack([a, b, right - a * x - b * y, c, d, down - c * x - d * y, zero, zero], axis=1)
        return ops.image.affine_transform(
            pictures, places, interpolation="bilinear", fill_mode="reflect", data_format="channels_last"
        )


@keras.saving.register_keras_serializable("emoclass_faces")
class RandomTone(RandomLayer):
    """Darken, brighten, blur and grain each picture.

    Args:
        gamma: Natural logarithm of the largest exponent of the pixels, in and out.
        blur: At most this share of a picture is replaced by its mean over 3x3 pixels; half of the pictures stay sharp.
        noise: Standard deviation of the grain, at the most; half of the pictures stay clean.
        options: Those of `RandomLayer`.
    """

    def __init__(self, *, gamma: float = 0.4, blur: float = 1.0, noise: float = 0.025, **options: Any) -> None:
        super().__init__(**options)
        self.settings = {"gamma": gamma, "blur": blur, "noise": noise}

    def change(self, pictures: Any) -> Any:
        """Return the pictures as another camera, in other light, would take them."""
        most = self.settings
        exponent = ops.exp(self.draw(pictures, -most["gamma"], most["gamma"]))
        toned = ops.power(ops.clip(pictures, 1e-3, 1.0), exponent)
        share = ops.relu(self.draw(pictures, -most["blur"], most["blur"]))
        blurred = ops.average_pool(toned, 3, 1, "same")
        toned = toned + share * (blurred - toned)
        deviation = ops.relu(self.draw(pictures, -most["noise"], most["noise"]))
        grain = keras.random.normal(ops.shape(pictures), dtype="float32", seed=self.generator)
        return ops.clip(toned + deviation * grain, 0.0, 1.0)


@keras.saving.register_keras_serializable("emoclass_faces")
class RandomCompression(RandomLayer):
    """Coarsen each picture in blocks, the fine detail most, as JPEG does when it makes a file small.

    The steps rise with the frequency along a straight line, which is near the tables that are in use.

    Args:
        strength: Of the coarsest steps; half of the pictures stay as they are. 1 is near a quality of 50 of 100, 2
            near one of 20.
        options: Those of `RandomLayer`.

    Source: ITU-T recommendation T.81, annex A.3 (transform, quantization).
    """

    BLOCK = 8

    def __init__(self, *, strength: float = 2.0, **options: Any) -> None:
        super().__init__(**options)
        self.settings = {"strength": strength}
        places, frequencies = np.arange(self.BLOCK), np.arange(self.BLOCK)[:, np.newaxis]
        cosines = np.sqrt(2 / self.BLOCK) * np.cos(np.pi / self.BLOCK * (places + 0.5) * frequencies)
        cosines[0] /= np.sqrt(2)
        self.cosines = cosines.astype(np.float32)
        self.steps = ((10 + 6 * (frequencies + frequencies.T)) / 255).astype(np.float32)

    def change(self, pictures: Any) -> Any:
        """Return the coarsened pictures.

        Raises:
            ValueError: Height or width is no multiple of 8.
        """
        block, (height, width, channels) = self.BLOCK, pictures.shape[1:]
        if height % block or width % block:
            raise ValueError(f"RandomCompression: expected sides that are multiples of {block}, got {height}x{width}.")
        blocks = ops.reshape(pictures, (-1, height // block, block, width // block, block, channels))
        blocks = ops.transpose(blocks, (0, 1, 3, 5, 2, 4))
        most = self.settings["strength"]
        forth, back = self.cosines, self.cosines.T
        waves = ops.matmul(ops.matmul(forth, blocks), back)
        strength = ops.expand_dims(ops.expand_dims(self.draw(pictures, -most, most), -1), -1)
        steps = ops.maximum(strength, 1e-4) * self.steps
        coarse = ops.matmul(ops.matmul(back, ops.round(waves / steps) * steps), forth)
        whole = ops.reshape(ops.transpose(coarse, (0, 1, 4, 2, 5, 3)), (-1, height, width, channels))
        return ops.clip(whole, 0.0, 1.0)


@keras.saving.register_keras_serializable("emoclass_faces")
class RandomPatch(RandomLayer):
    """Hide a rectangle of some pictures behind an even gray, as hands, hair and glasses do.

    Args:
        share: The share of the pictures that are changed.
        smallest: Shortest side of the rectangle, as a share of the picture's.
        largest: Longest side, likewise.
        options: Those of `RandomLayer`.

    Source: Zhong et al., "Random Erasing Data Augmentation", AAAI 2020.
    """

    def __init__(self, *, share: float = 0.25, smallest: float = 0.12, largest: float = 0.45, **options: Any) -> None:
        super().__init__(**options)
        self.settings = {"share": share, "smallest": smallest, "largest": largest}

    def change(self, pictures: Any) -> Any:
        """Return the pictures, some of them with a patch."""
        height, width = pictures.shape[1:3]
        inside = self._between(pictures, height, (1, -1, 1, 1)) * self._between(pictures, width, (1, 1, -1, 1))
        chosen = ops.cast(self.draw(pictures, 0.0, 1.0) < self.settings["share"], "float32")
        hidden = inside * chosen
        return pictures * (1 - hidden) + hidden * self.draw(pictures, 0.0, 1.0)

    def _between(self, pictures: Any, length: int, shape: tuple[int, ...]) -> Any:
        """Return 1 where a place along one side lies within the rectangle, else 0."""
        places = ops.reshape(ops.arange(length, dtype="float32"), shape)
        middle = self.draw(pictures, 0.0, float(length))
        half = self.draw(pictures, self.settings["smallest"] * length / 2, self.settings["largest"] * length / 2)
        return ops.cast(ops.abs(places - middle) < half, "float32")
