import io

import numpy as np
import pytest
from PIL import Image

from emoclass.data import photograph as module
from emoclass.data.images import read_image, read_picture, to_pixels
from emoclass.data.photograph import Photograph
from emoclass.errors import UnreadableImageError


def encoded(width: int, height: int, form: str = "JPEG", orientation: int = 1) -> bytes:
    """A picture that is dark on the left and light below."""
    x, y = np.meshgrid(np.linspace(0, 120, width), np.linspace(0, 120, height))
    image = Image.fromarray(np.stack([x + y, x, y], axis=-1).astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    image.save(buffer, form, exif=exif)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("long_side", "decoded"),
    [(1, 200), (200, 200), (201, 400), (400, 400), (401, 800), (801, 1600), (5000, 1600)],
)
def test_a_jpeg_is_decoded_at_the_smallest_scale_that_is_large_enough(long_side, decoded):
    photograph = Photograph(encoded(1600, 1000))
    assert photograph.longer == 1600
    assert photograph.at_least(long_side).size == (decoded, decoded * 1000 // 1600)
    assert photograph.size == (1600, 1000)


def test_it_is_decoded_anew_only_where_it_must_be_larger():
    photograph = Photograph(encoded(1600, 1000))
    first = photograph.at_least(400)
    assert photograph.at_least(10) is first
    larger = photograph.at_least(401)
    assert larger.width == 800
    assert photograph.at_least(10) is larger


def test_no_more_pixels_are_decoded_than_the_budget_allows(monkeypatch):
    monkeypatch.setattr(module, "MAX_DECODED_PIXELS", 800 * 500)
    photograph = Photograph(encoded(1600, 1000))
    assert photograph.at_least(5000).size == (800, 500)
    assert photograph.size == (1600, 1000)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF"])
def test_the_size_is_that_of_the_upright_picture(form, orientation):
    data = encoded(640, 320, form, orientation)
    photograph = Photograph(data)
    whole = read_picture(data)
    assert photograph.size == whole.size == ((640, 320) if orientation < 5 else (320, 640))
    small = photograph.at_least(1)
    expected = np.asarray(whole.resize(small.size, Image.Resampling.BOX)).astype(int)
    assert np.abs(np.asarray(small).astype(int) - expected).mean() < 4


def test_other_formats_are_decoded_whole_and_opened_images_taken_as_they_are():
    assert Photograph(encoded(1600, 1000, "PNG")).at_least(1).size == (1600, 1000)
    gray = Image.new("L", (300, 200), 7)
    photograph = Photograph(gray)
    assert (photograph.size, photograph.at_least(1).mode) == ((300, 200), "RGB")


def test_a_damaged_file_says_why():
    with pytest.raises(UnreadableImageError, match=r"holiday\.jpg: damaged image"):
        Photograph(encoded(1600, 1000)[:2000], path="holiday.jpg").at_least(640)
    with pytest.raises(UnreadableImageError, match="empty file"):
        Photograph(b"")


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize(("form", "shape"), [("JPEG", (48, 48, 1)), ("PNG", (64, 32, 3))])
def test_as_it_is_it_is_what_the_one_decoder_gives(form, shape, orientation):
    data = encoded(800, 500, form, orientation)
    assert (Photograph(data).as_it_is(shape) == read_image(data, shape)).all()
    with Image.open(io.BytesIO(data)) as image:
        assert (Photograph(image).as_it_is(shape) == to_pixels(image, shape)).all()


def test_a_jpeg_is_decoded_in_gray_where_it_must_be_larger_anyway():
    photograph = Photograph(encoded(1600, 1000))
    small = photograph.at_least(400)
    assert photograph.gray_at_least(400) is small
    gray = photograph.gray_at_least(1600)
    assert (gray.mode, gray.size) == ("L", (1600, 1000))
    assert photograph.gray_at_least(800) is gray, "not decoded again"
    assert photograph.at_least(400) is small
    whole = np.asarray(photograph.at_least(1600).convert("L")).astype(int)
    assert np.abs(np.asarray(gray) - whole).max() <= 2


@pytest.mark.parametrize("form", ["PNG", "WEBP", "JPEG"])
def test_gray_is_gray_in_every_format_and_upright(form):
    gray = Photograph(encoded(900, 600, form, orientation=6)).gray_at_least(900)
    assert (gray.mode, gray.size) == ("L", (600, 900))


def test_an_opened_picture_is_copied():
    image = Image.new("RGB", (700, 500), "red")
    photograph = Photograph(image)
    image.paste("blue", (0, 0, 700, 500))
    image.close()
    assert photograph.at_least(1).getpixel((5, 5)) == (255, 0, 0)
