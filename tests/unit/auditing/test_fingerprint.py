"""What is kept of an image: facts about the file as a viewer shows it, and a thumbnail."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from drawn_pictures import encoded, photograph, with_orientation
from PIL import Image

from emoclass.auditing.fingerprint import fingerprint
from emoclass.data.images import read_picture
from emoclass.errors import UnreadableImageError


def test_the_digest_is_that_of_the_encoded_bytes() -> None:
    data = encoded(photograph(0))
    one = fingerprint(data, path="a.png")
    assert one.digest == hashlib.sha256(data).hexdigest()
    assert one.path == "a.png"
    assert fingerprint(encoded(photograph(0), optimize=True, compress_level=1), path="a.png").digest != one.digest


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_the_format_is_what_the_file_is_whatever_its_name(kind: str) -> None:
    assert fingerprint(encoded(photograph(0), kind), path="a.xyz").format == kind


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_is_that_of_the_upright_picture(kind: str, orientation: int) -> None:
    data = encoded(photograph(0, (60, 40)), kind, exif=with_orientation(orientation))
    one = fingerprint(data, path="a")
    assert (one.width, one.height) == ((60, 40) if orientation < 5 else (40, 60))
    assert (one.width, one.height) == read_picture(data).size


def test_a_picture_that_lies_on_its_side_has_the_thumb_of_the_upright_one() -> None:
    picture = photograph(0)
    lying = encoded(picture.transpose(Image.Transpose.ROTATE_90), exif=with_orientation(6))
    np.testing.assert_array_equal(fingerprint(lying, path="a").thumb, fingerprint(encoded(picture), path="b").thumb)


def test_a_large_jpeg_file_keeps_its_true_size() -> None:
    one = fingerprint(encoded(photograph(0, (1000, 700)), "JPEG"), path="a.jpg")
    assert (one.width, one.height) == (1000, 700)


@pytest.mark.parametrize("orientation", [0, 9, 60000])
def test_an_orientation_that_is_none_turns_nothing(orientation: int) -> None:
    one = fingerprint(encoded(photograph(0, (60, 40)), exif=with_orientation(orientation)), path="a")
    assert (one.width, one.height) == (60, 40)


def test_damaged_exif_beside_a_sound_picture_does_not_matter() -> None:
    one = fingerprint(encoded(photograph(0, (60, 40)), "JPEG", exif=b"Exif\0\0no TIFF header"), path="a")
    assert (one.width, one.height, one.mode) == (60, 40, "RGB")


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "LA", "1", "I;16"])
def test_the_mode_is_that_of_the_file(mode: str) -> None:
    assert fingerprint(encoded(photograph(0).convert(mode)), path="a.png").mode == mode


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA"])
@pytest.mark.parametrize("size", [(96, 96), (300, 20), (3, 5)])
def test_a_thumb_is_gray_and_32_by_32_whatever_the_image_is(mode: str, size: tuple[int, int]) -> None:
    thumb = fingerprint(encoded(photograph(0, size).convert(mode)), path="a.png").thumb
    assert (thumb.shape, thumb.dtype) == ((32, 32), np.uint8)
    assert np.ptp(thumb) > 0


def test_a_thumb_shows_the_picture() -> None:
    picture = photograph(0)
    thumb = fingerprint(encoded(picture), path="a.png").thumb
    expected = np.asarray(picture.convert("L").resize((32, 32), Image.Resampling.BILINEAR), np.float64)
    assert np.abs(thumb - expected).max() <= 2


def test_an_image_of_one_color_is_flat_and_plain() -> None:
    one = fingerprint(encoded(Image.new("RGB", (40, 30), (200, 20, 90))), path="a.png")
    assert (one.flat, one.plain, one.color) == (True, True, (200, 20, 90))


def test_two_colors_of_one_brightness_are_not_flat_but_plain() -> None:
    picture = Image.new("RGB", (40, 40), (255, 0, 0))
    picture.paste((0, 130, 0), (0, 0, 20, 40))
    one = fingerprint(encoded(picture), path="a.png")
    assert (one.flat, one.plain) == (False, True)


def test_faint_noise_is_not_flat_but_plain() -> None:
    noise = np.random.default_rng(0).integers(126, 129, (64, 64, 3), np.uint8)
    one = fingerprint(encoded(Image.fromarray(noise)), path="a.png")
    assert (one.flat, one.plain) == (False, True)


def test_a_photograph_is_neither_flat_nor_plain() -> None:
    one = fingerprint(encoded(photograph(0)), path="a.png")
    assert (one.flat, one.plain) == (False, False)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b"no picture", "not an image"),
        (encoded(photograph(0))[:400], "damaged image"),
        (encoded(photograph(0), "JPEG")[:600], "damaged image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image"),
    ],
    ids=["empty", "text", "half a PNG", "half a JPEG", "EPS"],
)
def test_what_cannot_be_decoded_is_told_with_its_path_and_reason(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableImageError, match=reason) as raised:
        fingerprint(data, path="happy/a.png")
    assert raised.value.path == "happy/a.png"
