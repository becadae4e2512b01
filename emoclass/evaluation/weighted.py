"""Figures of many resamples at once: what `MetricSpec.weighted` of the usual kinds of metric returns.

A resample is a row of weights: how often each image was drawn. So the images are sorted, or their losses computed, once
and not in each of a thousand resamples. NumPy is imported when it is needed, so that a plugin may import this beside
its hooks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["OfWeights", "weighted_confusions", "weighted_mean"]

OfWeights: TypeAlias = "Callable[[NDArray[np.float64]], NDArray[np.float64]]"
"""Weights `(resamples, n)` -> figures `(resamples,)` or `(resamples, classes)`, NaN where a figure is undefined."""


def weighted_mean(values: ArrayLike) -> OfWeights:
    """Return the weighted mean of one value an image, as a function of the weights.

    Args:
        values: One number for each image, such as its loss. Shape: `(n,)`.

    Example:
        >>> import numpy as np
        >>> weighted_mean([0.0, 3.0])(np.array([[1.0, 1.0], [2.0, 0.0]])).tolist()
        [1.5, 0.0]
    """
    import numpy as np

    array = np.asarray(values, dtype=np.float64)
    # Not `weights @ array`: threads of BLAS that wait would take the processors from those of the bootstrap.
    return lambda weights: ratio(np.einsum("ij,j->i", weights, array), weights.sum(axis=1))


def weighted_confusions(
    y_true: NDArray[np.int64],
    y_pred: NDArray[np.int64],
    classes: int,
    figure: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> OfWeights:
    """Return a figure of weighted confusion matrices, as a function of the weights.

    Args:
        y_true: The true classes. Shape: int `(n,)`.
        y_pred: The predicted classes. Shape: int `(n,)`.
        classes: How many classes there are.
        figure: Confusion matrices `(resamples, classes, classes)`, rows = true class, -> figures `(resamples,)` or
            `(resamples, classes)`.

    Example:
        >>> import numpy as np
        >>> right = weighted_confusions(np.array([0, 1]), np.array([0, 0]), 2, lambda m: m[:, 0, 0] + m[:, 1, 1])
        >>> right(np.array([[1.0, 1.0], [2.0, 0.0]])).tolist()
        [1.0, 2.0]
    """
    import numpy as np

    cell = np.asarray(y_true) * classes + np.asarray(y_pred)

    def of_weights(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        rows = [np.bincount(cell, weights=row, minlength=classes**2) for row in weights]
        return figure(np.reshape(rows, (len(weights), classes, classes)))

    return of_weights


def ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return part / whole, NaN where the whole is 0."""
    import numpy as np

    undefined: NDArray[np.float64] = np.full(np.broadcast(part, whole).shape, np.nan)
    return np.divide(part, whole, out=undefined, where=whole > 0)
