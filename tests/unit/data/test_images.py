"""The one decoder, against pixel values that are known beforehand."""

from __future__ import annotations

import io
import os
import socket
import stat
import struct
import sys
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image, JpegImagePlugin
from PIL.PngImagePlugin import PngInfo

from emoclass.data import images as decoder
from emoclass.data.formats import format_of, without_large_texts
from emoclass.data.images import MAX_PIXELS, quiet_decoders, read_file, read_image, read_picture, to_pixels
from emoclass.data.index import index
from emoclass.errors import UnreadableImageError
from emoclass.values.config import DataConfig
from emoclass.values.labels import LabelScheme
from emoclass.values.specs import DatasetSpec, Sample

# Four quarters, no two alike: shows every turn and flip.
RED, GREEN, BLUE, GRAY = (250, 10, 10), (10, 240, 10), (10, 10, 230), (120, 120, 120)
QUARTERS = np.array([[RED, GREEN], [BLUE, GRAY]], np.uint8)


def encode(image: Image.Image, file_format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def quarters(width: int, height: int) -> Image.Image:
    return Image.fromarray(QUARTERS).resize((width, height), Image.Resampling.NEAREST)


def centers(pixels: np.ndarray) -> np.ndarray:
    """The middles of the four quarters."""
    height, width = pixels.shape[:2]
    return pixels[np.ix_([height // 4, 3 * height // 4], [width // 4, 3 * width // 4])]


def one_color(data: bytes, channels: int = 3) -> list[int]:
    """The color of a picture that is all of one color."""
    pixels = read_image(data, (4, 4, channels))
    assert pixels.dtype == np.uint8
    assert np.ptp(pixels.reshape(-1, channels), axis=0).max() == 0
    return [int(value) for value in pixels[0, 0]]


def reason(data: bytes) -> str:
    with pytest.raises(UnreadableImageError) as caught:
        read_image(data, (8, 8, 3), path="happy/a.jpg")
    assert str(caught.value) == f"happy/a.jpg: {caught.value.reason}"
    return caught.value.reason


def png(width: int, height: int, *, rows: bytes, bit_depth: int = 8, color_type: int = 2) -> bytes:
    """A PNG written by hand, whatever its header claims."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, bit_depth, color_type, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def tiff(values: np.ndarray, *, sample_format: int, order: str = "<", orientation: int = 1) -> bytes:
    """An uncompressed gray TIFF written by hand: Pillow writes neither big-endian nor 32-bit files at will."""
    data = values.astype(values.dtype.newbyteorder(order)).tobytes()
    height, width = values.shape
    bits = values.dtype.itemsize * 8
    short, long = 3, 4
    tags = [(256, short, width), (257, short, height), (258, short, bits), (259, short, 1), (262, short, 1)]
    tags += [(273, long, 8), (274, short, orientation), (277, short, 1), (278, short, height), (279, long, len(data))]
    tags += [(339, short, sample_format)]
    directory = struct.pack(order + "H", len(tags))
    for tag, kind, value in tags:
        layout = "HHIHH" if kind == short else "HHII"
        directory += struct.pack(order + layout, tag, kind, 1, value, *([0] if kind == short else []))
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8 + len(data))
    return start + data + directory + b"\0\0\0\0"


# Shape, size, resampling


@pytest.mark.parametrize("shape", [(8, 8, 3), (8, 8, 1), (4, 12, 3), (12, 4, 1), (1, 1, 3)])
def test_the_result_is_uint8_of_the_asked_shape(shape: tuple[int, int, int]) -> None:
    pixels = read_image(encode(quarters(30, 20), "PNG"), shape)
    assert (pixels.shape, pixels.dtype) == (shape, np.uint8)
    assert pixels.flags.c_contiguous


def test_height_comes_before_width() -> None:
    pixels = read_image(encode(quarters(40, 40), "PNG"), (8, 16, 3))
    assert pixels.shape == (8, 16, 3)
    assert centers(pixels).tolist() == QUARTERS.tolist()


def test_the_picture_is_stretched_bilinearly_as_pillow_does() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (37, 53, 3), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(noise).resize((16, 12), Image.Resampling.BILINEAR))
    assert np.array_equal(read_image(encode(Image.fromarray(noise), "PNG"), (12, 16, 3)), expected)


def test_a_picture_of_the_asked_size_is_left_as_it_is() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    assert np.array_equal(read_image(encode(Image.fromarray(noise), "PNG"), (9, 7, 3)), noise)


# Formats


@pytest.mark.parametrize(
    ("file_format", "options"),
    [
        ("JPEG", {"quality": 95, "subsampling": 0}),
        ("JPEG", {"quality": 95, "progressive": True}),
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"quality": 95}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "jpeg"}),
        ("GIF", {}),
        ("MPO", {"quality": 95, "save_all": True, "append_images": [Image.new("RGB", (32, 32), "white")]}),
    ],
)
def test_each_format_gives_the_same_colors(file_format: str, options: dict[str, Any]) -> None:
    pixels = read_image(encode(quarters(32, 32), file_format, **options), (32, 32, 3))
    assert np.abs(centers(pixels).astype(int) - QUARTERS).max() <= 8


def test_the_content_counts_not_the_extension() -> None:
    assert one_color(encode(Image.new("RGB", (5, 5), RED), "PNG")) == list(RED)
    assert read_image(encode(quarters(8, 8), "GIF"), (8, 8, 3), path="lies.jpg").shape == (8, 8, 3)


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "TIFF", "PNG"])
@pytest.mark.parametrize("channels", [1, 3])
def test_of_an_animation_the_first_frame_counts(file_format: str, channels: int) -> None:
    rest = [Image.new("RGB", (16, 16), color) for color in ("white", "black")]
    options = {"lossless": True} if file_format == "WEBP" else {}
    data = encode(Image.new("RGB", (16, 16), GRAY), file_format, save_all=True, append_images=rest, **options)
    assert one_color(data, channels) == [120] * channels


# Color modes


def test_gray_becomes_three_equal_channels() -> None:
    for file_format in ("JPEG", "PNG", "BMP", "TIFF"):
        assert one_color(encode(Image.new("L", (8, 8), 77), file_format)) == [77, 77, 77]


def test_rgb_becomes_gray_by_luma() -> None:
    assert one_color(encode(Image.new("RGB", (8, 8), (200, 100, 50)), "PNG"), channels=1) == [124]  # ITU-R 601


def test_palette() -> None:
    assert one_color(encode(Image.new("RGB", (8, 8), (200, 100, 50)).quantize(4), "PNG")) == [200, 100, 50]


def test_palette_with_a_transparent_entry_lies_on_white() -> None:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 200, 100, 50])
    assert one_color(encode(image, "PNG", transparency=1)) == [255, 255, 255]
    assert one_color(encode(image, "PNG", transparency=0)) == [200, 100, 50]
    assert one_color(encode(image, "GIF", transparency=1)) == [255, 255, 255]


def test_palette_with_transparency_bytes_is_blended_and_does_not_warn() -> None:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 200, 100, 50])
    data = encode(image, "PNG", transparency=bytes([255, 51]))  # a fifth opaque
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert one_color(data) == [244, 224, 214]
        assert one_color(data, channels=1) == [229]


def test_rgba_lies_on_white() -> None:
    for file_format, options in (("PNG", {}), ("WEBP", {"lossless": True, "exact": True}), ("TIFF", {})):
        assert one_color(encode(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), file_format, **options)) == [255] * 3
        assert one_color(encode(Image.new("RGBA", (8, 8), (200, 100, 50, 51)), file_format, **options)) == [
            244,
            224,
            214,
        ]
        assert one_color(encode(Image.new("RGBA", (8, 8), (200, 100, 50, 255)), file_format, **options)) == [
            200,
            100,
            50,
        ]


@pytest.mark.parametrize("channels", [1, 3])
def test_gray_multiplied_by_its_alpha_lies_on_white(channels: int) -> None:
    image = Image.new("LA", (4, 4), (100, 51)).convert("La")
    assert (to_pixels(image, (4, 4, channels)) == 224).all()


def test_lab_colors_become_gray_by_way_of_rgb() -> None:
    gray = to_pixels(Image.new("LAB", (4, 4), (255, 128, 128)), (4, 4, 1))
    assert gray.min() > 250


def test_gray_with_alpha_lies_on_white() -> None:
    assert one_color(encode(Image.new("LA", (8, 8), (100, 51)), "PNG")) == [224] * 3
    assert one_color(encode(Image.new("LA", (8, 8), (100, 0)), "PNG"), channels=1) == [255]


@pytest.mark.parametrize(("mode", "color"), [("L", 100), ("RGB", (200, 100, 50))])
def test_a_color_declared_transparent_lies_on_white(mode: str, color: Any) -> None:
    assert one_color(encode(Image.new(mode, (8, 8), color), "PNG", transparency=color)) == [255] * 3


def test_one_bit() -> None:
    for file_format in ("PNG", "BMP", "TIFF"):
        assert one_color(encode(Image.new("1", (8, 8), 1), file_format)) == [255] * 3
        assert one_color(encode(Image.new("1", (8, 8), 0), file_format), channels=1) == [0]


@pytest.mark.parametrize("file_format", ["JPEG", "TIFF"])
def test_cmyk(file_format: str) -> None:
    image = Image.new("CMYK", (8, 8), (55, 155, 205, 0))
    options = {"quality": 100} if file_format == "JPEG" else {}
    assert np.abs(np.subtract(one_color(encode(image, file_format, **options)), [200, 100, 50])).max() <= 2


SIXTEEN_BIT = (np.arange(256, dtype=np.uint16) * 256 + np.arange(256, dtype=np.uint16) % 3 * 127).reshape(16, 16)
EIGHT_BIT = np.arange(256).reshape(16, 16)


@pytest.mark.parametrize(("file_format", "options"), [("PNG", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"})])
def test_sixteen_bit_gray_keeps_its_high_byte(file_format: str, options: dict[str, Any]) -> None:
    data = encode(Image.fromarray(SIXTEEN_BIT), file_format, **options)
    assert Image.open(io.BytesIO(data)).mode.startswith("I")
    assert np.array_equal(read_image(data, (16, 16, 1))[..., 0], EIGHT_BIT)
    assert np.array_equal(read_image(data, (16, 16, 3))[..., 2], EIGHT_BIT)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32])
@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_wide_gray_that_holds_eight_bits_is_read_as_it_is(file_format: str, dtype: Any) -> None:
    if file_format == "PNG" and dtype is np.int32:
        pytest.skip("PNG has no 32-bit pixels")
    data = encode(Image.fromarray(EIGHT_BIT.astype(dtype)), file_format)
    assert np.array_equal(read_image(data, (16, 16, 1))[..., 0], EIGHT_BIT)
    assert np.array_equal(read_image(data, (16, 16, 3))[..., 1], EIGHT_BIT)


@pytest.mark.parametrize("most", [256, 1023, 4095])
@pytest.mark.parametrize("dtype", [np.uint16, np.int32])
def test_wide_gray_of_ten_or_twelve_bits_is_refused_rather_than_read_as_nearly_black(most: int, dtype: Any) -> None:
    data = encode(Image.fromarray((EIGHT_BIT / 255 * most).astype(dtype)), "TIFF")
    with pytest.raises(UnreadableImageError) as caught:
        read_image(data, (16, 16, 1))
    assert caught.value.reason == f"wide pixels of unknown range (0 to {most})"


@pytest.mark.parametrize("row", [[0, 200, 0, 100, 0, 50], [0, 255, 0, 255, 0, 255]])
def test_wide_colors_that_hold_eight_bits_are_refused_rather_than_read_as_black(row: list[int]) -> None:
    with pytest.raises(UnreadableImageError) as caught:
        read_image(png(4, 4, rows=(bytes([0]) + bytes(row) * 4) * 4, bit_depth=16), (4, 4, 3))
    assert caught.value.reason == "16-bit colors of a small range: all of them would be black"


def test_sixteen_bit_color_keeps_its_high_byte() -> None:
    rows = b"".join(b"\0" + struct.pack(">HHH", 200 * 257, 100 * 257, 50 * 257) * 4 for _ in range(4))
    assert one_color(png(4, 4, rows=rows, bit_depth=16)) == [200, 100, 50]


@pytest.mark.parametrize("orientation", [1, 6])
def test_big_endian_sixteen_bit_gray_is_read_and_turned(orientation: int) -> None:
    data = tiff(SIXTEEN_BIT, sample_format=1, order=">", orientation=orientation)
    expected = EIGHT_BIT if orientation == 1 else np.rot90(EIGHT_BIT, -1)
    assert np.array_equal(read_image(data, (16, 16, 1))[..., 0], expected)


def test_sixteen_bit_values_in_a_mode_i_image_are_scaled() -> None:
    data = tiff(SIXTEEN_BIT.astype(np.int32), sample_format=2)
    assert Image.open(io.BytesIO(data)).mode == "I"
    assert np.array_equal(read_image(data, (16, 16, 1))[..., 0], EIGHT_BIT)


def test_eight_bit_values_in_a_mode_i_image_are_kept() -> None:
    data = tiff(EIGHT_BIT.astype(np.int32), sample_format=2)
    assert np.array_equal(read_image(data, (16, 16, 1))[..., 0], EIGHT_BIT)


@pytest.mark.parametrize("value", [70_000, -1])
def test_wider_integers_are_refused(value: int) -> None:
    assert "32-bit pixels" in reason(tiff(np.full((4, 4), value, np.int32), sample_format=2))


def test_floating_point_is_refused() -> None:
    assert "floating-point pixels" in reason(encode(Image.new("F", (8, 8), 0.5), "TIFF"))


# EXIF

# Orientation -> the turned picture that a camera stored, so that turning it upright gives QUARTERS.
STORED = {
    1: QUARTERS,
    2: QUARTERS[:, ::-1],
    3: QUARTERS[::-1, ::-1],
    4: QUARTERS[::-1],
    5: QUARTERS.transpose(1, 0, 2),
    6: np.rot90(QUARTERS, 1),
    7: QUARTERS[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(QUARTERS, -1),
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("file_format", "side"), [("JPEG", 64), ("JPEG", 1200), ("PNG", 64), ("WEBP", 64), ("TIFF", 64), ("MPO", 64)]
)
def test_pictures_are_turned_upright(orientation: int, file_format: str, side: int) -> None:
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(stored.resize((side, side), Image.Resampling.NEAREST), file_format, exif=exif)
    pixels = read_image(data, (32, 32, 3))
    assert np.abs(centers(pixels).astype(int) - QUARTERS).max() <= 8


def test_a_turned_picture_swaps_its_sides_before_it_is_stretched() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = np.zeros((20, 40), np.uint8)
    stored[:, :10] = 255  # the left quarter; upright: the top quarter
    pixels = read_image(encode(Image.fromarray(stored), "PNG", exif=exif), (40, 20, 1))[..., 0]
    assert np.array_equal(pixels, np.repeat([255, 0], [10, 30])[:, None].repeat(20, axis=1))


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0garbage garbage",
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
        b"Exif\0\0MM\0*",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x0e\x01\x02\0\xff\xff\0\0\x06\xff\0\0" * 3,
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x63\0\0\0\0\0\0\0",  # orientation 99
    ],
    ids=["no header", "far offset", "cut off", "bad entries", "orientation 99"],
)
def test_damaged_exif_beside_a_sound_picture_says_nothing(file_format: str, exif: bytes) -> None:
    data = encode(quarters(32, 32), file_format, exif=exif)
    with quiet_decoders():
        pixels = read_image(data, (32, 32, 3))
    assert np.abs(centers(pixels).astype(int) - QUARTERS).max() <= 8


# JPEG draft


def photograph(width: int, height: int) -> Image.Image:
    """Structure at every scale, and hard edges."""
    rng = np.random.default_rng(0)
    pixels = np.zeros((height, width, 3))
    for scale in (4, 16, 64, 256):
        coarse = rng.integers(0, 256, (max(2, height // scale), max(2, width // scale), 3), dtype=np.uint8)
        pixels += np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC), float)
    return Image.fromarray((pixels / 4).astype(np.uint8))


@pytest.mark.parametrize(
    ("size", "shape"),
    [((1600, 1200), (64, 64, 3)), ((1200, 1600), (64, 48, 3)), ((800, 800), (32, 32, 1)), ((2000, 250), (40, 40, 3))],
)
def test_scaling_while_decoding_changes_almost_nothing(
    size: tuple[int, int], shape: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encode(photograph(*size), "JPEG", quality=92)
    drafted = read_image(data, shape).astype(int)
    monkeypatch.setattr(JpegImagePlugin.JpegImageFile, "draft", lambda *args: None)
    full = read_image(data, shape).astype(int)
    assert np.abs(drafted - full).max() <= 8
    assert np.abs(drafted - full).mean() <= 0.8


@pytest.mark.parametrize("target", [(32, 32), (64, 20), (100, 100), (256, 256)])
@pytest.mark.parametrize("size", [(1600, 900), (767, 768), (768, 768), (3000, 100), (50, 50)])
def test_a_jpeg_is_never_decoded_below_three_times_the_target(
    size: tuple[int, int], target: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encode(Image.new("RGB", size), "JPEG")
    decoded: list[tuple[int, int]] = []
    convert = Image.Image.convert

    def watch(self: Image.Image, *args: Any, **options: Any) -> Image.Image:
        decoded.append(self.size)
        return convert(self, *args, **options)

    monkeypatch.setattr(Image.Image, "convert", watch)
    read_image(data, (*target, 3))
    for stored, kept, wanted in zip(size, decoded[0], (target[1], target[0]), strict=True):
        assert kept == stored or kept >= 3 * wanted


def test_a_large_jpeg_is_scaled_while_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[tuple[int, int]] = []
    load = Image.Image.convert
    monkeypatch.setattr(Image.Image, "convert", lambda self, mode: sizes.append(self.size) or load(self, mode))
    read_image(encode(Image.new("RGB", (1600, 1600)), "JPEG"), (64, 64, 3))
    assert sizes[0] == (200, 200)


# What cannot be read


def test_an_empty_file() -> None:
    assert reason(b"") == "empty file"


@pytest.mark.parametrize(
    "data",
    [
        b"\0" * 1000,
        b"not an image at all",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='8' height='8'/>",
        encode(Image.new("RGB", (8, 8)), "ICO"),
        encode(Image.new("RGB", (8, 8)), "PPM"),
        encode(Image.new("RGB", (8, 8)), "PDF"),
    ],
    ids=["zeros", "text", "svg", "ico", "ppm", "pdf"],
)
def test_what_is_no_known_image(data: bytes) -> None:
    assert reason(data) == "not an image (supported: JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF and HEIC)"


def eleven_bits() -> bytes:
    """A TIFF file of 11-bit gray, which Pillow does not read."""
    data, tag = encode(Image.new("L", (8, 8), 7), "TIFF"), bytes.fromhex("02010300010000000800")
    assert tag in data
    return data.replace(tag, bytes.fromhex("02010300010000000b00"))


@pytest.mark.parametrize(
    ("file_format", "data"),
    [
        ("JPEG", b"\xff\xd8\xff"),
        ("PNG", b"\x89PNG\r\n\x1a\n"),
        ("GIF", b"GIF89a"),
        ("WebP", b"RIFF\x10\0\0\0WEBP"),
        ("TIFF", eleven_bits()),
    ],
)
def test_a_file_that_begins_like_an_image_is_called_one(file_format: str, data: bytes) -> None:
    assert reason(data) == (
        f"{file_format} image that is damaged, or of a kind that cannot be read; save it as PNG or JPEG"
    )


def large_text(kind: str) -> bytes:
    if kind == "profile":
        return encode(photograph(40, 30), "PNG", icc_profile=bytes(3 * 2**20))
    info = PngInfo()
    info.add_text("Software", "a camera")
    text = "a long prompt " * 200_000
    for number in range(2):
        if kind == "iTXt":
            info.add_itxt(f"text{number}", text, zip=True)
        else:
            info.add_text(f"text{number}", text, zip=kind == "zTXt")
    info.add(b"zTXt", b"late\0\0" + zlib.compress(text.encode()), after_idat=True)
    return encode(photograph(40, 30), "PNG", pnginfo=info)


@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt", "profile"])
def test_a_png_file_with_much_text_is_read(kind: str) -> None:
    plain = read_image(encode(photograph(40, 30), "PNG"), (30, 40, 3))
    data = large_text(kind)
    assert np.array_equal(read_image(data, (30, 40, 3)), plain)
    assert np.asarray(read_picture(data)).shape == (30, 40, 3)


@pytest.mark.parametrize("size", [10, 2 * 2**20])
def test_texts_of_an_ordinary_size_stay(size: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    info = PngInfo()
    info.add_text("comment", "x" * size)
    turned = encode(photograph(40, 30), "PNG", pnginfo=info, exif=exif)
    assert read_picture(turned).size == (30, 40)
    kept = without_large_texts(turned)
    assert (kept == turned) == (size == 10)
    assert b"comment" not in kept or size == 10


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_truncated_files_are_refused_not_filled_with_gray(file_format: str, kept: float) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8))
    data = encode(noise, file_format)
    with quiet_decoders():
        assert reason(data[: int(len(data) * kept)]).startswith(
            ("damaged image (", f"{format_of(data)} image that is damaged")
        )


def test_the_reason_says_that_a_jpeg_is_truncated() -> None:
    data = encode(photograph(200, 200), "JPEG")
    assert "truncated" in reason(data[: len(data) // 2])


def test_any_damage_is_told_as_an_unreadable_image() -> None:
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    sound = [encode(noise, name, exif=exif) for name in ("JPEG", "PNG", "WEBP", "TIFF")]
    sound += [encode(noise, name) for name in ("BMP", "GIF")]
    sound += [encode(noise.convert("CMYK"), "JPEG"), encode(noise.quantize(), "PNG")]
    outcomes = {"read": 0, "refused": 0}
    with quiet_decoders():
        for number in range(1200):
            data = bytearray(sound[number % len(sound)])
            for _ in range(1 + number % 4):
                data[int(rng.integers(min(len(data), 300)))] = int(rng.integers(256))
            try:
                assert read_image(bytes(data), (8, 8, 3)).shape == (8, 8, 3)
                outcomes["read"] += 1
            except UnreadableImageError as error:
                assert error.reason
                assert "\n" not in error.reason
                outcomes["refused"] += 1
    assert min(outcomes.values()) > 100


@pytest.mark.parametrize("filters", ["error", "default", "ignore"])
@pytest.mark.parametrize("size", [(9_500, 9_500), (13_000, 13_000)])
def test_a_bomb_between_one_and_two_thresholds_names_its_size(size: tuple[int, int], filters: Any) -> None:
    assert MAX_PIXELS < size[0] * size[1] < 2 * MAX_PIXELS
    with warnings.catch_warnings(record=True):
        warnings.simplefilter(filters)
        assert reason(png(*size, rows=b"\0" * 100)).startswith("too large (")
    with quiet_decoders():
        assert reason(png(*size, rows=b"\0" * 100)) == f"too large (more than 89 megapixels): {size[0]}x{size[1]}"


@pytest.mark.parametrize("size", [(14_000, 14_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_beyond_two_thresholds(size: tuple[int, int]) -> None:
    assert reason(png(*size, rows=b"\0" * 100)) == "too large (more than 89 megapixels)"


def test_the_largest_image_that_is_read_is_not_called_a_bomb() -> None:
    assert reason(png(MAX_PIXELS, 1, rows=b"\0" * 100)).startswith("damaged image (")


def test_a_picture_one_pixel_wide_is_stretched() -> None:
    data = encode(Image.new("RGB", (1, 50_000), (200, 100, 50)), "PNG")
    assert one_color(data) == [200, 100, 50]
    assert one_color(encode(Image.new("L", (30_000, 1), 9), "JPEG"), channels=1) == [9]


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n0 0 10 10 rectfill\nshowpage\n%%EOF\n"


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for Ghostscript is a shell script")
def test_eps_named_jpg_never_starts_ghostscript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ghostscript = tmp_path / "gs"
    ghostscript.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    ghostscript.chmod(ghostscript.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)
    assert reason(EPS).startswith("not an image")
    assert not (tmp_path / "started").exists()
    with pytest.raises(OSError), Image.open(io.BytesIO(EPS)) as image:  # what Pillow does if it is let
        image.load()
    assert (tmp_path / "started").exists()


def test_nothing_unusual_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_decoders():
        for data in (b"", b"text", EPS, encode(quarters(9, 9), "JPEG")[:200], png(9_500, 9_500, rows=b"")):
            reason(data)
    assert capfd.readouterr() == ("", "")


def test_quiet_decoders_hush_pillow_and_nobody_else() -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with quiet_decoders():
            warnings.warn_explicit("odd tag", UserWarning, "x.py", 1, module="PIL.TiffImagePlugin")
            warnings.warn_explicit("bomb", Image.DecompressionBombWarning, "x.py", 1, module="anywhere")
            warnings.warn("ours", UserWarning, stacklevel=1)
        warnings.warn_explicit("odd tag", UserWarning, "x.py", 1, module="PIL.TiffImagePlugin")
    assert [str(warning.message) for warning in seen] == ["ours", "odd tag"]


# Files


def sample(path: str) -> Sample:
    return Sample(id=path, path=path, emotion="happy")


def test_the_file_of_a_sample_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "happy").mkdir()
    (tmp_path / "happy" / "a.jpg").write_bytes(b"\0\r\n\xff")
    assert read_file(tmp_path, sample("happy/a.jpg")) == b"\0\r\n\xff"
    monkeypatch.chdir(tmp_path)
    assert read_file(None, sample("happy/a.jpg")) == b"\0\r\n\xff"


@pytest.mark.parametrize(
    ("path", "why"), [("gone.jpg", "No such file or directory"), ("folder", "Is a directory"), ("loop", "")]
)
def test_a_file_that_cannot_be_opened_says_why(tmp_path: Path, path: str, why: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UnreadableImageError) as caught:
        read_file(tmp_path, sample(path))
    assert caught.value.path == path
    assert caught.value.reason.startswith(f"cannot be opened ({why}")


def test_a_film_among_the_pictures_is_not_read_into_memory(tmp_path: Path) -> None:
    with (tmp_path / "film.mp4").open("wb") as file:
        file.truncate(decoder.MAX_FILE_BYTES + 1)  # sparse: takes no room
    with pytest.raises(UnreadableImageError, match=r"film\.mp4: too large \(more than 512 MiB\)"):
        read_file(tmp_path, sample("film.mp4"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes in its folders")
def test_what_may_never_end_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    # Short, for the path of a socket has a limit.
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.jpg")
        for name in ("pipe.jpg", "zero.jpg", "socket.jpg"):
            with pytest.raises(UnreadableImageError, match=rf"^{name}: not a regular file$"):
                read_file(tmp_path, sample(name))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes in its folders")
def test_a_pipe_that_takes_a_files_place_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    found = (tmp_path / "a.jpg").stat()
    os.mkfifo(tmp_path / "pipe.jpg")
    monkeypatch.setattr(Path, "stat", lambda *_, **__: found)
    with pytest.raises(UnreadableImageError, match=r"^pipe\.jpg: not a regular file$"):
        read_file(tmp_path, sample("pipe.jpg"))


def test_a_size_that_is_not_true_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jpg").write_bytes(bytes(100))
    honest = (tmp_path / "a.jpg").stat()
    lie = os.stat_result([*honest[:6], 10, *honest[7:10]])
    monkeypatch.setattr(Path, "stat", lambda *_, **__: lie)
    monkeypatch.setattr(os, "fstat", lambda _: lie)
    assert read_file(tmp_path, sample("a.jpg")) == bytes(100)
    monkeypatch.setattr(decoder, "MAX_FILE_BYTES", 99)
    with pytest.raises(UnreadableImageError, match=r"^a\.jpg: too large"):
        read_file(tmp_path, sample("a.jpg"))


def test_all_real_photographs_decode(photographs: Path) -> None:
    spec = DatasetSpec(name="folder", summary="A folder per class.", load="emoclass.data.folder:load")
    found = index(spec, DataConfig(root=photographs), LabelScheme(emotions=("happy", "sad")))
    assert len(found.samples) == 256
    with quiet_decoders():
        for photo in found.samples:
            pixels = read_image(read_file(photographs, photo), (64, 64, 3), path=photo.path)
            assert pixels.shape == (64, 64, 3)
            assert pixels.std() > 1
