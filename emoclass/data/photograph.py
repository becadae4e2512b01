"""A picture that is decoded as large as it is needed, and no larger.

A JPEG file of 12 megapixels takes 117 ms to decode whole and 25 ms at a quarter of its size. Finding faces needs it
small; a face in the distance may need it larger.
"""

from __future__ import annotations

from PIL import Image

from emoclass.data.images import opened, upright, with_mode

MAX_DECODED_PIXELS = 40_000_000
"""A JPEG file is scaled down while it is decoded until it has no more pixels than these: 120 MB in RGB."""

_LARGEST_FACTOR = 8
"""JPEG decoders scale by 1, 2, 4 and 8."""


class Photograph:
    """An encoded or opened picture, decoded upright and in RGB.

    Args:
        data: The encoded file, as for `read_image`, or an opened image of any size and mode but floating point.
        long_side: How long the longer side shall be at least, in pixels, as far as the picture is that large.
        path: What it is called, for errors.

    Attributes:
        size: `(width, height)` of the whole picture, upright, in pixels.

    Raises:
        UnreadableImageError: It is empty, no image, truncated, damaged or too large; `reason` says which.
    """

    def __init__(self, data: bytes | Image.Image, *, long_side: float, path: str = "image") -> None:
        self.path = path
        self._data = data
        self._factor = 1
        if isinstance(data, Image.Image):
            self._image = with_mode(upright(data, path), "RGB", path)
            self.size = self._image.size
        else:
            with opened(data, path) as image:
                self._stored = image.size
            self._factor = self._factor_for(long_side)
            self._image, turned_sideways = self._decode(data)
            width, height = self._stored
            self.size = (height, width) if turned_sideways else (width, height)

    def at_least(self, long_side: float) -> Image.Image:
        """Return the picture in RGB, its longer side at least so long, or as long as it can be had.

        Where what was decoded before is too small, the file is decoded anew.

        Raises:
            UnreadableImageError: It is damaged beyond what was decoded before.
        """
        if isinstance(self._data, bytes) and self._factor_for(long_side) < self._factor:
            self._factor = self._factor_for(long_side)
            self._image, _ = self._decode(self._data)
        return self._image

    def _factor_for(self, long_side: float) -> int:
        width, height = self._stored
        factor = _LARGEST_FACTOR
        while factor > 1 and max(width, height) < factor * long_side:
            factor //= 2
        while factor < _LARGEST_FACTOR and width * height > MAX_DECODED_PIXELS * factor**2:
            factor *= 2
        return factor

    def _decode(self, data: bytes) -> tuple[Image.Image, bool]:
        """Return the picture, and whether its EXIF data turned it by 90 degrees."""
        with opened(data, self.path) as image:
            width, height = self._stored
            image.draft(None, (width // self._factor, height // self._factor))  # formats but JPEG stay as they are
            lying = image.width > image.height
            turned = upright(image, self.path)
            return with_mode(turned, "RGB", self.path), lying != (turned.width > turned.height)
