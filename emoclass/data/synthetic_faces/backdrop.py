"""What is behind a person: an uneven ground with one of five patterns on it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from emoclass.data.synthetic_faces.pen import OVERSAMPLE, SIZE, Pen, box, oval, palette, pick

_CANVAS = SIZE * OVERSAMPLE

_Paint = Callable[[int, int], tuple[int, int, int, int]]


def backdrop(rng: np.random.Generator) -> Image.Image:
    """An uneven ground with a pattern on it; strong, because it is half of what tells two pictures apart."""
    paint, cells = palette(rng), int(rng.integers(5, 10))
    first, second = np.array(paint()), np.array(paint())
    mix = rng.random((cells, cells, 1))
    ground = first * mix + second * (1 - mix) + 70 * (rng.random((cells, cells, 1)) - 0.5)
    image = Image.fromarray(np.clip(np.round(ground), 0, 255).astype(np.uint8))
    # Smooth, so made at the final size and only then enlarged: the same picture in a fifth of the time.
    image = image.resize((SIZE, SIZE), Image.Resampling.BICUBIC).resize((_CANVAS, _CANVAS), Image.Resampling.NEAREST)
    pen = Pen(image, (0.5, 0.5), 0.5, pick(rng, -0.6, 0.6))
    _PATTERNS[rng.integers(len(_PATTERNS))](pen, rng, lambda low, high: (*paint(), int(rng.integers(low, high))))
    return image


def _bokeh(pen: Pen, rng: np.random.Generator, paint: _Paint) -> None:
    for x, y in rng.uniform(-1.3, 1.3, (26, 2)):
        radius = pick(rng, 0.08, 0.32)
        pen.fill(oval(x, y, radius, radius), paint(60, 170))


def _stripes(pen: Pen, rng: np.random.Generator, paint: _Paint) -> None:
    x = -1.6
    while x < 1.6:
        width = pick(rng, 0.06, 0.36)
        pen.fill(box(x, -1.6, x + width, 1.6), paint(50, 190))
        x += width + pick(rng, 0.0, 0.25)


def _shelves(pen: Pen, rng: np.random.Generator, paint: _Paint) -> None:
    y = -1.6
    while y < 1.6:
        height, x = pick(rng, 0.3, 0.6), -1.6
        while x < 1.6:
            width = pick(rng, 0.1, 0.32)
            pen.fill(box(x, y + height * pick(rng, 0.0, 0.4), x + width * 0.94, y + height - 0.04), paint(90, 210))
            x += width
        y += height


def _hills(pen: Pen, rng: np.random.Generator, paint: _Paint) -> None:
    radius = pick(rng, 0.15, 0.35)
    pen.fill(oval(pick(rng, -0.9, 0.9), pick(rng, -0.9, -0.3), radius, radius), (255, 244, 200, 220))
    x = np.linspace(-1.6, 1.6, 40)
    for base in (-0.5, -0.1, 0.35, 0.75):
        y = base + sum(pick(rng, 0.05, 0.22) * np.sin(x * pick(rng, 1.5, 6) + pick(rng, 0, 6.3)) for _ in range(3))
        ridge = np.stack([x, y], axis=1)
        pen.fill(np.concatenate([ridge, [[1.6, 2.0], [-1.6, 2.0]]]), paint(110, 200))


def _shards(pen: Pen, rng: np.random.Generator, paint: _Paint) -> None:
    for x, y in rng.uniform(-1.2, 1.2, (16, 2)):
        corners = np.sort(rng.uniform(0, 2 * np.pi, 3))
        spokes = np.stack([np.cos(corners), np.sin(corners)], axis=1) * rng.uniform(0.3, 0.8, (3, 1))
        pen.fill(spokes + np.array([x, y]), paint(50, 170))


_PATTERNS: tuple[Callable[[Pen, np.random.Generator, _Paint], None], ...] = (
    _bokeh,
    _stripes,
    _shelves,
    _hills,
    _shards,
)
