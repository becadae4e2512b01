"""The images that callers hand over, in whatever form."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
from PIL import Image

from emoclass.data.images import read_bytes, read_image, to_pixels
from emoclass.data.photograph import Photograph
from emoclass.errors import DataError, UnreadableImageError

T = TypeVar("T")

ImageLike: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | Image.Image | np.ndarray
"""A file's path, an encoded image, an opened one, or uint8 RGB pixels `(height, width, 3)`."""

SINGLE = (str, os.PathLike, bytes, bytearray, memoryview, Image.Image, np.ndarray)
"""What is one image, although most of these can be iterated over."""

_EXPECTED = "expected a path, bytes, a PIL image or an array of RGB pixels, uint8 (height, width, 3)"

_LOCKS = tuple(threading.Lock() for _ in range(61))
"""Pillow reads an opened image when its pixels are first needed, and two threads at once read it wrongly. The same
image has the same lock; with several locks, different images seldom wait for each other."""


def path_of(x: object) -> str | None:
    """Return a file's path as text; None for what is no path."""
    return os.fspath(x) if isinstance(x, str | os.PathLike) else None


def reader(
    x: ImageLike, image_shape: tuple[int, int, int], on_size: Callable[[tuple[int, int]], object] | None = None
) -> Callable[[], np.ndarray]:
    """Return what gives an image's pixels, uint8 of a shape, and may be called in another thread.

    What the caller can change or close meanwhile is read at once: an opened image, an array, a buffer.

    Args:
        x: The image.
        image_shape: `(height, width, channels)` of the pixels.
        on_size: Called with the image's own `(width, height)` when it is known.

    Raises:
        UnreadableImageError: An opened image cannot be read; files and bytes raise it when the result is called.
        DataError: It is no image.
    """
    if isinstance(x, str) and not x:
        raise UnreadableImageError("image", "expected a path, got an empty string")
    match x:
        case str() | os.PathLike():
            path = os.fspath(x)
            return lambda: read_image(read_bytes(Path(path), path=path), image_shape, path=path, on_size=on_size)
        case bytes() | bytearray() | memoryview():
            return partial(read_image, bytes(x), image_shape, on_size=on_size)
        case np.ndarray():
            image = _from_array(x, "predict(list(images))")
            if on_size is not None:
                on_size(image.size)
            return partial(to_pixels, image, image_shape)
        case Image.Image():
            _require_pixels(x)
            if on_size is not None:
                on_size(x.size)
            with _LOCKS[id(x) % len(_LOCKS)]:
                pixels = _open_still(to_pixels, x, image_shape)
            return lambda: pixels
    raise not_one(x)


def photograph(x: ImageLike) -> Callable[[], Photograph]:
    """Return what gives an image as a `Photograph`, and may be called in another thread.

    What the caller can change or close meanwhile is read at once, as `reader` does.

    Raises:
        UnreadableImageError: An opened image cannot be read; files and bytes raise it when the result is called.
        DataError: It is no image.
    """
    if isinstance(x, str) and not x:
        raise UnreadableImageError("image", "expected a path, got an empty text")
    match x:
        case str() | os.PathLike():
            path = os.fspath(x)
            return lambda: Photograph(read_bytes(Path(path), path=path), path=path)
        case bytes() | bytearray() | memoryview():
            return partial(Photograph, bytes(x))
        case np.ndarray():
            return partial(Photograph, _from_array(x, "find_batches(list(images))"))
        case Image.Image():
            _require_pixels(x)
            with _LOCKS[id(x) % len(_LOCKS)]:
                read = _open_still(Photograph, x)
            return lambda: read
    if isinstance(x, Iterable) and not _hint(x):
        raise not_one(x, hint="find(x) takes one picture; find_batches(images) takes several.")
    raise not_one(x)


def several(x: Iterable[ImageLike], takes_one: str = "predict(x)") -> Iterator[ImageLike]:
    """Return an iterator over images.

    Args:
        x: The images.
        takes_one: The call that takes one image, for the error.

    Raises:
        DataError: It is a single image, or a file or mapping, whose items are lines or keys; or nothing of the kind.
    """
    if isinstance(x, SINGLE):
        raise DataError(
            f"images: expected an iterable of images, got one {type(x).__name__}.",
            hint=f"{takes_one} takes one image; pass several as a list.",
        )
    if _hint(x) or not isinstance(x, Iterable):
        raise not_one(x, " or an iterable of these")
    return iter(x)


def take(
    items: Iterator[ImageLike], failed: list[Exception], read: Callable[[ImageLike], Callable[[], T]]
) -> Iterator[tuple[str | None, Callable[[], T] | UnreadableImageError]]:
    """Take items from a stream in the caller's thread, until there are no more or one fails.

    Args:
        items: The stream.
        failed: Where the stream's own failure is kept; what came before it is answered first.
        read: `reader` or `photograph`.

    Yields:
        An item's path, and what reads it, or why it cannot be read.
    """
    try:
        for item in items:
            try:
                taken = read(item)
            except UnreadableImageError as error:
                yield None, error
            else:
                yield path_of(item), taken
    except Exception as error:  # the caller's own, or DataError
        failed.append(error)


def not_one(x: object, alternative: str = "", *, hint: str | None = None) -> DataError:
    """Return the error for what is no image."""
    return DataError(
        f"image: {_EXPECTED}{alternative and ','}{alternative}, got {type(x).__name__}.", hint=hint or _hint(x)
    )


def _hint(x: Any) -> str | None:
    """Return what to give instead of something that can be iterated over, but not for images."""
    if hasattr(x, "readline"):  # an open file, or what wraps one
        return "Pass the file's content (.read(), opened in binary mode) or its path."
    if isinstance(x, Mapping):
        return "Iterating over a mapping gives its keys; pass its .values()."
    return None


def _require_pixels(image: Image.Image) -> None:
    if not image.width * image.height:  # Pillow would make black pixels of none
        raise UnreadableImageError("image", f"empty image ({image.width}x{image.height} pixels)")


def _open_still(read: Callable[..., T], image: Image.Image, *args: Any) -> T:
    """Read an opened image; say so where it was closed before."""
    try:
        return read(image, *args)
    except UnreadableImageError as error:
        # Of an image that was closed before it was read, Pillow says so, or stumbles over having no file any more.
        if isinstance(error.__cause__, AssertionError) or "closed" in str(error.__cause__):
            raise UnreadableImageError("image", "it, or its file, was closed before it was read") from error
        raise


def _from_array(pixels: np.ndarray, takes_several: str) -> Image.Image:
    """Return pixels as an image that shares no memory with them.

    Args:
        pixels: uint8 RGB, `(height, width, 3)`.
        takes_several: The call that takes several images, for the error about a batch.

    Raises:
        DataError: It is an array of another shape or type.
    """
    if pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.size:
        return Image.fromarray(np.ascontiguousarray(pixels))
    hint = None
    if pixels.ndim == 4 or pixels.dtype.kind in "OSU":
        hint = f"Pass several images as a list: {takes_several}."
    elif pixels.dtype.kind == "f":
        hint = (
            "The range of floats is ambiguous. If it is [0, 1], pass (x * 255).round().clip(0, 255)"
            ".astype('uint8'); if it is [0, 255], pass x.round().clip(0, 255).astype('uint8')."
        )
    elif pixels.dtype.kind == "b":
        hint = "If True is white, pass x.astype('uint8') * 255."
    elif pixels.dtype != np.uint8:
        hint = (
            "If the pixels are whole numbers in [0, 255], pass x.astype('uint8'); otherwise scale them to that range "
            "first."
        )
    elif pixels.ndim == 2 or pixels.shape[-1:] == (1,):
        hint = "Repeat a gray image's channel three times, or use PIL.Image.fromarray."
    elif pixels.shape[-1:] == (4,):
        hint = "PIL.Image.fromarray(pixels) interprets the fourth channel."
    if pixels.ndim == 3 and pixels.shape[0] == 3 and pixels.shape[2] not in (1, 3, 4):
        transpose = "If the channels come first, move them to the end: x.transpose(1, 2, 0)."
        hint = f"{transpose} {hint}" if hint else transpose
    raise DataError(
        f"array: expected RGB pixels, uint8 (height, width, 3), got {pixels.dtype} {pixels.shape}.", hint=hint
    )
