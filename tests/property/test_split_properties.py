"""What holds for every split, whatever the shape of the data."""

from __future__ import annotations

import random
from collections import defaultdict
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoclass.data.apportion import apportion
from emoclass.data.split import SPLITS, Split, split
from emoclass.errors import DataError
from emoclass.values.config import DataConfig
from emoclass.values.labels import EMOTIONS, LabelScheme
from emoclass.values.specs import Sample

SHARES = st.sampled_from(
    [
        ("0.125", "0.125"),
        ("0.1", "0.3"),
        ("0.3", "0.1"),
        ("0.2", "0.2"),
        ("0.45", "0.45"),
        ("0.01", "0.01"),
        ("0.3", "0.6"),
    ]
)
SIZE = st.one_of(st.integers(3, 8), st.integers(3, 60))
HUGE = st.one_of(SIZE, st.integers(3, 30_000))
SEEDS = st.integers(0, 2**32 - 1)


def images(counts: list[int], groups: list[int] | None = None) -> tuple[list[Sample], LabelScheme]:
    """Samples of so many classes; the groups repeat in turn, 0 stands for none."""
    labels = LabelScheme(emotions=EMOTIONS[: len(counts)])
    samples: list[Sample] = []
    for emotion, count in zip(labels.emotions, counts, strict=True):
        for number in range(count):
            group = groups[len(samples) % len(groups)] if groups else 0
            name = f"{emotion}/{number}"
            samples.append(Sample(id=name, path=name, emotion=emotion, group=f"person{group}" if group else None))
    return samples, labels


def draw(samples: list[Sample], labels: LabelScheme, shares: tuple[str, str], seed: int) -> Split:
    return split(samples, labels, DataConfig(validation=float(shares[0]), test=float(shares[1])), seed=seed)


def parts(shares: tuple[str, str]) -> list[Fraction]:
    validation, test = map(Fraction, shares)
    return [1 - validation - test, validation, test]


@settings(max_examples=100)
@given(counts=st.lists(SIZE, min_size=2, max_size=8), shares=SHARES, seed=SEEDS)
def test_the_sides_are_disjoint_cover_everything_and_hold_every_class(
    counts: list[int], shares: tuple[str, str], seed: int
) -> None:
    samples, labels = images(counts)
    result = draw(samples, labels, shares, seed)
    assert sorted(sample.id for sample in result.samples) == sorted(sample.id for sample in samples)
    positions = [set(result.positions(side).tolist()) for side in SPLITS]
    assert sum(map(len, positions)) == len(samples)
    assert set.union(*positions) == set(range(len(samples)))
    assert all(count >= 1 for of_side in result.counts(labels).values() for count in of_side.values())


@settings(max_examples=100)
@given(counts=st.lists(SIZE, min_size=2, max_size=8), shares=SHARES, seed=SEEDS)
def test_without_groups_the_draw_is_the_apportioned_table(
    counts: list[int], shares: tuple[str, str], seed: int
) -> None:
    samples, labels = images(counts)
    drawn = draw(samples, labels, shares, seed).counts(labels)
    table = apportion(counts, parts(shares))
    assert [[drawn[side][emotion] for side in SPLITS] for emotion in labels.emotions] == table


@settings(max_examples=150)
@given(counts=st.lists(HUGE, min_size=2, max_size=8), shares=SHARES)
def test_a_table_always_exists_and_every_sum_is_kept(counts: list[int], shares: tuple[str, str]) -> None:
    table = np.array(apportion(counts, parts(shares)))
    assert table.sum(axis=1).tolist() == counts
    assert table.min() >= 1
    exact = [sum(counts) * part for part in parts(shares)]
    if min(exact) >= len(counts):  # else the at-least-one rule moves images between the sides
        assert all(abs(size - share) < 1 for size, share in zip(table.sum(axis=0).tolist(), exact, strict=True))


@settings(max_examples=150)
@given(counts=st.lists(st.integers(1, 30_000), min_size=2, max_size=8), shares=SHARES)
def test_class_shares_are_within_one_image_of_the_target(counts: list[int], shares: tuple[str, str]) -> None:
    smallest = min(parts(shares))
    counts = [count + int(1 / smallest) + 1 for count in counts]  # every class is worth an image on every side
    exact = np.outer(counts, [float(part) for part in parts(shares)])
    assert np.abs(np.array(apportion(counts, parts(shares))) - exact).max() < 1 + 1e-9


@settings(max_examples=100)
@given(
    counts=st.lists(st.integers(3, 40), min_size=2, max_size=5),
    groups=st.lists(st.integers(0, 30), min_size=1, max_size=60),
    shares=SHARES,
    seed=SEEDS,
)
def test_a_group_is_never_separated(counts: list[int], groups: list[int], shares: tuple[str, str], seed: int) -> None:
    samples, labels = images(counts, groups)
    try:
        result = draw(samples, labels, shares, seed)
    except DataError as error:  # too few groups to stand on every side
        assert any(said in str(error) for said in ("no images of", "too few images"))
        return
    where = defaultdict(set)
    for sample, side in zip(result.samples, result.sides, strict=True):
        where[sample.group if sample.group is not None else sample.id].add(side)
    assert all(len(found) == 1 for found in where.values())


@settings(max_examples=60)
@given(n_people=st.integers(3, 20), n_images=st.integers(1, 6), n_classes=st.integers(2, 8), shares=SHARES, seed=SEEDS)
def test_three_people_who_show_everything_are_enough(
    n_people: int, n_images: int, n_classes: int, shares: tuple[str, str], seed: int
) -> None:
    people = [person for person in range(1, n_people + 1) for _ in range(n_images)]
    samples, labels = images([len(people)] * n_classes, people)
    result = draw(samples, labels, shares, seed)
    assert all(count >= n_images for of_side in result.counts(labels).values() for count in of_side.values())


@settings(max_examples=60)
@given(
    counts=st.lists(st.integers(3, 30), min_size=2, max_size=5),
    grouped=st.booleans(),
    shares=SHARES,
    seed=SEEDS,
    order=st.randoms(use_true_random=False),
)
def test_the_order_of_the_samples_does_not_matter(
    counts: list[int], grouped: bool, shares: tuple[str, str], seed: int, order: random.Random
) -> None:
    samples, labels = images(counts, list(range(1, 10)) if grouped else None)
    shuffled = order.sample(samples, len(samples))
    try:
        reference = draw(samples, labels, shares, seed)
    except DataError as error:
        with pytest.raises(DataError, match=str(error).split(".")[0]):
            draw(shuffled, labels, shares, seed)
        return
    assert draw(shuffled, labels, shares, seed) == reference


CLUSTERS = st.lists(st.lists(st.integers(0, 99), min_size=2, max_size=6), max_size=20)


@settings(max_examples=100)
@given(
    counts=st.lists(st.integers(3, 40), min_size=2, max_size=5),
    groups=st.none() | st.lists(st.integers(0, 30), min_size=1, max_size=60),
    members=CLUSTERS,
    seed=SEEDS,
    order=st.randoms(use_true_random=False),
)
def test_copies_are_never_separated_in_whatever_order_they_are_listed(
    counts: list[int], groups: list[int] | None, members: list[list[int]], seed: int, order: random.Random
) -> None:
    samples, labels = images(counts, groups)
    clusters = [{samples[each % len(samples)].id for each in cluster} for cluster in members]
    try:
        result = split(samples, labels, DataConfig(), seed=seed, clusters=clusters)
    except DataError as error:  # too few pictures to stand on every side
        assert any(said in str(error) for said in ("no images of", "too few images"))
        return
    side = dict(zip((sample.id for sample in result.samples), result.sides, strict=True))
    assert sorted(side) == sorted(sample.id for sample in samples)
    assert all(len({side[each] for each in cluster}) == 1 for cluster in clusters)
    of_group = defaultdict(set)
    for sample in samples:
        if sample.group is not None:
            of_group[sample.group].add(side[sample.id])
    assert all(len(found) == 1 for found in of_group.values())
    shuffled = [order.sample(sorted(cluster), len(cluster)) for cluster in order.sample(clusters, len(clusters))]
    again = split(order.sample(samples, len(samples)), labels, DataConfig(), seed=seed, clusters=shuffled)
    assert again == result


@settings(max_examples=100)
@given(
    singles=st.lists(st.integers(12, 40), min_size=2, max_size=5),
    copied=st.lists(st.lists(st.integers(2, 4), max_size=8), min_size=5, max_size=5),
    shares=SHARES,
    seed=SEEDS,
)
def test_copies_leave_the_shares_of_the_classes_as_they_would_be_without(
    singles: list[int], copied: list[list[int]], shares: tuple[str, str], seed: int
) -> None:
    counts = [single + sum(sizes) for single, sizes in zip(singles, copied, strict=False)]
    table = apportion(counts, parts(shares))
    if min(min(row) for row in table) < 4:  # a side that is smaller than a cluster cannot take it
        return
    samples, labels = images(counts)
    clusters = []
    for emotion, sizes in zip(labels.emotions, copied, strict=False):
        ids = iter([sample.id for sample in samples if sample.emotion == emotion])
        clusters += [[next(ids) for _ in range(size)] for size in sizes]
    config = DataConfig(validation=float(shares[0]), test=float(shares[1]))
    drawn = split(samples, labels, config, seed=seed, clusters=clusters).counts(labels)
    assert [[drawn[side][emotion] for side in SPLITS] for emotion in labels.emotions] == table
