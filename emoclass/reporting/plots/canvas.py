"""What all drawings share: their colors, a figure to begin with, and text that the font can draw.

Never pyplot: its figures, its current axes and its settings belong to the whole process, so that two
runs in two threads would draw into each other. For the same reason every color is named here: a notebook
that chose a dark style must not turn a report's text white on white.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font

INK, FAINT, RULE = "#1f2430", "#667085", "#d5d9e0"
# Okabe and Ito's blue and vermilion: told apart with every common kind of color blindness.
RIGHT, WRONG = "#0072B2", "#D55E00"
# Dots an inch: 50 photographs of 256x256 pixels still fit a page of 4 MB, and lines cost next to nothing.
PHOTO_DPI, LINE_DPI = 100, 180
NAME_LENGTH = 30
"""Of a run, in signs; a longer name loses its middle."""


def blank_figure(width: float, height: float) -> Figure:
    """Return a white figure of so many inches, whose axes make room for their labels."""
    figure = Figure(figsize=(width, height), dpi=LINE_DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def squares(
    count: int, *, columns: int, side: float, above: float, below: float = 0.0, head: float = 0.0
) -> tuple[Figure, list[Axes]]:
    """Return a figure and `count` square axes in it, row by row, placed by hand: all are equally large.

    Args:
        count: How many.
        columns: At most this many in a row.
        side: A square's side, in inches.
        above: Room for a title above each, in inches.
        below: Room beneath each, in inches.
        head: Room above them all, in inches.
    """
    gap = 0.14
    columns = min(columns, max(1, count))
    cell = (side + gap, above + side + below + gap)
    # A row of one or two would leave no room for what stands above it.
    width = max(columns * cell[0] + gap, 4.0)
    height = math.ceil(max(1, count) / columns) * cell[1] + head + gap / 2
    figure = Figure(figsize=(width, height), dpi=PHOTO_DPI, facecolor="white")
    FigureCanvasAgg(figure)
    every = []
    for index in range(count):
        left = gap + (index % columns) * cell[0]
        top = head + (index // columns) * cell[1] + above
        place = (left / width, 1 - (top + side) / height, side / width, side / height)
        every.append(figure.add_axes(place))
    return figure, every


def show(axes: Axes, pixels: np.ndarray) -> None:
    """Draw a picture: uint8 `(height, width)` or `(height, width, channels)`, [0, 255]."""
    gray = pixels.ndim == 2 or pixels.shape[-1] == 1
    axes.imshow(pixels.reshape(pixels.shape[:2]) if gray else pixels, cmap="gray" if gray else None, vmin=0, vmax=255)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def plain_axes(axes: Axes) -> None:
    """Leave of the frame only the line below."""
    axes.set_facecolor("white")
    axes.tick_params(colors=INK, labelsize=9)
    for name, spine in axes.spines.items():
        spine.set(visible=name == "bottom", edgecolor=RULE)


def shorten(text: str, length: int = 16) -> str:
    """Return drawable text without what goes beyond so many characters."""
    return drawable(text if len(text) <= length else text[: length - 1] + "\N{HORIZONTAL ELLIPSIS}")


def drawable(text: str) -> str:
    """Return text with a question mark for what the font cannot draw; matplotlib would warn for each."""
    known = _glyphs()
    return "".join(sign if ord(sign) in known else "?" for sign in text)


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties())).get_charmap())


def run_name(name: str, length: int = NAME_LENGTH) -> str:
    """Return a run's name, a long one without its middle: folders differ in their beginning or their end."""
    half = (length - 1) // 2
    short = name if len(name) <= length else f"{name[:half]}\N{HORIZONTAL ELLIPSIS}{name[-half:]}"
    return drawable(short)
