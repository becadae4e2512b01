"""Draw predictions on pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from emoclass.values.results import Prediction

Color: TypeAlias = tuple[int, int, int]

MIN_WIDTH = 240
"""Narrower pictures are enlarged, or given a margin, so that the words below them can be read."""

MAX_ENLARGED = 960
MIN_LEGEND_WIDTH = 560
PANEL = 640
"""The longer side of each of the two pictures of an explanation."""

LEAST_SCALE = 0.05
"""A drop this small has the strongest color at least, so that noise is not shown as a finding."""

LEAST_TOLD = 0.01
"""A probability that no patch moves as much as this rests on no part of the picture."""

_DARK, _LIGHT, _DIM, _ACCENT = (24, 26, 30), (245, 245, 245), (160, 164, 170), (255, 176, 32)
_WARM, _COLD, _GRAY = (230, 60, 20), (40, 110, 230), (128, 128, 128)


def annotated(picture: Image.Image, found: Prediction, note: str = "") -> Image.Image:
    """Return a picture with a strip below it that says what was predicted, and how likely it is.

    Args:
        picture: RGB, upright, of any size; it stays as it is.
        found: What to say of it.
        note: A further line below.
    """
    enlarge = max(1, min(MIN_WIDTH // picture.width, MAX_ENLARGED // picture.height))
    if enlarge > 1:
        picture = picture.resize((picture.width * enlarge, picture.height * enlarge), Image.Resampling.NEAREST)
    return _above_strip(picture, found, note=note)


def explained(picture: Image.Image, drop: np.ndarray, found: Prediction) -> Image.Image:
    """Return a picture beside itself under a heat map, with a strip that says what the colors mean.

    Args:
        picture: RGB, upright, of any size; it stays as it is.
        drop: As `explain.occlusion` returns it.
        found: The prediction that is explained.
    """
    factor = PANEL / max(picture.size)
    width, height = (max(1, round(side * factor)) for side in picture.size)
    picture = picture.resize((width, height), Image.Resampling.BICUBIC)
    strongest = float(max(abs(drop).max(), LEAST_SCALE))
    gap = 8
    both = Image.new("RGB", (2 * width + gap, height), _DARK)
    both.paste(picture, (0, 0))
    both.paste(_heated(picture, drop / strongest), (width + gap, 0))
    return _above_strip(both, found, legend(drop, found.label))


def legend(drop: np.ndarray, label: str) -> list[tuple[Color, str]]:
    """Return the colors of a map, each with what it means; in gray, that there is none."""
    if abs(drop).max() < LEAST_TOLD:
        return [(_GRAY, f"hiding any region changes {label} by less than {LEAST_TOLD}")]
    return [
        (_WARM, f"hiding this lowers {label} by at most {max(0.0, drop.max()):.2f}"),
        (_COLD, f"hiding this raises it by at most {max(0.0, -drop.min()):.2f}"),
    ]


def _heated(picture: Image.Image, heat: np.ndarray) -> Image.Image:
    """Lay a map in [-1, 1] over a gray copy: red where it is positive, blue where it is negative."""
    smooth = np.asarray(Image.fromarray(heat.astype(np.float32)).resize(picture.size, Image.Resampling.BICUBIC))
    strength = np.clip(abs(smooth), 0, 1)[:, :, None] ** 0.8 * 0.75
    color = np.where(smooth[:, :, None] > 0, np.array(_WARM), np.array(_COLD))
    below = np.asarray(picture.convert("L").convert("RGB"), np.float32)
    return Image.fromarray((below * (1 - strength) + color * strength).astype(np.uint8))


def _above_strip(
    picture: Image.Image, found: Prediction, legend: Sequence[tuple[Color, str]] = (), *, note: str = ""
) -> Image.Image:
    width = max(picture.width, MIN_LEGEND_WIDTH if legend else MIN_WIDTH)
    probability = f"{found.probability:.1%}"
    size = max(18, round(0.045 * math.sqrt(width * picture.height)))
    while size > 10 and _length(found.label + probability, size) + 3 * size > width:
        size -= 1
    font, bar = ImageFont.load_default(size), max(3, size // 6)
    canvas = Image.new("RGB", (width, picture.height + bar + round((2.9 if legend or note else 2) * size)), _DARK)
    canvas.paste(picture, ((width - picture.width) // 2, 0))
    draw = ImageDraw.Draw(canvas)
    top = picture.height
    draw.rectangle((0, top, width, top + bar - 1), fill=(60, 63, 70))
    draw.rectangle((0, top, round(width * found.probability) - 1, top + bar - 1), fill=_ACCENT)
    middle = top + bar + size
    draw.text((size, middle), found.label, font=font, fill=_LIGHT, anchor="lm")
    draw.text((width - size, middle), probability, font=font, fill=_ACCENT, anchor="rm")
    if note:
        small = round(0.7 * size)
        while small > 8 and _length(note, small) + 2 * size > width:
            small -= 1
        draw.text((size, round(middle + 1.1 * size)), note, font=ImageFont.load_default(small), fill=_DIM, anchor="lm")
    if legend:
        _draw_legend(draw, (size, round(middle + 1.1 * size), width - 2 * size), legend)
    return canvas


def _draw_legend(draw: ImageDraw.ImageDraw, place: tuple[int, int, int], legend: Sequence[tuple[Color, str]]) -> None:
    """Write the colors' meanings side by side into `(left, middle, width)`."""
    left, middle, width = place
    size = 20
    while size > 8 and sum(_length(words, size) + 3 * size for _, words in legend) > width:
        size -= 1
    for color, words in legend:
        draw.rectangle((left, middle - size // 2, left + size, middle + size // 2), fill=color)
        draw.text((left + 1.5 * size, middle), words, font=ImageFont.load_default(size), fill=_DIM, anchor="lm")
        left += round(_length(words, size) + 3 * size)


def _length(words: str, size: int) -> float:
    return ImageDraw.Draw(Image.new("L", (1, 1))).textlength(words, font=ImageFont.load_default(size))
