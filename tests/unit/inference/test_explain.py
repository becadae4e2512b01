"""Heat maps of a network whose reasons are known, and pictures of them."""

import numpy as np
import pytest
from PIL import Image

from emoclass import LabelScheme
from emoclass.inference.draw import MIN_WIDTH, annotated, explained, legend
from emoclass.inference.explain import CELLS, occlusion
from emoclass.values.results import Prediction


class LooksAtACorner:
    """Happy as far as the upper left quarter is white."""

    labels = LabelScheme(emotions=("sad", "happy"))
    good_batch = 7

    def scores(self, pixels):
        height, width = pixels.shape[1] // 2, pixels.shape[2] // 2
        happy = pixels[:, :height, :width].mean(axis=(1, 2, 3)) / 255
        return np.stack([1 - happy, happy], axis=1)


def test_hiding_what_matters_is_what_lowers_the_probability():
    pixels = np.full((56, 28, 3), 255, np.uint8)
    drop = occlusion(LooksAtACorner(), pixels, "happy")
    assert drop.shape == (CELLS, CELLS)
    assert (drop[: CELLS // 2, : CELLS // 2] > 0).all()
    assert (drop[CELLS // 2 + 1 :] == 0).all() and (drop[:, CELLS // 2 + 1 :] == 0).all()
    # Nine cells of the quarter's 49 turn from 255 to 128.
    assert drop[2, 2] == pytest.approx(9 / 49 * 127 / 255)
    np.testing.assert_allclose(occlusion(LooksAtACorner(), pixels, "sad"), -drop, atol=1e-12)
    assert (pixels == 255).all()


def test_a_network_of_few_pixels_has_as_many_cells():
    assert occlusion(LooksAtACorner(), np.zeros((8, 20, 1), np.uint8), "sad").shape == (8, CELLS)


SCORES = {"happy": 0.25, "contemptuous": 0.75}
FOUND = Prediction(path="a", label="contemptuous", probability=0.75, scores=SCORES)


@pytest.mark.parametrize("size", [(1, 1), (48, 48), (20, 2000), (2000, 20), (900, 600)])
def test_words_fit_below_a_picture_of_any_size(size):
    picture = Image.new("RGB", size, "white")
    shown = annotated(picture, FOUND)
    assert shown.width >= MIN_WIDTH
    assert shown.height > size[1]
    assert picture.size == size
    strip = np.asarray(shown.convert("L"))[-24:]
    assert strip[:, :4].max() < 100 and strip[:, -4:].max() < 100  # a margin is left: nothing is cut off
    assert strip.max() > 150
    assert explained(picture, np.zeros((3, 3)), FOUND).width >= MIN_WIDTH


def test_the_map_is_red_where_hiding_lowers_and_blue_where_it_raises():
    drop = np.zeros((2, 2))
    drop[0, 0], drop[1, 1] = 0.4, -0.4
    shown = np.asarray(explained(Image.new("RGB", (100, 100), "white"), drop, FOUND)).astype(int)
    red, blue = shown[60, 640 + 8 + 60], shown[580, 640 + 8 + 580]
    assert red[0] > red[2] + 100
    assert blue[2] > blue[0] + 100
    assert (shown[:640, :640] == 255).all()


@pytest.mark.parametrize(
    ("strongest", "told"),
    [
        (0.0099, ["hiding any region changes sad by less than 0.01"]),
        (-0.0099, ["hiding any region changes sad by less than 0.01"]),
        (0.25, ["hiding this lowers sad by at most 0.25", "hiding this raises it by at most 0.00"]),
    ],
)
def test_the_legend_says_what_hiding_does_or_that_it_does_nothing(strongest, told):
    assert [words for _, words in legend(np.array([[0.0, strongest]]), "sad")] == told


def test_noise_is_not_shown_as_a_finding():
    drop = np.array([[0.001, -0.001], [0.0, 0.0]])
    shown = np.asarray(explained(Image.new("RGB", (100, 100), "white"), drop, FOUND)).astype(int)
    beside = shown[:640, 648:]
    assert np.ptp(beside, axis=2).max() < 30
