"""Deal images into the parts of a cross-validation: stratified, seeded, groups and copies kept whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

from emoclass.data.place import place
from emoclass.data.units import few_units, units
from emoclass.errors import DataError
from emoclass.values.labels import LabelScheme
from emoclass.values.specs import Sample

LEAST = 4
"""Units of a class that two parts need: one part trains and validates while the other is tested."""


def deal(
    samples: Sequence[Sample],
    labels: LabelScheme,
    n_parts: int,
    *,
    seed: int,
    clusters: Sequence[Collection[str]] = (),
) -> list[int]:
    """Return the part, from 1 to `n_parts`, of each sample.

    The parts are as large as one another within one image, and so are the parts of each class, where groups and
    clusters allow. Samples of one group or cluster stand in one part.

    Args:
        samples: Sorted by id: the draw depends on their order.
        labels: The scheme.
        n_parts: How many parts.
        seed: Decides who goes where.
        clusters: Ids of samples that show one picture.

    Raises:
        DataError: A class has too few images, or too few that are free to stand in different parts.
    """
    unit_of = units(samples, clusters)
    images = Counter(sample.emotion for sample in samples)
    least = LEAST if n_parts == 2 else n_parts
    small = few_units(samples, labels, unit_of, least)
    if small is not None:
        raise DataError(
            f"too few images for {n_parts} folds: {small.listed}; expected at least {least} per class{small.apart} to "
            f"train, validate and test in turn.",
            hint=f"Use fewer folds, {small.cure[0].lower()}{small.cure[1:]}, or leave the emotion out with --labels.",
        )
    rng = np.random.default_rng([seed, 0xF01D])
    quotas = _quotas([images[emotion] for emotion in labels.emotions], n_parts)
    parts = place(samples, unit_of, dict(zip(labels.emotions, quotas, strict=True)), n_parts, rng)
    return [part + 1 for part in parts]


def _quotas(class_sizes: Sequence[int], n_parts: int) -> list[list[int]]:
    """Return how many images of each class (rows) each part (columns) should get.

    What a class leaves over is dealt on where the class before it stopped, so that the parts' sums, too, differ by
    one image at most.

    Example:
        >>> _quotas([7, 4], 3)
        [[3, 2, 2], [1, 2, 1]]
    """
    start, table = 0, []
    for size in class_sizes:
        whole, over = divmod(size, n_parts)
        table.append([whole + ((part - start) % n_parts < over) for part in range(n_parts)])
        start = (start + over) % n_parts
    return table
