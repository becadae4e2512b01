"""More is better, it says of an error."""

from emoclass import MetricSpec, hookimpl

CAUGHT_BY = "check_perfect_inverted_constant"
MESSAGE = "for perfect predictions (direction 'higher', bounds (0.0, 1.0))"


def compute(y_true, y_score, *, labels, sample_weight=None):
    import numpy as np

    return float(np.average(y_score.argmax(axis=1) != y_true, weights=sample_weight))


@hookimpl
def register_metrics():
    return [MetricSpec(name="wrong-direction", summary="The share of misses.", compute=compute)]
