"""What the strategies for plugin authors draw is what plugins receive."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from emoclass.data.folder import load
from emoclass.data.index import index
from emoclass.data.pixels import decode
from emoclass.plugin.builtins import register_datasets
from emoclass.testing import image_folders, label_schemes, predictions
from emoclass.values.config import DataConfig
from emoclass.values.labels import EMOTIONS, LabelScheme

FOLDER = next(spec for spec in register_datasets() if spec.name == "folder")
THREE = LabelScheme(emotions=("sad", "happy", "neutral"))
quick = settings(max_examples=60)


def some(strategy, n=200):
    """Draw values, the same ones each time."""
    drawn = []

    @given(strategy)
    @settings(max_examples=n, database=None, phases=[Phase.generate])
    def collect(value):
        drawn.append(value)

    collect()
    return drawn


@given(st.data(), st.integers(2, 8), st.integers(2, 8))
@quick
def test_label_schemes_have_the_size_that_was_asked_for(data, one, other):
    least, most = sorted((one, other))
    labels = data.draw(label_schemes(min_size=least, max_size=most))
    assert least <= len(labels) <= most
    assert set(labels.emotions) <= set(EMOTIONS)


def test_label_schemes_come_in_any_order():
    drawn = [[EMOTIONS.index(emotion) for emotion in labels.emotions] for labels in some(label_schemes())]
    assert any(order != sorted(order) for order in drawn)


@given(predictions(min_size=2, max_size=9, with_votes=True))
@quick
def test_predictions_are_what_a_metric_receives(drawn):
    n, classes = len(drawn), len(drawn.labels)
    assert 2 <= n <= 9
    assert (drawn.y_true.dtype, drawn.y_true.shape) == (np.int64, (n,))
    for shares in (drawn.y_score, drawn.votes):
        assert (shares.dtype, shares.shape) == (np.float64, (n, classes))
        assert not shares.flags.writeable
        np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=0, atol=1e-12)


@given(predictions(labels=label_schemes(max_size=5), max_size=12, all_classes=True))
@quick
def test_every_class_can_be_demanded(drawn):
    assert set(drawn.y_true) == set(range(len(drawn.labels)))
    assert drawn.votes is None


def test_predictions_of_every_kind_are_drawn():
    drawn = some(predictions(labels=THREE))
    assert all(each.labels == THREE for each in drawn)
    assert any((each.y_score == 1).any() for each in drawn)
    assert any((np.ptp(each.y_score, axis=1) == 0).any() for each in drawn)
    assert any(len(np.unique(each.y_score)) > 20 for each in drawn)
    assert any(len(np.unique(each.y_true)) == 1 < len(each) for each in drawn)
    assert {1, 2} <= {len(each) for each in drawn}
    assert max(map(len, drawn)) > 25


@given(image_folders())
@quick
def test_a_folder_is_read_as_it_was_written(drawn):
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch, "data")
        written = drawn.write(root)
        samples = list(load(root))
        labels = LabelScheme(emotions=tuple(drawn.classes))
        found = index(FOLDER, DataConfig(root=root), labels).samples
        assert {sample.id: sample.emotion for sample in found} == written
        assert {sample.split for sample in samples} == ({"train", "validation", "test"} if drawn.official else {None})
        decoded = decode(samples, FOLDER, root, (8, 8, 3), cache_file=Path(scratch, "pixels"), cache_bytes=2**24)
        decoded.pixels.close()
        assert not decoded.skipped
        assert all(3 <= len(images) <= 6 for images in drawn.classes.values())


@given(image_folders(labels=THREE, min_per_class=1, max_per_class=2))
@quick
def test_a_folder_has_the_emotions_and_the_size_that_were_asked_for(drawn):
    assert tuple(drawn.classes) == THREE.emotions
    assert all(1 <= len(images) <= 2 for images in drawn.classes.values())


def test_folders_of_every_kind_are_drawn():
    drawn = some(image_folders(), 60)
    images = [image for folder in drawn for of_class in folder.classes.values() for image in of_class]
    assert {image.mode for image in images} == {"RGB", "L", "P", "RGBA"}
    assert {Path(image.name).suffix.lower() for image in images} == {".png", ".jpg", ".jpeg"}
    assert {folder.official for folder in drawn} == {True, False}
    assert any(word != emotion for folder in drawn for emotion, word in folder.words.items())


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: label_schemes(min_size=1), "expected 2 <= min_size <= max_size <= 8, got 1, 8"),
        (lambda: label_schemes(max_size=9), "got 2, 9"),
        (lambda: predictions(min_size=0), "expected 1 <= min_size <= max_size, got 0, 50"),
        (lambda: some(predictions(labels=THREE, max_size=2, all_classes=True)), "max_size of 3 or more"),
        (lambda: image_folders(min_per_class=0), "got 0, 6"),
    ],
)
def test_sizes_that_cannot_be_are_refused(ask, said):
    with pytest.raises(InvalidArgument, match=said):
        ask()
