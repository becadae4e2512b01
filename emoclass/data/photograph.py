"""A picture that is decoded as large as it is needed, and no larger.

A JPEG file of 12 megapixels takes 117 ms to decode whole and 25 ms at a quarter of its size. Finding faces needs it
small; a face in the distance may need it larger.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from emoclass.data.images import opened, read_image, reasons, resized, upright, with_mode

MAX_DECODED_PIXELS = 40_000_000
"""A JPEG file is scaled down while it is decoded until it has no more pixels than these: 120 MB in RGB."""

_LARGEST_FACTOR = 8
"""JPEG decoders scale by 1, 2, 4 and 8."""


class Photograph:
    """An encoded or opened picture, decoded upright and in RGB when it is first asked for.

    Args:
        data: The encoded file, as for `read_image`, or an opened image of any size and mode but floating point, which
            is read at once.
        path: What it is called, for errors.

    Attributes:
        longer: The longer side of the whole picture, in pixels; known before anything is decoded.

    Raises:
        UnreadableImageError: It is empty, no image, or too large; later also that it is truncated or damaged.
    """

    def __init__(self, data: bytes | Image.Image, *, path: str = "image") -> None:
        self.path = path
        self._data = data
        self._factor = 1
        self._image: Image.Image | None = None
        self._gray: tuple[int, Image.Image] | None = None  # the factor, and a larger picture than the one in RGB
        if isinstance(data, Image.Image):  # whoever opened it may close it, or draw on it, meanwhile
            with reasons(path):
                turned = upright(data, path)
                self._data = self._image = turned.copy() if turned is data else turned
            self._stored = self._image.size
        else:
            with opened(data, path) as image:
                self._stored = image.size
        self.longer = max(self._stored)

    @property
    def size(self) -> tuple[int, int]:
        """`(width, height)` of the whole picture, upright, in pixels; of an encoded one it is decoded for that."""
        image = self.at_least(1)
        short, long = sorted(self._stored)
        return (long, short) if image.width > image.height else (short, long)

    def at_least(self, longer: float) -> Image.Image:
        """Return the picture in RGB, its longer side at least so long, or as long as it can be had.

        Where what was decoded before is too small, the file is decoded anew.

        Raises:
            UnreadableImageError: The file is truncated or damaged, or its pixels have a range that no file states.
        """
        factor = self._factor_for(longer)
        if self._image is None or (isinstance(self._data, bytes) and factor < self._factor):
            self._factor, self._image = factor, self._decode(factor)
        elif self._image.mode != "RGB":  # an opened one
            self._image = with_mode(self._image, "RGB", self.path)
        return self._image

    def gray_at_least(self, longer: float) -> Image.Image:
        """Return the picture as `at_least` does, but in RGB or gray, whichever takes less time and memory.

        A gray JPEG file takes a quarter of the memory of one in RGB.

        Raises:
            UnreadableImageError: As `at_least` does.
        """
        factor = self._factor_for(longer)
        if isinstance(self._data, Image.Image) or (self._image is not None and self._factor <= factor):
            return self.at_least(longer)
        if self._gray is None or factor < self._gray[0]:
            self._gray = factor, self._decode(factor, "L")
        return self._gray[1]

    def as_it_is(self, image_shape: tuple[int, int, int]) -> np.ndarray:
        """Return the whole picture as `read_image` does: uint8 `(height, width, channels)`, [0, 255].

        Raises:
            UnreadableImageError: As `at_least` does.
        """
        if isinstance(self._data, bytes):
            return read_image(self._data, image_shape, path=self.path)
        return resized(self._data, image_shape, self.path)

    def _factor_for(self, longer: float) -> int:
        width, height = self._stored
        factor = _LARGEST_FACTOR
        while factor > 1 and max(width, height) < factor * longer:
            factor //= 2
        while factor < _LARGEST_FACTOR and width * height > MAX_DECODED_PIXELS * factor**2:
            factor *= 2
        return factor

    def _decode(self, factor: int, mode: str = "RGB") -> Image.Image:
        assert isinstance(self._data, bytes)  # an opened image is there already
        with opened(self._data, self.path) as image:
            width, height = self._stored
            image.draft(mode, (width // factor, height // factor))  # formats but JPEG stay as they are
            decoded = upright(image, self.path)
            # Converting to the same mode would copy it.
            is_ready = decoded.mode == mode and not decoded.has_transparency_data
            return decoded if is_ready else with_mode(decoded, mode, self.path)
