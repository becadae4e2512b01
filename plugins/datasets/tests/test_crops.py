"""Faces cut out of photographs, pixel by pixel."""

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from emoclass_datasets.crops import face_id, read_sample
from PIL import Image

from emoclass.errors import UnreadableImageError
from emoclass.values.specs import Sample

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


@pytest.fixture
def root(tmp_path):
    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    return tmp_path


def sample(*box, path="a.png"):
    return Sample(id=face_id(path, *box), path=path, emotion="happy")


def pixels(data):
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "PNG"
        return np.asarray(image)


def test_a_square_box_is_cut_out_without_loss(root):
    np.testing.assert_array_equal(pixels(read_sample(root, sample(5, 2, 7, 7))), PIXELS[2:9, 5:12])


@pytest.mark.parametrize(("box", "square"), [((5, 2, 11, 7), (7, 2)), ((5, 2, 9, 13), (3, 2))])
def test_of_any_other_box_the_square_of_its_height_is_cut_out(root, box, square):
    (left, top), side = square, box[3]
    np.testing.assert_array_equal(pixels(read_sample(root, sample(*box))), PIXELS[top : top + side, left : left + side])


def test_beyond_the_picture_its_edge_is_repeated(root):
    around = np.pad(PIXELS, ((100, 100), (100, 100), (0, 0)), mode="edge")
    np.testing.assert_array_equal(pixels(read_sample(root, sample(-4, -3, 7, 7))), around[97:104, 96:103])
    np.testing.assert_array_equal(pixels(read_sample(root, sample(25, 15, 99, 99))), around[115:214, 125:224])


@pytest.mark.parametrize("box", [(30, 0, 5, 5), (0, 20, 5, 5), (5, 5, 0, 4), (9, 5, -3, 4), (-5, 0, 5, 5)])
def test_a_box_with_nothing_in_it_is_an_unreadable_image(root, box):
    with pytest.raises(UnreadableImageError) as caught:
        read_sample(root, sample(*box))
    assert caught.value.path == "a.png"
    shown = ",".join(map(str, box))
    assert caught.value.reason == f"nothing of the picture (30x20) lies in its face box {shown}"


def test_the_picture_is_turned_upright_before_the_box_is_cut(root):
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn clockwise
    Image.fromarray(PIXELS).save(root / "turned.png", exif=exif)
    upright = np.rot90(PIXELS, k=-1)
    np.testing.assert_array_equal(
        pixels(read_sample(root, sample(3, 4, 12, 12, path="turned.png"))), upright[4:16, 3:15]
    )


def test_without_a_box_the_file_is_returned_as_it_is(root):
    whole = Sample(id="a.png", path="a.png", emotion="happy")
    assert read_sample(root, whole) == (root / "a.png").read_bytes()


def test_a_file_that_is_no_image_or_not_there_is_unreadable(root):
    (root / "b.png").write_text("no image")
    with pytest.raises(UnreadableImageError, match="not an image"):
        read_sample(root, sample(0, 0, 5, 5, path="b.png"))
    with pytest.raises(UnreadableImageError, match="cannot be opened"):
        read_sample(root, sample(0, 0, 5, 5, path="c.png"))


def test_threads_do_not_disturb_each_other(root):
    boxes = [(left, top, 6, 6) for left in range(24) for top in range(14)]
    with ThreadPoolExecutor(8) as threads:
        crops = list(threads.map(lambda box: pixels(read_sample(root, sample(*box))), boxes))
    for (left, top, width, height), crop in zip(boxes, crops, strict=True):
        np.testing.assert_array_equal(crop, PIXELS[top : top + height, left : left + width])
