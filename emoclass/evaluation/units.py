"""Which images are independent evidence: those of one person, and copies of one picture, are not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FEW_UNITS = 10
"""Below so many persons, say, figures depend on who they are more than on the model."""


def independent_units(n: int, *ties: Sequence[str | None] | None) -> NDArray[np.int64]:
    """Return the number of each image's independent unit, from 0 on without gaps, in the order in which they appear.

    Shapes: -> int64 `(n,)`.

    Args:
        n: How many images there are.
        *ties: For each image the name of its group, or of the picture that it is a copy of; images with one name are
            one unit. None where an image has no such name, or none has.

    Example:
        >>> independent_units(5, ["anna", "anna", "ben", None, None], [None, "x", "x", None, None]).tolist()
        [0, 0, 0, 1, 2]
    """
    from scipy.sparse import coo_array  # here: who only predicts must not wait for SciPy
    from scipy.sparse.csgraph import connected_components

    first: list[int] = []
    other: list[int] = []
    for names in ties:
        place_of: dict[str, int] = {}
        for place, name in enumerate(names or ()):
            if name is not None:
                first.append(place_of.setdefault(name, place))
                other.append(place)
    graph = coo_array((np.ones(len(first), dtype=np.int8), (first, other)), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    _, places, number = np.unique(component, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(places))[number], dtype=np.int64)
