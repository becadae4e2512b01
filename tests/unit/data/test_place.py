"""Units on sides: the fast way beside the rule as it reads."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from emoclass.data.place import place
from emoclass.values.specs import Sample

EMOTIONS = ("happy", "sad", "angry")


def place_one_by_one(
    samples: Sequence[Sample],
    unit_of: Sequence[int],
    quotas: Mapping[str, Sequence[int]],
    n_sides: int,
    rng: np.random.Generator,
) -> list[int]:
    """Place every unit by its costs; what `place` did before it was made for a million images."""
    room = {emotion: list(quota) for emotion, quota in quotas.items()}
    lacking = {emotion: set(range(n_sides)) for emotion in quotas}
    members: dict[int, list[int]] = defaultdict(list)
    for position, number in enumerate(unit_of):
        members[number].append(position)
    whole = list(members.values())
    whole = sorted((whole[number] for number in rng.permutation(len(whole))), key=len, reverse=True)
    needs = [Counter(samples[position].emotion for position in unit) for unit in whole]
    left = Counter(emotion for need in needs for emotion in need)
    sides = [-1] * len(samples)
    for unit, need in zip(whole, needs, strict=True):
        urgent = [lacking[emotion] for emotion in need if left[emotion] <= len(lacking[emotion])]
        costs = [
            (
                -sum(side in lacks for lacks in urgent),
                sum(count * (count - 2 * room[emotion][side]) for emotion, count in need.items()),
            )
            for side in range(n_sides)
        ]
        best = costs.index(min(costs))
        for emotion, count in need.items():
            room[emotion][best] -= count
            lacking[emotion].discard(best)
            left[emotion] -= 1
        for position in unit:
            sides[position] = best
    return sides


@pytest.mark.parametrize("n_units", [3, 8, 20, 200])
@pytest.mark.parametrize("n_sides", [2, 3, 5])
def test_units_stand_where_placing_them_one_by_one_puts_them(n_units: int, n_sides: int) -> None:
    for seed in range(20):
        rng = np.random.default_rng([n_units, n_sides, seed])
        n = 200 if seed % 2 else n_units  # many images to a unit, and mostly one
        samples = [Sample(id=f"{i}", path=f"{i}", emotion=str(rng.choice(EMOTIONS))) for i in range(n)]
        unit_of = rng.integers(0, n_units, n).tolist()
        found = Counter(sample.emotion for sample in samples)
        shares = rng.dirichlet(np.ones(n_sides))
        quotas = {emotion: [round(found[emotion] * share) for share in shares] for emotion in EMOTIONS}
        placed, expected = (
            each(samples, unit_of, quotas, n_sides, np.random.default_rng(seed)) for each in (place, place_one_by_one)
        )
        assert placed == expected
