"""Put units on sides: whole, and as near to each class's quota as they fit."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from emoclass.values.specs import Sample


def place(
    samples: Sequence[Sample],
    unit_of: Sequence[int],
    quotas: Mapping[str, Sequence[int]],
    n_sides: int,
    rng: np.random.Generator,
) -> list[int]:
    """Return a side's number for each sample: units stay whole.

    In random order, but the largest first, each unit goes where it overflows its classes' room the least; and to a
    side that still lacks one of its classes once there are no more units of that class than such sides.
    """
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
