"""Is there a difference between the values of an attribute at all? A permutation test that heeds persons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emoclass.evaluation.predictions import BoolArray, IntArray

PERMUTATIONS = 5000
CELLS = 2**20
"""Values times permutations that are held at a time: a dataset may have thousands of persons."""


def permutation_test(right: BoolArray, value: IntArray, *, units: IntArray | None = None, seed: int) -> float | None:
    """Return the p-value of the hypothesis that an answer's being right is independent of the value.

    The values are dealt out anew, and what counts is how often right answers are then as unevenly spread over them as
    they are: by the sum over values of (hits - expected hits)^2 / images. Images of one person are no independent
    evidence. Persons who have one value are dealt values as a whole; where a person has several, these are dealt out
    to the images of that person, so that persons who are easier to read make no difference.

    None if each value is that of one person and each person has one value: values and persons are the same then, and
    however they are dealt, nothing changes.

    Shapes: `right` is bool `(n,)`, `value` int `(n,)` from 0 on, without gaps, and so is `units`: the independent unit
    of each image, such as its person; None where each is one.

    Range: (0, 1].

    Source: Good (2005), Permutation, parametric and bootstrap tests of hypotheses; Phipson and Smyth (2010),
    Permutation p-values should never be zero, for the 1 that is added.
    """
    n, classes = len(right), int(value.max()) + 1
    # Where each image is a unit, values are dealt out to all images: as within a single unit.
    unit = np.zeros(n, np.int64) if units is None or int(units.max()) + 1 == n else units
    n_values = np.bincount(np.unique(np.stack([unit, value]), axis=1)[0])
    whole = (n_values == 1)[unit]
    if whole.all() and len(n_values) == classes:
        return None
    rng, as_far, left = np.random.default_rng(seed), 0, PERMUTATIONS
    dealt_to = _ToUnits(right[whole], value[whole], unit[whole], classes)
    dealt_within = _WithinUnits(right[~whole], value[~whole], unit[~whole], classes)
    observed = _spread(dealt_to.observed() + dealt_within.observed())
    while left:
        size = min(left, max(1, CELLS // classes))
        drawn = _spread(dealt_to.draw(size, rng) + dealt_within.draw(size, rng))
        as_far += int((drawn >= observed * (1 - 1e-9) - 1e-12).sum())
        left -= size
    return (1 + as_far) / (1 + PERMUTATIONS)


def _spread(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how unevenly hits are spread over the values, of hits, expected hits and images `(3, ..., values)`."""
    hits, expected, images = counts
    return np.asarray(((hits - expected) ** 2 / images).sum(axis=-1))


class _ToUnits:
    """Images whose unit has one value: values are dealt out to whole units."""

    def __init__(self, right: BoolArray, value: IntArray, unit: IntArray, classes: int) -> None:
        _, first, number = np.unique(unit, return_index=True, return_inverse=True)
        self._value, self._classes = value[first], classes
        self._hits = np.bincount(number, weights=right, minlength=len(first))
        self._images = np.bincount(number, minlength=len(first)).astype(np.float64)
        self._share = self._hits.sum() / max(self._images.sum(), 1)

    def _counts(self, value: IntArray) -> NDArray[np.float64]:
        images = np.bincount(value, weights=self._images, minlength=self._classes)
        return np.stack([np.bincount(value, weights=self._hits, minlength=self._classes), self._share * images, images])

    def observed(self) -> NDArray[np.float64]:
        """Return hits, expected hits and images of each value: `(3, values)`."""
        return self._counts(self._value)

    def draw(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return the same of each of `size` permutations: `(3, size, values)`."""
        if not len(self._value):
            return np.zeros((3, size, self._classes))
        return np.stack([self._counts(rng.permutation(self._value)) for _ in range(size)], axis=1)


class _WithinUnits:
    """Images whose unit has several values: these are dealt out within each, so that hits are hypergeometric."""

    def __init__(self, right: BoolArray, value: IntArray, unit: IntArray, classes: int) -> None:
        self._classes = classes
        # Runs of one unit and value: their values, sizes and hits, then cut where another unit begins.
        order = np.lexsort((value, unit))
        unit, ordered = unit[order], value[order]
        first = np.flatnonzero(np.diff(unit, prepend=-1) | np.diff(ordered, prepend=-1))
        sizes = np.diff(first, append=len(unit))
        n_right = np.add.reduceat(right[order], first, dtype=np.int64) if len(first) else sizes
        cuts = np.flatnonzero(np.diff(unit[first], prepend=-1))[1:]
        runs = zip(*(np.split(each, cuts) for each in (ordered[first], sizes, n_right)), strict=True)
        self._units = [(present, of_value, int(own.sum())) for present, of_value, own in runs if len(present)]
        self._hits = np.bincount(value, weights=right, minlength=classes)
        self._expected, self._images = np.zeros(classes), np.zeros(classes)
        for present, sizes, hits in self._units:
            self._expected[present] += hits * sizes / sizes.sum()
            self._images[present] += sizes

    def observed(self) -> NDArray[np.float64]:
        """Return hits, expected hits and images of each value: `(3, values)`."""
        return np.stack([self._hits, self._expected, self._images])

    def draw(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return the same of each of `size` permutations: `(3, size, values)`."""
        drawn = np.zeros((size, self._classes))
        for present, sizes, hits in self._units:
            drawn[:, present] += rng.multivariate_hypergeometric(sizes, hits, size=size, method="marginals")
        return np.stack([drawn, *(np.broadcast_to(each, drawn.shape) for each in (self._expected, self._images))])
