"""Folds: every image is tested once, and a fold can be drawn by itself."""

from __future__ import annotations

from collections import Counter

import pytest

from emoclass.data.folds import deal
from emoclass.data.split import Split, split
from emoclass.errors import DataError
from emoclass.values.config import DataConfig, Fold
from emoclass.values.labels import LabelScheme
from emoclass.values.specs import Sample

TWO = LabelScheme(emotions=("happy", "sad"))


def images(emotion: str, count: int, *, per_group: int = 0, official: str | None = None) -> list[Sample]:
    names = [f"{emotion}/{number:03d}" for number in range(count)]
    groups = [f"{emotion}{number // per_group}" if per_group else None for number in range(count)]
    return [
        Sample(id=name, path=name, emotion=emotion, group=group, split=official)
        for name, group in zip(names, groups, strict=True)
    ]


def fold(samples: list[Sample], number: int, of: int, *, clusters=(), **settings) -> Split:
    config = DataConfig(fold=Fold(number=number, of=of), **settings)
    return split(samples, TWO, config, seed=0, clusters=clusters)


def in_test(result: Split) -> set[str]:
    return {result.samples[position].id for position in result.positions("test")}


def test_every_image_is_tested_once_over_the_folds() -> None:
    samples = images("happy", 40) + images("sad", 23)
    found = Counter(id for number in range(1, 5) for id in in_test(fold(samples, number, 4)))
    assert found == Counter(sample.id for sample in samples)


def test_a_fold_tests_its_share_and_validates_on_the_configured_share_of_the_whole() -> None:
    result = fold(images("happy", 128) + images("sad", 128), 2, 4)
    assert result.counts(TWO) == {
        "train": {"happy": 80, "sad": 80},
        "validation": {"happy": 16, "sad": 16},
        "test": {"happy": 32, "sad": 32},
    }
    assert result.method == (
        "Fold 2 of 4: all 256 images were divided into 4 folds, stratified by emotion, with seed 0. "
        "Fold 2 is the test set; the validation set is sampled from the others.",
    )
    assert result.notes == ()


def test_the_share_of_the_test_set_does_not_count_in_a_fold() -> None:
    samples = images("happy", 30) + images("sad", 30)
    assert fold(samples, 1, 3, test=0.5) == fold(samples, 1, 3, test=0.01)


def test_what_a_class_leaves_over_is_dealt_on_by_the_next() -> None:
    samples = images("happy", 10) + images("sad", 11)
    sizes = Counter(deal(samples, TWO, 3, seed=0))
    assert sizes == {1: 7, 2: 7, 3: 7}


def test_a_group_is_tested_as_a_whole() -> None:
    samples = images("happy", 24, per_group=3) + images("sad", 24, per_group=4)
    for number in range(1, 5):
        result = fold(samples, number, 4)
        inside = {sample.group for sample in samples if sample.id in in_test(result)}
        outside = {sample.group for sample in samples if sample.id not in in_test(result)}
        assert not inside & outside
        assert "No group (person or source) is in more than one split." in result.method


def test_copies_of_one_picture_are_tested_together() -> None:
    samples = images("happy", 20) + images("sad", 20)
    copies = {"happy/000", "sad/011", "happy/013"}
    together = [copies <= in_test(fold(samples, number, 5, clusters=[copies])) for number in range(1, 6)]
    apart = [bool(copies & in_test(fold(samples, number, 5, clusters=[copies]))) for number in range(1, 6)]
    assert together == apart and sum(together) == 1


def test_official_splits_are_set_aside_and_a_note_says_so() -> None:
    samples = images("happy", 20, official="train") + images("sad", 20, official="test")
    result = fold(samples, 1, 4)
    assert len(in_test(result)) == 10
    assert result.notes == (
        "The dataset's official splits (train, test) are not used: every image is tested in one fold.",
    )
    assert result.notes[0] in result.method


def test_too_few_images_of_a_class_are_an_error_that_names_it() -> None:
    with pytest.raises(DataError) as caught:
        fold(images("happy", 30) + images("sad", 4), 1, 5)
    assert str(caught.value) == (
        "too few images for 5 folds: sad has 4; expected at least 5 per class to train, validate and test in turn. "
        "Use fewer folds, add images, or leave the emotion out with --labels."
    )


def test_too_few_groups_of_a_class_are_an_error_that_names_it() -> None:
    with pytest.raises(
        DataError, match="sad has 12 in 3 groups or sets of copies; expected at least 5 per class, none"
    ):
        fold(images("happy", 30) + images("sad", 12, per_group=4), 1, 5)


def test_two_folds_need_four_images_a_class_to_train_and_validate_on_either() -> None:
    for number in (1, 2):
        assert fold(images("happy", 4) + images("sad", 4), number, 2).counts(TWO)["train"] == {"happy": 1, "sad": 1}
    with pytest.raises(DataError, match="too few images for 2 folds: sad has 3; expected at least 4"):
        fold(images("happy", 4) + images("sad", 3), 1, 2)


@pytest.mark.parametrize(
    ("fold", "said"),
    [
        ({"number": 4, "of": 3}, r"fold\.number: expected 1 to 3, got 4"),
        ({"number": 0, "of": 3}, "greater than or equal to 1"),
        ({"number": 1, "of": 1}, "greater than or equal to 2"),
    ],
)
def test_a_fold_that_is_none_is_refused(fold: dict[str, int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        DataConfig.model_validate({"fold": fold})


def test_a_fold_leaves_something_to_train_on() -> None:
    with pytest.raises(ValueError, match="validation \\+ 1/2: expected less than 1, got 1"):
        DataConfig(validation=0.5, fold=Fold(number=1, of=2))
    DataConfig(validation=0.5, test=0.4, fold=Fold(number=1, of=3))
