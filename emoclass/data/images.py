"""The one decoder: training, evaluation, audit and inference all see the same pixels.

Two decoders would be two models: on one trained network `tf.image.resize` moved the probability of a
photograph by up to 0.23 against Pillow.
"""

from __future__ import annotations

import errno
import importlib.util
import io
import os
import re
import stat
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError, features

from emoclass.data.formats import PNG, format_of, without_large_texts
from emoclass.data.videos import HEAD_BYTES, IS_VIDEO, VIDEO_SUFFIXES, is_video
from emoclass.errors import UnreadableImageError
from emoclass.values.specs import Sample
from emoclass.values.tables import names_table

__all__ = ["read_bytes", "read_image", "read_picture"]

FORMATS = "JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF and HEIC"
"""The formats that are read, for messages. HEIC needs the heic extra, AVIF a Pillow that was built with it."""

SUFFIXES = (
    ".jpg",
    ".jpeg",
    ".jfif",
    ".png",
    ".webp",
    ".gif",
    ".bmp",
    ".tif",
    ".tiff",
    ".avif",
    ".heic",
    ".heif",
    ".hif",
)
"""What the names of such files end in, in lower case."""

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
"""Named one by one: Pillow would start Ghostscript for an EPS file."""

_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
"""What stands in the first box of a HEIC file. AVIF files may have the last two as well."""

_ITEM = re.compile(rb"(.{4})infe(.)...", re.DOTALL)
"""The beginning of the box of an item in a HEIC file: its size, and its version."""

_NO_HEIC = "HEIC image (to read HEIC files: pip install 'emoclass[heic]')"
_NO_AVIF = "AVIF image, which this Pillow cannot read (pip install 'pillow>=11.3')"

MAX_PIXELS = 89_478_485
"""Pillow's own threshold for decompression bombs (a quarter GiB of RGB); beyond it a file is refused."""

_TOO_MANY_PIXELS = f"too large (more than {MAX_PIXELS / 1e6:.0f} megapixels)"

DRAFT_FACTOR = 3
"""JPEG scaling while decoding stays at least this many times larger than the target: at once the target
it moved a probability by 0.06, at three times nothing."""

MAX_FILE_BYTES = 2**29
"""No image within `MAX_PIXELS` needs more; a film that lies among the pictures is not read into memory."""

_WIDE_MODES = ("I", "I;16", "I;16B", "I;16L", "I;16N")

_LEAST_OF_16_BITS = 4096
"""The largest value of a 16-bit picture is at least this. Those of cameras with 10 or 12 bits are not: scaled from
65535 down to 255, they would be nearly black."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what turns the picture upright."""


def read_image(
    data: bytes,
    image_shape: tuple[int, int, int],
    *,
    path: str = "image",
    on_size: Callable[[tuple[int, int]], object] | None = None,
) -> np.ndarray:
    """Decode an image, turn it upright, convert its colors and resize it.

    Transparent pixels are laid over white; 16-bit gray is scaled to 8 bits, unless its values
    are at most 255; of an animation the first frame counts.

    Args:
        data: The encoded file: one of `FORMATS`.
        image_shape: `(height, width, channels)`, 3 channels for RGB, 1 for gray. The picture is stretched to it.
        path: What the file is called, for the error.
        on_size: Called with the `(width, height)` that the file has.

    Returns:
        uint8 `(height, width, channels)`, [0, 255].

    Raises:
        UnreadableImageError: It is empty, no image, truncated, damaged or too large; `reason` says which.
    """
    height, width, _ = image_shape
    side = DRAFT_FACTOR * max(height, width)
    with opened(data, path) as image:
        if on_size is not None:
            on_size(image.size)
        image.draft(None, (side, side))  # first: a JPEG of a hundred megapixels decodes at an eighth of its size
        return to_pixels(image, image_shape, path=path)


def read_picture(data: bytes, *, path: str = "image") -> Image.Image:
    """Decode an image at its own size, upright and in RGB: for showing it, not for a network.

    Args:
        data: The encoded file, as for `read_image`.
        path: What the file is called, for the error.

    Raises:
        UnreadableImageError: As for `read_image`.
    """
    with opened(data, path) as image:
        return with_mode(upright(image, path), "RGB", path)


def to_pixels(image: Image.Image, image_shape: tuple[int, int, int], *, path: str = "image") -> np.ndarray:
    """Do to an opened image what `read_image` does to a file, except for scaling JPEG files while they are decoded.

    Args:
        image: Of any size, and any mode but floating point; of an animation the current frame counts.
        image_shape: `(height, width, channels)`, as for `read_image`.
        path: What the image is called, for the error.

    Returns:
        uint8 `(height, width, channels)`, [0, 255].

    Raises:
        UnreadableImageError: It is damaged, too large, or has pixels of unknown range.
    """
    with reasons(path):
        return resized(upright(image, path), image_shape, path)


def resized(image: Image.Image, image_shape: tuple[int, int, int], path: str = "image") -> np.ndarray:
    """Convert an upright image's colors and stretch it: the last two steps of `read_image`.

    Returns:
        uint8 `(height, width, channels)`, [0, 255].

    Raises:
        UnreadableImageError: Its pixels have a range that no file states.
    """
    height, width, channels = image_shape
    converted = with_mode(image, "RGB" if channels == 3 else "L", path)
    stretched = converted.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(stretched, dtype=np.uint8).reshape(height, width, channels)


@contextmanager
def opened(data: bytes, path: str) -> Iterator[Image.Image]:
    """Open an encoded image; nothing but its header is read yet.

    Raises:
        UnreadableImageError: It is no image; or what is done with it inside the `with` block fails.
    """
    if not data:
        raise UnreadableImageError(path, "empty file")
    if is_video(data):
        raise UnreadableImageError(path, IS_VIDEO)
    with reasons(path), open_header(io.BytesIO(data)) as image:
        yield image


def open_header(file: BinaryIO) -> Image.Image:
    """Open an image of one of the formats that are read; only its header is read yet.

    Raises:
        UnidentifiedImageError: It is none; the message says so if a package is missing.
        Exception: Whatever Pillow raises.
    """
    start = file.read(HEAD_BYTES)
    file.seek(0)
    if start.startswith(PNG):
        file = io.BytesIO(without_large_texts(file.read()))
    brand = start[8:12] if start[4:8] == b"ftyp" else b""
    heic = brand in _HEIC_BRANDS and _registers_heic()
    if heic and not _names_are_text(file.read()):
        raise ValueError("names in the header are no text")
    file.seek(0)
    try:
        # Without AVIF support Pillow warns of such files instead of opening them.
        return Image.open(file, formats=(*_FORMATS, *(["AVIF"] if _has_avif() else []), *(["HEIF"] if heic else [])))
    except UnidentifiedImageError:
        if brand in _HEIC_BRANDS and not heic:
            raise UnidentifiedImageError(_NO_HEIC) from None
        if brand in (b"avif", b"avis") and not _has_avif():
            raise UnidentifiedImageError(_NO_AVIF) from None
        if (begun := format_of(start)) is not None:
            raise UnidentifiedImageError(
                f"{begun} image that is damaged, or of a kind that cannot be read; save it as PNG or JPEG"
            ) from None
        raise UnidentifiedImageError(f"not an image (supported: {FORMATS})") from None


def _names_are_text(data: bytes) -> bool:
    """Tell whether the types and names of a HEIC file's items are UTF-8: pi-heif 1.4 crashes where they are not."""
    for found in _ITEM.finditer(data):
        size, version = int.from_bytes(found[1], "big"), found[2][0]
        try:
            data[found.end() + (4 if version < 3 else 6) : found.start() + size].decode()
        except UnicodeDecodeError:
            return False
    return True


@cache
def _has_avif() -> bool:
    return "avif" in features.modules and bool(features.check("avif"))


@cache
def _registers_heic() -> bool:
    """Make Pillow open HEIC files if the package of the heic extra is installed; it is imported for the first one."""
    if importlib.util.find_spec("pi_heif") is None:
        return False
    from pi_heif import register_heif_opener

    # One thread: several images are decoded at a time.
    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
    return True


@contextmanager
def reasons(path: str) -> Iterator[None]:
    """Say of whatever Pillow raises why the image cannot be read."""
    try:
        yield
    except UnreadableImageError:
        raise
    except UnidentifiedImageError as error:
        if path.lower().endswith(VIDEO_SUFFIXES):
            raise UnreadableImageError(path, IS_VIDEO) from None
        raise UnreadableImageError(path, str(error)) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnreadableImageError(path, _TOO_MANY_PIXELS) from None
    except Exception as error:  # Pillow's decoders raise whatever a damaged file makes them stumble over
        told = _first_line(error)
        raise UnreadableImageError(path, f"damaged image ({told})" if told else "damaged image") from error


def upright(image: Image.Image, path: str) -> Image.Image:
    """Decode an opened image, and turn it as its EXIF data say.

    Raises:
        UnreadableImageError: It is too large.
    """
    if image.width * image.height > MAX_PIXELS:
        raise UnreadableImageError(path, f"{_TOO_MANY_PIXELS}: {image.width}x{image.height}")
    deep = ";16" in str(getattr(image, "tile", "")) and image.mode not in _WIDE_MODES
    image.load()  # TIFF pictures turn themselves upright here; damaged ones stumble here
    # Of 16-bit colors Pillow keeps the upper 8 bits, so that values up to 255 are all 0 here.
    if deep and not np.asarray(image.convert("RGB")).any():
        raise UnreadableImageError(path, "16-bit colors of a small range: all of them would be black")
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # damaged EXIF beside a sound picture: Pillow raises whatever it stumbles over
        orientation = 1
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def with_mode(image: Image.Image, mode: str, path: str) -> Image.Image:
    """Return an image as RGB or gray ("L"): transparency over white, 16-bit gray scaled to 8 bits.

    Wide pixels whose values are at most 255 hold 8 bits and are taken as they are.

    Raises:
        UnreadableImageError: Its pixels have a range that no file states.
    """
    if image.mode in _WIDE_MODES:
        values = np.asarray(image)
        if image.mode == "I" and not 0 <= values.min() <= values.max() <= 65535:
            raise UnreadableImageError(path, "32-bit pixels of unknown range")
        # Some programs write 8-bit values into wider pixels; only the values tell whether they need scaling down.
        wide = values.max() > 255
        if wide and values.max() < _LEAST_OF_16_BITS:
            raise UnreadableImageError(path, f"wide pixels of unknown range (0 to {values.max()})")
        return Image.fromarray((values // 256 if wide else values).astype(np.uint8)).convert(mode)
    if image.mode == "F":
        raise UnreadableImageError(path, "floating-point pixels of unknown range")
    if image.mode == "La":  # Pillow turns it into nothing else, and Lab colors into no gray
        image = image.convert("LA")
    if image.mode == "LAB":
        image = image.convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert(mode)


def _first_line(error: Exception) -> str:
    if isinstance(error, AssertionError):  # of Pillow's own: it says nothing
        return ""
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


def read_file(root: Path | None, sample: Sample) -> bytes:
    """Return the encoded image of a sample that is a file of its own: the default `read_sample`.

    Raises:
        UnreadableImageError: The file cannot be read.
    """
    return read_bytes(image_file(root, sample), path=sample.path)


def image_file(root: Path | None, sample: Sample) -> Path:
    """Return where a sample's file is: a path that is not absolute is relative to the root, or to a root file's folder.

    Args:
        root: The dataset's root: a folder, or a file such as a table.
        sample: One of its samples.
    """
    if root is not None and names_table(root) and root.is_file():
        root = root.parent
    return (root or Path()) / sample.path


def read_bytes(file: Path, *, path: str) -> bytes:
    """Return what is in an image's file, still encoded.

    Args:
        file: Where it is.
        path: What it is called, for the error.

    Raises:
        UnreadableImageError: It cannot be read, is no regular file (a pipe or a device may never end), or is no
            picture by its size.
    """
    try:
        # Before it is opened, since opening alone makes some devices act; and after, if it was exchanged meanwhile.
        _require_regular(file.stat(), path)
        with open(file, "rb", opener=_open_at_once) as opened:
            size = _require_regular(os.fstat(opened.fileno()), path)
            data = opened.read(HEAD_BYTES)
            if is_video(data):  # a film is not read into memory to say so
                raise UnreadableImageError(path, IS_VIDEO)
            if size > MAX_FILE_BYTES:
                raise _too_large(path)
            data += opened.read(max(0, size + 1 - len(data)))
            if len(data) > size:  # it grows, or is one of the system's own, which tell no true size
                data += opened.read(MAX_FILE_BYTES - size)
    except OSError as error:
        raise UnreadableImageError(path, f"cannot be opened ({error.strerror})") from error
    except ValueError as error:  # a name with a null byte
        raise UnreadableImageError(path, f"cannot be opened ({error})") from error
    if len(data) > MAX_FILE_BYTES:
        raise _too_large(path)
    return data


def _require_regular(found: os.stat_result, path: str) -> int:
    """Return the size of a regular file."""
    if stat.S_ISDIR(found.st_mode):
        raise UnreadableImageError(path, f"cannot be opened ({os.strerror(errno.EISDIR)})")
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableImageError(path, "not a regular file")
    return found.st_size


def _too_large(path: str) -> UnreadableImageError:
    return UnreadableImageError(path, f"too large (more than {MAX_FILE_BYTES // 2**20} MiB)")


def _open_at_once(file: str, flags: int) -> int:
    """Open a file without waiting for a writer, where a pipe has taken its place."""
    return os.open(file, flags | getattr(os, "O_NONBLOCK", 0))


@contextmanager
def quiet_decoders() -> Iterator[None]:
    """Keep Pillow's warnings about odd files off the terminal; what is unusable is raised all the same.

    Enter it once around a whole batch of decoding: Python's warning filters are shared by all threads.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"(PIL|pi_heif)\.")
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield
