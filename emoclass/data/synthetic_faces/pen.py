"""What everything in a portrait is drawn with: the pen, its outlines, colors and random picks."""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

SIZE = 256
"""Width and height of a picture in pixels."""

OVERSAMPLE = 3
"""How many times larger a picture is drawn than it comes out: that smooths its edges."""

Color = tuple[int, int, int]
Points = NDArray[np.float64]
Point = tuple[float, float]

_STEP = np.linspace(0, 1, 17)
_BEZIER = np.stack([(1 - _STEP) ** 2, 2 * _STEP * (1 - _STEP), _STEP**2], axis=1)


class Pen:
    """Draws face-unit points on an image, through the head's pose.

    Args:
        image: What to draw on, square.
        center: Where the face's origin is, as shares of the image.
        radius: Half the head's height, as a share of the image.
        tilt: Rotation in radians.
    """

    def __init__(self, image: Image.Image, center: Point, radius: float, tilt: float) -> None:
        self.draw = ImageDraw.Draw(image, "RGBA" if image.mode == "RGB" else None)
        self.scale = radius * image.width
        self.origin = np.array(center) * image.width
        self.turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]]) * self.scale

    def fill(self, points: Points, color: Any) -> None:
        """Draw a filled polygon."""
        # Rounded, so that the last bit of a platform's sine cannot move an edge.
        self.draw.polygon(np.round(points @ self.turn + self.origin, 1).ravel().tolist(), fill=color)

    def stroke(self, points: Points, width: float | Points, color: Any) -> None:
        """Draw a line with round ends; `width` is one number or one per point, in face units."""
        step = np.gradient(points, axis=0)
        normal = np.stack([-step[:, 1], step[:, 0]], axis=1) / np.maximum(np.hypot(*step.T), 1e-6)[:, None]
        offset = normal * (np.broadcast_to(width, len(points)) / 2)[:, None]
        self.fill(np.concatenate([points + offset, (points - offset)[::-1]]), color)
        for end in (0, -1):
            radius = float(np.hypot(*offset[end]))
            if radius > 0.006:  # a cap smaller than a pixel is not seen
                self.fill(oval(float(points[end, 0]), float(points[end, 1]), radius, radius, 12), color)


def oval(x: float, y: float, rx: float, ry: float, n: int = 32) -> Points:
    """The outline of an ellipse, `n` points."""
    points: Points = _circle(n) * (rx, ry) + (x, y)
    return points


@cache
def _circle(n: int) -> Points:
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def box(left: float, top: float, right: float, bottom: float) -> Points:
    """The outline of an upright rectangle."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


def both(side: Points) -> Points:
    """Close a right-hand outline with its mirror image."""
    return np.concatenate([side, (side * (-1, 1))[::-1]])


def curve(start: Point, control: Point, end: Point) -> Points:
    """A quadratic Bezier curve, 17 points."""
    points: Points = _BEZIER @ np.array([start, control, end])
    return points


def taper(width: float, n: int = 17) -> Points:
    """Widths of a line that thins out toward both ends."""
    widths: Points = width * np.sin(np.linspace(0.15, np.pi - 0.15, n))
    return widths


def pick(rng: np.random.Generator, low: float, high: float) -> float:
    """A number between two limits."""
    return float(rng.uniform(low, high))


def shade(color: Color, factor: float) -> Color:
    """Darken a color; factor 0 is black, 1 changes nothing."""
    return mix((0, 0, 0), color, factor)


def mix(first: Color, second: Color, share: float) -> Color:
    """Go from the first color toward the second by a share of the way."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def jitter(rng: np.random.Generator, color: Color, amount: int) -> Color:
    """Move each part of a color by up to `amount`."""
    red, green, blue = np.clip(np.array(color) + rng.integers(-amount, amount + 1, 3), 0, 255).tolist()
    return red, green, blue


def palette(rng: np.random.Generator) -> Callable[[], Color]:
    """A source of colors that go together: one hue, its neighbors and its opposite, light and dark."""
    base, strong = rng.random(), pick(rng, 0.2, 0.6)

    def paint() -> Color:
        hue = base + (0.0, 0.0, 0.07, -0.07, 0.5)[rng.integers(5)] + pick(rng, -0.03, 0.03)
        parts = colorsys.hsv_to_rgb(hue % 1, strong * pick(rng, 0.5, 1.3), pick(rng, 0.25, 0.97))
        red, green, blue = (round(255 * part) for part in parts)
        return red, green, blue

    return paint


def luma(color: Color) -> float:
    """How bright a color looks, 0 to 255."""
    return 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]
