"""The class order is the scheme's, whatever folders and images are called and in whatever order they are listed."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from emoclass.data.index import index
from emoclass.data.labeled import LabeledPixels
from emoclass.data.split import SPLITS, split, to_csv
from emoclass.testing.strategies import label_schemes
from emoclass.values.config import DataConfig
from emoclass.values.labels import ALIASES, EMOTIONS, SCHEMES, LabelScheme
from emoclass.values.specs import DatasetSpec, Sample

PER_CLASS = 3
FOLDER = DatasetSpec(name="folder", summary="A test's own.", load="emoclass.data.folder:load")
CASES = st.sampled_from((str.lower, str.upper, str.capitalize))


@st.composite
def class_words(draw: st.DrawFn) -> dict[str, str]:
    """Draw a class word for each of the eight emotions, listed in any order."""
    words = {}
    for emotion in draw(st.permutations(EMOTIONS)):
        known = [emotion, *(word for word, meant in ALIASES.items() if meant == emotion)]
        words[emotion] = draw(CASES)(draw(st.sampled_from(known)))
    return words


@settings(max_examples=40)
@given(label_schemes(), class_words(), st.integers(0, 2**16))
def test_the_class_of_a_folder_is_the_place_of_its_emotion_in_the_scheme(
    labels: LabelScheme, words: dict[str, str], seed: int
) -> None:
    with tempfile.TemporaryDirectory() as root:
        for word in words.values():
            (Path(root) / word).mkdir()
            for number in range(PER_CLASS):
                (Path(root) / word / f"{number}.png").touch()
        config = DataConfig(dataset="folder", root=Path(root))
        listed = index(FOLDER, config, labels)
    drawn = split(listed.samples, labels, config, seed=seed)
    expected = {
        f"{words[emotion]}/{number}.png": position
        for position, emotion in enumerate(labels.emotions)
        for number in range(PER_CLASS)
    }
    rows = csv.DictReader(io.StringIO(to_csv(drawn, labels)))
    assert {row["id"]: int(row["label"]) for row in rows} == expected
    images = LabeledPixels(drawn, labels, pixels=None, rows=np.arange(len(listed.samples)))  # type: ignore[arg-type]
    trained = {
        sample.id: y for side in SPLITS for sample, y in zip(images.samples(side), images.y_true(side), strict=True)
    }
    assert trained == expected


@given(st.data(), label_schemes(), class_words())
def test_ids_and_the_order_of_listing_have_no_say(
    data: st.DataObject, labels: LabelScheme, words: dict[str, str]
) -> None:
    numbers = data.draw(st.permutations(range(len(words))))
    samples = [
        Sample(id=f"{number:04}", path=f"{number}.png", emotion=word)
        for number, word in zip(numbers, words.values(), strict=True)
    ]
    expected = {
        f"{number:04}": labels.emotions.index(emotion)
        for number, emotion in zip(numbers, words, strict=True)
        if emotion in labels.emotions
    }
    spec = DatasetSpec(name="mine", summary="A test's own.", load=lambda root: data.draw(st.permutations(samples)))
    listed = index(spec, DataConfig(root="photos"), labels)
    assert {sample.id: labels.index(sample.emotion) for sample in listed.samples} == expected


@given(st.sampled_from(sorted(SCHEMES)), st.data())
def test_a_scheme_among_other_emotions_keeps_its_own_order(name: str, data: st.DataObject) -> None:
    others = [emotion for emotion in EMOTIONS if emotion not in SCHEMES[name]]
    chosen = data.draw(st.lists(st.sampled_from(others), unique=True)) if others else []
    place = data.draw(st.integers(0, len(chosen)))
    labels = LabelScheme(emotions=[*chosen[:place], name, *chosen[place:]])
    assert labels.emotions == (*chosen[:place], *SCHEMES[name], *chosen[place:])
