"""Share classes out over the sides of a split, in whole images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import permutations


def apportion(class_sizes: Sequence[int], shares: Sequence[Fraction]) -> list[list[int]]:
    """Share classes out over sides: every side its size by largest remainder, every class as near its share as can be.

    Args:
        class_sizes: Images a class, each at least the number of sides.
        shares: Relative sizes of the sides, three at most.

    Returns:
        Images for each class (rows) on each side (columns), at least one.

    Example:
        >>> from fractions import Fraction
        >>> apportion([128, 128], [Fraction(3, 4), Fraction(1, 8), Fraction(1, 8)])
        [[96, 16, 16], [96, 16, 16]]
    """
    exact = [[size * share / sum(shares) for share in shares] for size in class_sizes]
    wanted = _side_sizes(sum(class_sizes), shares, at_least=len(class_sizes))
    table = [_side_sizes(size, shares, at_least=1) for size in class_sizes]
    # Each class by itself is as near as can be, but the sides' sums may be off. Moving one image at a time along the
    # cheapest way from a side with too many to one with too few (a minimum-cost flow) keeps the whole as near.
    while any(surplus := [sum(column) - size for *column, size in zip(*table, wanted, strict=True)]):
        for row, source, target in _cheapest_moves(table, exact, surplus):
            table[row][source] -= 1
            table[row][target] += 1
    return table


def _cheapest_moves(
    table: list[list[int]], exact: list[list[Fraction]], surplus: list[int]
) -> tuple[tuple[int, int, int], ...]:
    """Return the moves (class, from side, to side) that correct the sides' sums by one image at the least cost."""

    def cost(row: int, side: int, change: int) -> tuple[Fraction, Fraction]:
        before, after = (abs(table[row][side] + more - exact[row][side]) for more in (0, change))
        return max(after, Fraction(1)) - max(before, Fraction(1)), after**2 - before**2  # beyond one image weighs most

    sides = range(len(surplus))
    best: dict[tuple[int, int], tuple[Fraction, Fraction, int]] = {}
    for source, target in permutations(sides, 2):
        for row, counts in enumerate(table):
            if counts[source] > 1:
                give, take = cost(row, source, -1), cost(row, target, 1)
                found = (give[0] + take[0], give[1] + take[1], row)
                best[source, target] = min(best.get((source, target), found), found)
    ways = []
    for source, target in permutations(sides, 2):
        if surplus[source] > 0 > surplus[target]:
            for stop in sides:
                steps = [(source, target)] if stop in (source, target) else [(source, stop), (stop, target)]
                if all(step in best for step in steps):
                    total = (sum(best[step][0] for step in steps), sum(best[step][1] for step in steps), len(steps))
                    ways.append((total, tuple((best[step][2], *step) for step in steps)))
    return min(ways)[1]


def _side_sizes(total: int, shares: Sequence[Fraction], *, at_least: int) -> list[int]:
    """Return the sides' sizes by largest remainder, none smaller than `at_least`: the largest side gives."""
    exact = [total * share / sum(shares) for share in shares]
    sizes = [math.floor(size) for size in exact]
    by_remainder = sorted(range(len(shares)), key=lambda side: (sizes[side] - exact[side], side))
    for side in by_remainder[: total - sum(sizes)]:
        sizes[side] += 1
    while min(sizes) < at_least:
        sizes[sizes.index(min(sizes))] += 1
        sizes[sizes.index(max(sizes))] -= 1
    return sizes
