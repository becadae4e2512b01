"""It counts in percent, beyond its bounds."""

from emoclass import MetricSpec, hookimpl

CAUGHT_BY = "check_within_bounds"
MESSAGE = "expected a value in [0, 1], got 100"


def compute(y_true, y_score, *, labels, sample_weight=None):
    import numpy as np

    return 100 * float(np.average(y_score.argmax(axis=1) == y_true, weights=sample_weight))


@hookimpl
def register_metrics():
    return [MetricSpec(name="percent", summary="The share of hits.", compute=compute)]
