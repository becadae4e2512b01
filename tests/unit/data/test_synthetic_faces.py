from __future__ import annotations

import io
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from emoclass.data.synthetic_faces import EXPRESSIONS, draw_face
from emoclass.data.synthetic_faces.dataset import load, read_sample
from emoclass.errors import ConfigError, DataError
from emoclass.values.labels import EMOTIONS, LabelScheme
from emoclass.values.specs import Sample

HAPPY_SAD = LabelScheme(emotions=("happy", "sad"))
ALL = LabelScheme(emotions=EMOTIONS)


def picture(sample: Sample) -> Image.Image:
    image = Image.open(io.BytesIO(read_sample(None, sample)), formats=["PNG"])
    image.load()
    return image


def difference_hash(image: Image.Image) -> np.ndarray:
    """256 bits: whether a cell of a 17 x 16 gray thumbnail is brighter than its left neighbor."""
    cells = np.asarray(image.convert("L").resize((17, 16), Image.Resampling.BOX), np.int16)
    return (cells[:, 1:] > cells[:, :-1]).ravel()


def test_defaults_are_256_samples_in_equal_parts() -> None:
    samples = list(load(labels=HAPPY_SAD))
    assert Counter(s.emotion for s in samples) == {"happy": 128, "sad": 128}
    assert len({s.id for s in samples}) == 256
    assert all(s.path == s.id and s.path.startswith(f"{s.emotion}/") for s in samples)


@pytest.mark.parametrize("n_samples", [1, 7, 8, 30, 257])
def test_class_counts_differ_by_at_most_one(n_samples: int) -> None:
    counts = Counter(s.emotion for s in load(labels=ALL, n_samples=n_samples))
    every = [counts[emotion] for emotion in EMOTIONS]
    assert sum(every) == n_samples
    assert max(every) - min(every) <= 1


def test_every_known_emotion_is_drawn() -> None:
    assert set(EXPRESSIONS) == set(EMOTIONS)


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_a_picture_is_256_pixels_square_rgb_and_not_flat(emotion: str) -> None:
    image = picture(Sample(id=f"{emotion}/seed3-00001.png", path="", emotion=emotion))
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (256, 256))
    assert np.asarray(image).std() > 20


def test_the_same_sample_has_the_same_bytes_in_any_order_and_on_any_thread() -> None:
    samples = list(load(labels=ALL, n_samples=24, seed=5))
    forward = [read_sample(None, s) for s in samples]
    backward = [read_sample(None, s) for s in reversed(samples)]
    with ThreadPoolExecutor(6) as pool:
        threaded = list(pool.map(lambda s: read_sample(None, s), samples))
    assert forward == backward[::-1] == threaded


def test_a_larger_dataset_continues_a_smaller_one() -> None:
    few, many = list(load(labels=HAPPY_SAD, n_samples=5)), list(load(labels=HAPPY_SAD, n_samples=50))
    assert many[:5] == few


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("happy/seed0-00000.png", "happy/seed1-00000.png"),
        ("happy/seed0-00000.png", "happy/seed0-00001.png"),
        ("happy/seed0-00000.png", "sad/seed0-00000.png"),
    ],
    ids=["seed", "number", "emotion"],
)
def test_seed_number_and_emotion_each_change_the_whole_picture(first: str, second: str) -> None:
    one, two = (difference_hash(picture(Sample(id=name, path=name, emotion=""))) for name in (first, second))
    assert np.count_nonzero(one != two) > 50


def test_no_two_pictures_are_near_duplicates_even_mirrored_or_cropped() -> None:
    images = [picture(s) for s in load(labels=HAPPY_SAD)]
    plain = np.array([difference_hash(i) for i in images])
    for change in (
        lambda i: i,
        lambda i: i.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        lambda i: i.crop((13, 13, 243, 243)),
    ):
        changed = np.array([difference_hash(change(i)) for i in images])
        distance = (plain[:, None] != changed[None]).sum(axis=2)
        np.fill_diagonal(distance, 256)
        # Measured: 64 or more; copies that were re-encoded as JPEG or scaled stay below 10.
        assert distance.min() > 50


def test_the_png_carries_exactly_the_pixels_that_were_drawn() -> None:
    drawn = draw_face("angry", np.random.default_rng([4, 9, EMOTIONS.index("angry")]))
    sample = Sample(id="angry/seed4-00009.png", path="", emotion="angry")
    assert picture(sample).tobytes() == drawn.tobytes()


def test_smiles_turn_up_where_sad_mouths_turn_down() -> None:
    for happy in EXPRESSIONS["happy"]:
        for sad in EXPRESSIONS["sad"]:
            assert min(happy["corner"]) > 0 > max(sad["corner"])
            assert max(happy["brow_in"]) < min(sad["brow_in"])


def test_an_emotion_that_cannot_be_drawn_is_named() -> None:
    labels = LabelScheme(emotions=("happy", "bored"), extra={"bored": "nothing to do"})
    with pytest.raises(DataError, match=r"synthetic-faces: expected emotions among happy, .*, got bored") as caught:
        load(labels=labels)
    assert caught.value.hint is not None


@pytest.mark.parametrize("value", [0, -3, True, 2.0, "12", None])
def test_n_samples_must_be_a_positive_integer(value: object) -> None:
    with pytest.raises(ConfigError, match=r"option n_samples: expected an integer >= 1, got "):
        load(labels=HAPPY_SAD, n_samples=value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [-1, 1.5, None, False])
def test_seed_must_be_an_integer_from_zero_on(value: object) -> None:
    with pytest.raises(ConfigError, match=r"option seed: expected an integer >= 0, got "):
        load(labels=HAPPY_SAD, seed=value)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["bored/seed0-00000.png", "happy/00000.png", "happy/seed0-00000.png/..", "happy"])
def test_a_foreign_id_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="expected an id such as"):
        read_sample(None, Sample(id=name, path=name, emotion="happy"))
