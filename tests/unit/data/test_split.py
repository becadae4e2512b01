"""Drawing the three sets: sizes, strata, groups, official splits, and what is written down."""

from __future__ import annotations

import csv
import io
import random
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from emoclass.data.apportion import apportion
from emoclass.data.split import SPLITS, Split, split, to_csv
from emoclass.errors import DataError
from emoclass.values.config import DataConfig, Fold
from emoclass.values.labels import EMOTIONS, LabelScheme
from emoclass.values.specs import Sample

TWO = LabelScheme(emotions=("happy", "sad"))


def images(emotion: str, n: int, **fields: Any) -> list[Sample]:
    start = f"{fields.get('split', '')}{emotion}"
    return [Sample(id=f"{start}/{i:05d}", path=f"{start}/{i:05d}.jpg", emotion=emotion, **fields) for i in range(n)]


def draw(
    samples: list[Sample],
    labels: LabelScheme = TWO,
    *,
    seed: int = 0,
    clusters: Sequence[Collection[str]] = (),
    **shares: float,
) -> Split:
    return split(samples, labels, DataConfig(**shares), seed=seed, clusters=clusters)


def sizes(result: Split) -> list[int]:
    return [len(result.positions(side)) for side in SPLITS]


def sides(result: Split) -> dict[str, str]:
    return {sample.id: side for sample, side in zip(result.samples, result.sides, strict=True)}


def largest_remainder(total: int, shares: list[str]) -> list[int]:
    """Hamilton's method, in integers: an independent computation."""
    parts = [Fraction(share) for share in shares]
    floors = [total * part.numerator // part.denominator for part in parts]
    remainders = [total * part.numerator % part.denominator / Fraction(part.denominator) for part in parts]
    order = sorted(range(len(parts)), key=lambda i: (-remainders[i], i))
    return [floor + (i in order[: total - sum(floors)]) for i, floor in enumerate(floors)]


# Sizes


def test_256_images_give_192_32_32_stratified() -> None:
    result = draw(images("happy", 128) + images("sad", 128))
    assert result.counts(TWO) == {
        "train": {"happy": 96, "sad": 96},
        "validation": {"happy": 16, "sad": 16},
        "test": {"happy": 16, "sad": 16},
    }
    assert result.method == ("Split once at random from all 256 images, stratified by emotion, with seed 0.",)
    assert result.notes == ()


@pytest.mark.parametrize("uneven", [0, 1, 7])
def test_256_uneven_images_still_give_192_32_32(uneven: int) -> None:
    assert sizes(draw(images("happy", 128 + uneven) + images("sad", 128 - uneven))) == [192, 32, 32]


@pytest.mark.parametrize("total", [16, 17, 18, 19, 20, 21, 22, 23, 99, 100, 255, 257, 259, 1000, 1001])
def test_other_sizes_follow_the_largest_remainder_over_the_whole(total: int) -> None:
    result = draw(images("happy", total // 3) + images("sad", total - total // 3))
    assert sizes(result) == largest_remainder(total, ["0.75", "0.125", "0.125"])


@pytest.mark.parametrize(("validation", "test"), [(0.1, 0.3), (0.3, 0.1), (0.15, 0.15), (1 / 3, 1 / 3), (0.2, 0.7)])
@pytest.mark.parametrize("counts", [(40, 41), (33, 94), (500, 61)])
def test_other_shares_follow_the_largest_remainder_too(validation: float, test: float, counts: tuple[int, int]) -> None:
    result = draw(images("happy", counts[0]) + images("sad", counts[1]), validation=validation, test=test)
    train = str(1 - Fraction(str(validation)) - Fraction(str(test)))
    assert sizes(result) == largest_remainder(sum(counts), [train, str(validation), str(test)])


def test_remainders_are_shared_over_the_whole_not_class_by_class() -> None:
    labels = LabelScheme(emotions=EMOTIONS)
    samples = [sample for emotion in EMOTIONS for sample in images(emotion, 9)]  # 9 = 6.75 + 1.125 + 1.125
    assert sizes(draw(samples, labels)) == [54, 9, 9]


def test_three_images_a_class_are_enough() -> None:
    result = draw(images("happy", 3) + images("sad", 3))
    assert result.counts(TWO) == {side: {"happy": 1, "sad": 1} for side in SPLITS}


@pytest.mark.parametrize(("validation", "test"), [(0.45, 0.45), (0.3, 0.6), (0.01, 0.01), (0.98, 0.01)])
def test_small_classes_stand_on_every_side_whatever_the_shares(validation: float, test: float) -> None:
    labels = LabelScheme(emotions=EMOTIONS[:4])
    samples = [sample for n, emotion in enumerate(labels.emotions) for sample in images(emotion, 3 + n)]
    result = draw(samples, labels, validation=validation, test=test)
    assert min(count for counts in result.counts(labels).values() for count in counts.values()) >= 1


def test_fewer_than_three_images_name_the_class() -> None:
    with pytest.raises(DataError) as caught:
        draw(images("happy", 2) + images("sad", 50))
    assert str(caught.value) == (
        "too few images to split: happy has 2; expected at least 3 per class (train, validation, test). "
        "Add images, or leave the emotion out with --labels."
    )


def test_every_class_that_is_too_small_is_named() -> None:
    with pytest.raises(DataError, match="happy has 0, sad has 1; expected at least 3 per class"):
        draw(images("sad", 1))


def test_shares_that_need_an_exact_fraction_do_not_drift() -> None:
    # 0.1 + 0.2 is not 0.3 in floating point: a float remainder would tip these over.
    assert sizes(draw(images("happy", 50) + images("sad", 50), validation=0.1, test=0.2)) == [70, 10, 20]


@pytest.mark.parametrize("counts", [[128, 128], [9] * 8, [8, 3000, 40], [15, 14, 17, 14, 252, 219, 18, 106]])
def test_apportioning_keeps_every_sum_and_stays_within_one(counts: list[int]) -> None:
    shares = [Fraction(3, 4), Fraction(1, 8), Fraction(1, 8)]
    table = np.array(apportion(counts, shares))
    assert table.sum(axis=1).tolist() == counts
    assert table.min() >= 1
    exact = np.outer(counts, [float(share) for share in shares])
    assert np.abs(table - exact).max() <= 1


@pytest.mark.parametrize(
    ("counts", "validation", "test"), [([32, 8, 58], "0.14", "0.64"), ([10, 12, 12, 10, 7, 7, 12], "0.165", "0.24")]
)
def test_the_largest_deviation_weighs_more_than_the_sum_of_all(counts: list[int], validation: str, test: str) -> None:
    # Where the squares alone are least, one of these counts is more than one image off.
    shares = [1 - Fraction(validation) - Fraction(test), Fraction(validation), Fraction(test)]
    exact = np.outer(counts, [float(share) for share in shares])
    assert np.abs(np.array(apportion(counts, shares)) - exact).max() <= 1


@pytest.mark.parametrize("counts", [[21457, 96, 20324, 481, 4125], [30_000, 3], [3] * 8, [3, 30_000, 29_999, 4, 4]])
@pytest.mark.parametrize("held_back", ["0.45", "0.125", "0.01"])
def test_a_table_exists_for_large_and_uneven_classes(counts: list[int], held_back: str) -> None:
    part = Fraction(held_back)
    table = np.array(apportion(counts, [1 - 2 * part, part, part]))
    assert table.sum(axis=1).tolist() == counts
    assert table.min() >= 1


# Randomness


def test_the_same_seed_gives_the_same_split_and_another_seed_another() -> None:
    samples = images("happy", 40) + images("sad", 30)
    assert draw(samples, seed=7) == draw(samples, seed=7)
    others = [sides(draw(samples, seed=seed)) for seed in range(5)]
    assert all(first != second for i, first in enumerate(others) for second in others[:i])
    assert all(Counter(other.values()) == Counter(others[0].values()) for other in others)


def test_a_draw_stays_what_it_was_in_earlier_versions() -> None:
    # A change here means that runs begun before it cannot be resumed.
    result = draw(images("happy", 8) + images("sad", 8))
    held_back = sorted(name for name, side in sides(result).items() if side != "train")
    assert held_back == ["happy/00000", "happy/00002", "sad/00002", "sad/00007"]


def test_the_order_of_the_samples_does_not_matter() -> None:
    samples = images("happy", 30) + images("sad", 30)
    grouped = [replace(sample, group=f"g{i % 11}") for i, sample in enumerate(samples)]
    for listed in (samples, grouped):
        reference = draw(listed, seed=3)
        for number in range(3):
            assert draw(random.Random(number).sample(listed, len(listed)), seed=3) == reference


def test_every_image_gets_its_turn_in_the_test_set() -> None:
    samples = images("happy", 8) + images("sad", 8)
    tested: Counter[str] = Counter()
    for seed in range(300):
        tested.update(name for name, side in sides(draw(samples, seed=seed)).items() if side == "test")
    assert sum(tested.values()) == 600
    assert len(tested) == 16
    assert 15 < min(tested.values()) <= max(tested.values()) < 65  # 37.5 expected, standard deviation 5.7


def test_samples_come_back_sorted_and_whole() -> None:
    samples = images("sad", 20, votes={"sad": 3.0}) + images("happy", 20)
    result = draw(samples)
    assert list(result.samples) == sorted(samples, key=lambda sample: sample.id)
    positions = np.concatenate([result.positions(side) for side in SPLITS])
    assert sorted(positions.tolist()) == list(range(40))


# Groups


def people(n_people: int, n_images: int) -> list[Sample]:
    """Every person shows both emotions, `n_images` times each."""
    return [
        Sample(id=f"{p}/{e}/{i}", path="x.jpg", emotion=e, group=f"person{p}")
        for p in range(n_people)
        for e in TWO.emotions
        for i in range(n_images)
    ]


def torn(result: Split) -> set[str]:
    where: dict[str, set[str]] = {}
    for sample, side in zip(result.samples, result.sides, strict=True):
        if sample.group is not None:
            where.setdefault(sample.group, set()).add(side)
    return {group for group, found in where.items() if len(found) > 1}


def test_groups_are_never_torn_and_the_shares_are_met() -> None:
    result = draw(people(80, 3))
    assert torn(result) == set()
    assert sizes(result) == [360, 60, 60]
    assert result.notes == ()
    assert result.method[-1] == "No group (person or source) is in more than one split."


@pytest.mark.parametrize("n_people", range(3, 12))
def test_few_people_are_enough_for_every_side(n_people: int) -> None:
    for seed in range(5):
        result = draw(people(n_people, 10), seed=seed)
        assert torn(result) == set()
        assert sizes(result)[0] == max(sizes(result))


@pytest.mark.parametrize(("n_people", "n_tested"), [(8, 2), (16, 4), (39, 9), (40, 10), (60, 10)])
def test_the_test_set_gets_ten_people_or_a_quarter_of_them_and_says_so(n_people: int, n_tested: int) -> None:
    for seed in range(3):
        result = draw(people(n_people, 4), seed=seed)
        tested = {s.group for s, side in zip(result.samples, result.sides, strict=True) if side == "test"}
        assert len(tested) == n_tested
        assert abs(Counter(result.sides)["validation"] / len(result.sides) - 0.125) < 0.05
        more, *few = result.notes
        assert f"so that it holds {n_tested} of the {n_people} groups" in more
        assert more in result.method
        assert [f"only {n_tested} of the {n_people} groups" in note for note in few] == [True] * (n_tested < 10)
        assert all(f"--folds {5 if n_people > 8 else 4}" in note for note in few)


def test_people_of_very_different_sizes_still_fill_the_test_set() -> None:
    rng = np.random.default_rng(0)
    samples = [
        Sample(id=f"{p}/{e}/{i}", path="x.jpg", emotion=e, group=f"person{p}")
        for p, n in enumerate(rng.integers(1, 60, 24).tolist())
        for e in TWO.emotions
        for i in range(n)
    ]
    result = draw(samples)
    assert len({s.group for s, side in zip(result.samples, result.sides, strict=True) if side == "test"}) >= 6
    assert sizes(result)[2] <= len(samples) * 0.3


def test_a_test_set_of_few_people_is_told_where_it_cannot_be_changed_and_not_where_folds_test_everyone() -> None:
    test = [replace(s, split="test", id=f"t{s.id}", group=f"t{s.group}") for s in people(3, 4)]
    train = [replace(sample, split="train") for sample in people(30, 4)]
    assert "only 3 of the 33 groups" in draw([*train, *test]).notes[-1]
    folds = split(people(16, 4), TWO, DataConfig(fold=Fold(number=1, of=5)), seed=0)
    assert folds.notes == ()
    assert draw(images("happy", 120) + images("sad", 120)).notes == ()


def test_a_test_set_of_few_images_is_told_with_the_number_of_folds() -> None:
    few = images("happy", 32) + images("sad", 32)
    assert draw(few).notes == (
        "The test set holds only 8 of the 64 images: one image is 12 percentage points of accuracy. With --folds 5, "
        "every image is tested once.",
    )
    assert "--folds" not in draw(images("happy", 3) + images("sad", 32)).notes[0]
    copies = [[sample.id for sample in few[:29]]]
    assert "With --folds 4," in draw(few, clusters=copies).notes[0]
    assert split(few, TWO, DataConfig(fold=Fold(number=1, of=5)), seed=0).notes == ()


@pytest.mark.parametrize(("present", "missing"), [("test", "validation"), ("validation", "test")])
@pytest.mark.parametrize("other", [0.01, 0.125, 0.6])
def test_beside_an_official_set_the_share_is_one_of_the_training_images(
    present: str, missing: str, other: float
) -> None:
    samples = [s for e in TWO.emotions for s in images(e, 250, split="train") + images(e, 250, split=present)]
    config = DataConfig.model_validate({missing: 0.125, present: other})
    assert Counter(split(samples, TWO, config, seed=0).sides)[missing] in (62, 63)  # an eighth of 500


def test_images_without_a_group_even_out_what_the_groups_left() -> None:
    samples = [*images("happy", 10, group="anna"), *images("sad", 40)]
    samples += [Sample(id=f"single/{i}", path="x.jpg", emotion="happy") for i in range(30)]
    result = draw(samples)
    assert torn(result) == set()
    assert result.counts(TWO) == {
        "train": {"happy": 30, "sad": 30},
        "validation": {"happy": 5, "sad": 5},
        "test": {"happy": 5, "sad": 5},
    }
    told = "No group (person or source) is in more than one split. 70 of the 80 images have no group."
    assert told in result.method


def test_a_group_larger_than_its_share_leaves_the_singles_to_the_other_sides() -> None:
    samples = [*images("happy", 10, group="anna"), *images("sad", 12)]
    samples += [Sample(id=f"single/{i}", path="x.jpg", emotion="happy") for i in range(2)]
    assert [counts["happy"] for counts in draw(samples).counts(TWO).values()] == [10, 1, 1]


def test_two_groups_cannot_stand_on_three_sides() -> None:
    samples = [*images("happy", 20, group="anna"), *images("sad", 20)]
    samples = [replace(s, group="bert") if s.id.endswith("7") else s for s in samples]
    with pytest.raises(DataError) as caught:
        draw(samples)
    assert str(caught.value) == (
        "too few images to split: happy has 20 in 2 groups or sets of copies; expected at least 3 per class, none of "
        "one group, (train, validation, test). Add images of other groups (a group stays in one part), or leave the "
        "emotion out with --labels."
    )


def test_copies_of_one_picture_are_no_more_images() -> None:
    samples = images("happy", 20) + images("sad", 9)
    with pytest.raises(DataError) as caught:
        draw(samples, clusters=[[sample.id for sample in samples[20:]]])
    assert str(caught.value) == (
        "too few images to split: sad has 9 copies of 1 picture; expected at least 3 per class, none a copy of "
        "another, (train, validation, test). Add other pictures (copies of one picture stay in one part), or leave "
        "the emotion out with --labels."
    )


# Official splits


def test_official_splits_are_kept_whatever_the_shares() -> None:
    samples = [
        sample
        for side, n in (("train", 5), ("validation", 9), ("test", 2))
        for emotion in TWO.emotions
        for sample in images(emotion, n, split=side)
    ]
    result = draw(samples)
    assert all(sample.split == side for sample, side in zip(result.samples, result.sides, strict=True))
    assert result.method == ("The dataset's official splits are used.",)
    assert result.notes == ()


@pytest.mark.parametrize(("present", "missing"), [("test", "validation"), ("validation", "test")])
def test_one_missing_side_is_drawn_from_the_training_set_and_said(present: str, missing: str) -> None:
    samples = [sample for e in TWO.emotions for sample in images(e, 40, split="train") + images(e, 10, split=present)]
    result = draw(samples, seed=5)
    counts = result.counts(TWO)
    assert counts == {
        "train": {"happy": 35, "sad": 35},
        present: {"happy": 10, "sad": 10},
        missing: dict.fromkeys(TWO.emotions, 5),
    }
    assert all(side == present for s, side in zip(result.samples, result.sides, strict=True) if s.split == present)
    assert [f"no {missing} set" in note for note in result.notes] == [True]
    assert result.method == (
        "The dataset's official splits are used.",
        f"The dataset has no {missing} set: 10 images were sampled from its 80 training images, "
        "stratified by emotion, with seed 5.",
    )


def test_both_missing_sides_are_drawn_from_the_training_set() -> None:
    result = draw([sample for emotion in TWO.emotions for sample in images(emotion, 40, split="train")])
    assert sizes(result) == [60, 10, 10]
    assert [note.split(" set:")[0] for note in result.notes] == [
        "The dataset has no validation",
        "The dataset has no test",
    ]
    assert [sentence.split(":")[0] for sentence in result.method[1:]] == [
        "The dataset has no validation set",
        "The dataset has no test set",
    ]


@pytest.mark.parametrize("present", [("test",), ("validation",), ("test", "validation")])
def test_without_a_training_set_nothing_can_be_drawn(present: tuple[str, ...]) -> None:
    samples = [sample for side in present for emotion in TWO.emotions for sample in images(emotion, 9, split=side)]
    with pytest.raises(DataError) as caught:
        draw(samples)
    assert str(caught.value) == (
        f"official splits: expected a training set, got only {' and '.join(present)}. "
        "Name the folder of training images train/."
    )


def test_an_official_side_without_an_emotion_is_named() -> None:
    samples = [sample for emotion in TWO.emotions for sample in images(emotion, 9, split="train")]
    with pytest.raises(DataError, match=r"^test set: no images of sad\."):
        draw([*samples, *images("happy", 3, split="test")])


def test_an_official_training_set_too_small_to_give_is_named() -> None:
    samples = [*images("happy", 9, split="train"), *images("sad", 1, split="train"), *images("happy", 9, split="test")]
    with pytest.raises(DataError, match=r"sad has 1; expected at least 2 per class \(train, validation\)"):
        draw([*samples, *images("sad", 9, split="test")])


def test_official_splits_that_tear_groups_are_kept_and_said() -> None:
    samples = [
        Sample(id=f"{side}/{emotion}/{i}", path="x.jpg", emotion=emotion, split=side, group=f"person{i % 3}")
        for side in SPLITS
        for emotion in TWO.emotions
        for i in range(6)
    ]
    result = draw(samples)
    assert all(sample.split == side for sample, side in zip(result.samples, result.sides, strict=True))
    assert result.method[-1] == (
        "3 groups (persons or sources) are in more than one of the dataset's official splits, for example 'person0': "
        "metrics on them are optimistically biased."
    )


def test_what_is_drawn_beside_official_splits_tears_no_group() -> None:
    train = [replace(sample, split="train") for sample in people(20, 4)]
    test = [replace(s, split="test", id=f"t{s.id}", group=f"t{s.group}") for s in people(5, 4)]
    result = draw(train + test)
    assert torn(result) == set()
    assert result.method[-1] == "No group (person or source) is in more than one split."
    assert [note.split(" set")[0] for note in result.notes] == ["The dataset has no validation", "The test"]


# On disk


def test_the_csv_says_everything() -> None:
    odd = 'sad/a,"b"\nc.jpg'
    samples = [
        *images("happy", 3),
        *images("sad", 2, group="anna"),
        Sample(id=odd, path=odd, emotion="sad", group="bert"),
    ]
    samples += images("sad", 4)[2:]
    result = draw(samples)
    text = to_csv(result, TWO)
    assert text.startswith("id,path,emotion,label,split,group\nhappy/00000,happy/00000.jpg,happy,0,")
    assert "\r" not in text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["id"] for row in rows] == [sample.id for sample in result.samples]
    assert [row["split"] for row in rows] == list(result.sides)
    assert [row["label"] for row in rows] == ["0" if row["emotion"] == "happy" else "1" for row in rows]
    assert {row["id"]: row["group"] for row in rows}[odd] == "bert"
    assert rows[0]["group"] == ""


def test_the_label_is_the_position_in_the_scheme() -> None:
    swapped = LabelScheme(emotions=("sad", "happy"))
    text = to_csv(draw(images("happy", 3) + images("sad", 3), swapped), swapped)
    assert {(row["emotion"], row["label"]) for row in csv.DictReader(io.StringIO(text))} == {
        ("sad", "0"),
        ("happy", "1"),
    }


@pytest.mark.parametrize("grouped", [False, True])
def test_thirty_thousand_images_of_eight_emotions_are_drawn_in_seconds(grouped: bool) -> None:
    labels = LabelScheme(emotions=EMOTIONS)
    rng = random.Random(0)
    samples = [
        Sample(
            id=f"{i:05d}",
            path=f"{i:05d}.jpg",
            emotion=rng.choices(EMOTIONS, weights=[900, 500, 300, 90, 50, 20, 600, 2])[0],
            group=f"person{i % 900}" if grouped else None,
        )
        for i in range(30_000)
    ]
    started = time.process_time()
    result = draw(samples, labels)
    assert time.process_time() - started < 5
    assert all(abs(size - share) <= 40 for size, share in zip(sizes(result), (22_500, 3_750, 3_750), strict=True))
