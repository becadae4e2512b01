"""From probabilities to a decision: which class a report shows, and a metric should count.

NumPy is imported when it is needed, so that a plugin may import this beside its hooks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def predicted_classes(y_score: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the class index that each row of probabilities stands for.

    Two classes: the second (positive) one where its probability is at least 0.5, so that a tie is
    positive, as with the threshold of a sigmoid. More: the largest probability, a tie going to the
    class that comes first in label order.

    Shapes: `(n, classes)` -> int `(n,)`.

    Example:
        >>> import numpy as np
        >>> predicted_classes(np.array([[0.5, 0.5], [0.6, 0.4]])).tolist()
        [1, 0]
    """
    import numpy as np

    if y_score.shape[1] == 2:
        return np.asarray(y_score[:, 1] >= 0.5, dtype=np.int64)
    return np.asarray(np.argmax(y_score, axis=1), dtype=np.int64)
