"""What holds for the folds of every cross-validation, whatever the shape of the data."""

from __future__ import annotations

import random
from collections import Counter, defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from emoclass.data.split import Split, split
from emoclass.data.units import units
from emoclass.errors import DataError
from emoclass.values.config import DataConfig, Fold
from emoclass.values.labels import EMOTIONS, LabelScheme
from emoclass.values.specs import Sample

SEEDS = st.integers(0, 2**32 - 1)
COUNTS = st.lists(st.integers(7, 40), min_size=2, max_size=5)
FOLDS = st.integers(2, 7)
GROUPS = st.lists(st.integers(0, 40), min_size=1, max_size=60)
CLUSTERS = st.lists(st.sets(st.integers(0, 150), min_size=2, max_size=4), max_size=4)


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


def draw(samples: list[Sample], labels: LabelScheme, of: int, seed: int, clusters: list[set[str]]) -> list[Split]:
    """Return every fold, each drawn by itself."""
    configs = [DataConfig(fold=Fold(number=number, of=of)) for number in range(1, of + 1)]
    return [split(samples, labels, config, seed=seed, clusters=clusters) for config in configs]


def named(samples: list[Sample], clusters: list[set[int]]) -> list[set[str]]:
    return [{samples[number % len(samples)].id for number in cluster} for cluster in clusters]


def in_test(result: Split) -> list[Sample]:
    return [result.samples[position] for position in result.positions("test")]


@settings(max_examples=60)
@given(counts=COUNTS, of=FOLDS, seed=SEEDS)
def test_the_test_sets_partition_all_images_within_one_image_of_their_share(
    counts: list[int], of: int, seed: int
) -> None:
    samples, labels = images(counts)
    folds = draw(samples, labels, of, seed, [])
    assert Counter(s.id for each in folds for s in in_test(each)) == Counter(sample.id for sample in samples)
    for each in folds:
        found = each.counts(labels)["test"]
        for emotion, count in zip(labels.emotions, counts, strict=True):
            assert abs(found[emotion] - count / of) < 1
        assert abs(sum(found.values()) - len(samples) / of) < 1
        assert all(count >= 1 for of_side in each.counts(labels).values() for count in of_side.values())


@settings(max_examples=80)
@given(counts=COUNTS, groups=GROUPS, clusters=CLUSTERS, of=FOLDS, seed=SEEDS)
def test_groups_and_copies_are_never_separated_and_still_every_image_is_tested_once(
    counts: list[int], groups: list[int], clusters: list[set[int]], of: int, seed: int
) -> None:
    samples, labels = images(counts, groups)
    copies = named(samples, clusters)
    try:
        folds = draw(samples, labels, of, seed, copies)
    except DataError as error:  # too few groups to stand on every side
        assert any(said in str(error) for said in ("no images of", "too few images"))
        return
    assert Counter(s.id for each in folds for s in in_test(each)) == Counter(sample.id for sample in samples)
    unit_of = dict(zip((sample.id for sample in samples), units(samples, copies), strict=True))
    for each in folds:
        where = defaultdict(set)
        for sample, side in zip(each.samples, each.sides, strict=True):
            where[unit_of[sample.id]].add(side)
        assert all(len(sides) == 1 for sides in where.values())


@settings(max_examples=40)
@given(
    counts=COUNTS,
    grouped=st.booleans(),
    clusters=CLUSTERS,
    of=FOLDS,
    seed=SEEDS,
    order=st.randoms(use_true_random=False),
)
def test_the_order_of_listing_does_not_matter(
    counts: list[int], grouped: bool, clusters: list[set[int]], of: int, seed: int, order: random.Random
) -> None:
    samples, labels = images(counts, list(range(1, 30)) if grouped else None)
    copies = named(samples, clusters)
    shuffled = order.sample(samples, len(samples))

    def outcome(given: list[Sample], together: list[set[str]]) -> list[Split] | str:
        try:
            return draw(given, labels, of, seed, together)
        except DataError as error:
            return str(error)

    assert outcome(shuffled, copies[::-1]) == outcome(samples, copies)
