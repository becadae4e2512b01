"""From FFmpeg's frames to upright RGB pixels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_WIDEST_PIXEL = 4.0
"""Pixels that are more than four times as wide as high, or the reverse, are a damaged header."""


class Upright:
    """Turns the frames of one stream as they are to be shown.

    Args:
        pixel_ratio: Width of a pixel through its height. Frames are stretched so that pixels are square.
    """

    def __init__(self, pixel_ratio: float = 1.0) -> None:
        self._ratio = pixel_ratio if 1 / _WIDEST_PIXEL <= pixel_ratio <= _WIDEST_PIXEL else 1.0
        self._turns: dict[int, tuple[bool, bool, bool]] = {}

    def size(self, frame: VideoFrame) -> tuple[int, int]:
        """Return the `(width, height)` that a frame has when it is shown."""
        ratio = self._ratio
        width, height = frame.width, frame.height
        width, height = (round(width * ratio), height) if ratio >= 1 else (width, round(height / ratio))
        return (height, width) if self._turn(frame)[0] else (width, height)

    def pixels(self, frame: VideoFrame, size: tuple[int, int]) -> np.ndarray:
        """Return a frame as it is to be shown.

        The frame is turned and mirrored as its metadata say. Of interlaced frames one field is kept, since the other
        shows a later moment. Transparent pixels are laid over white.

        Args:
            frame: A decoded frame.
            size: `(width, height)` of the result. A frame of another size is scaled to fit, with black bars where its
                shape is another.

        Returns:
            uint8 `(height, width, 3)`, RGB, [0, 255], contiguous.
        """
        own_width, own_height = self.size(frame)
        scale = min(size[0] / own_width, size[1] / own_height)
        shown = (max(1, round(own_width * scale)), max(1, round(own_height * scale)))
        swaps, flips_rows, flips_columns = self._turn(frame)
        pixels = _rgb(frame, *(shown[::-1] if swaps else shown))
        if swaps:
            pixels = pixels.swapaxes(0, 1)
        pixels = pixels[:: -1 if flips_rows else 1, :: -1 if flips_columns else 1]
        if shown != size:
            canvas = np.zeros((size[1], size[0], 3), np.uint8)
            top, left = (size[1] - shown[1]) // 2, (size[0] - shown[0]) // 2
            canvas[top : top + shown[1], left : left + shown[0]] = pixels
            pixels = canvas
        return np.ascontiguousarray(pixels)

    def _turn(self, frame: VideoFrame) -> tuple[bool, bool, bool]:
        """Return whether rows and columns are swapped, and then whether the rows and the columns are reversed."""
        rotation = frame.rotation
        if rotation not in self._turns:
            # Once for each rotation: a stream has one, or few.
            a, b, c, d = _display_matrix(frame)
            if abs(b) + abs(c) > abs(a) + abs(d):
                self._turns[rotation] = True, b < 0, c < 0
            else:
                self._turns[rotation] = False, d < 0, a < 0
        return self._turns[rotation]


def _display_matrix(frame: VideoFrame) -> tuple[float, float, float, float]:
    """Return `a, b, c, d` of the matrix that maps a pixel (x, y) to (a x + c y, b x + d y), y pointing down."""
    from av.sidedata.sidedata import SideDataContainer

    data: Any  # PyAV's types know only motion vectors
    try:
        # Not `frame.side_data`: frame and side data would hold each other, and wait for the garbage collector. At
        # 1280x720 hundreds of megabytes did.
        data = SideDataContainer(frame).get("DISPLAYMATRIX")  # type: ignore[call-arg]  # unknown to PyAV's types
    except ValueError:  # PyAV 18 lacks names for some side data, such as those of iPhones' spatial videos
        angle = math.radians(frame.rotation)  # counterclockwise
        return math.cos(angle), -math.sin(angle), math.sin(angle), math.cos(angle)
    if data is None:
        return 1, 0, 0, 1
    a, b, _, c, d = (int(value) for value in np.frombuffer(bytes(data), np.int32)[:5])
    return a, b, c, d


def _rgb(frame: VideoFrame, width: int, height: int) -> np.ndarray:
    """Convert a frame's colors and scale it; uint8 `(height, width, 3)`."""
    has_alpha = any(component.is_alpha for component in frame.format.components)
    pixels: np.ndarray = frame.to_ndarray(format="rgba" if has_alpha else "rgb24", width=width, height=height)
    if has_alpha:
        alpha = pixels[..., 3:].astype(np.uint16)
        pixels = ((pixels[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    if frame.interlaced_frame and height == frame.height:
        pixels = pixels.copy()
        above, below = pixels[0:-2:2], pixels[2::2]
        pixels[1:-1:2] = (above & below) + ((above ^ below) >> 1)  # the mean, without leaving uint8
        if height % 2 == 0:
            pixels[-1] = pixels[-2]
    return pixels
