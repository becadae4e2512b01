"""Put units on sides: whole, and as near to each class's quota as they fit."""

from __future__ import annotations

from collections import Counter
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
    emotions = list(quotas)
    number_of = {emotion: number for number, emotion in enumerate(emotions)}
    classes = np.fromiter((number_of[sample.emotion] for sample in samples), np.int64, len(samples))
    unit, sizes = _numbered(np.asarray(unit_of, np.int64))
    members = np.argsort(unit, kind="stable")
    begins = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    left = np.bincount(np.unique(unit * len(emotions) + classes) % len(emotions), minlength=len(emotions)).tolist()
    room = [list(quotas[emotion]) for emotion in emotions]
    lacking = [set(range(n_sides)) for _ in emotions]
    sides = np.empty(len(samples), np.int64)

    def best_side(need: Mapping[int, int]) -> int:
        urgent = [lacking[each] for each in need if left[each] <= len(lacking[each])]
        costs = [
            (
                -sum(side in lacks for lacks in urgent),
                sum(count * (count - 2 * room[each][side]) for each, count in need.items()),
            )
            for side in range(n_sides)
        ]
        return costs.index(min(costs))

    drawn = rng.permutation(len(sizes))
    drawn = drawn[np.argsort(-sizes[drawn], kind="stable")]
    n_several = int(np.count_nonzero(sizes > 1))
    for begin, size in zip(begins[drawn[:n_several]].tolist(), sizes[drawn[:n_several]].tolist(), strict=True):
        whole = members[begin : begin + size]
        need = Counter(classes[whole].tolist())
        best = best_side(need)
        for each, count in need.items():
            room[each][best] -= count
            lacking[each].discard(best)
            left[each] -= 1
        sides[whole] = best
    singles = members[begins[drawn[n_several:]]]
    chosen = []
    for each in classes[singles].tolist():
        # Of one image, the cheapest side is the one with the most room: no costs to compute, for a million of them.
        own = room[each]
        best = own.index(max(own)) if left[each] > len(lacking[each]) else best_side({each: 1})
        own[best] -= 1
        lacking[each].discard(best)
        left[each] -= 1
        chosen.append(best)
    sides[singles] = chosen
    return sides.tolist()


def _numbered(unit_of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number units from 0 in the order in which they first occur; return each sample's unit, and the units' sizes."""
    _, first, inverse, counts = np.unique(unit_of, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first)
    number = np.empty(len(order), np.int64)
    number[order] = np.arange(len(order))
    return number[inverse], counts[order]
