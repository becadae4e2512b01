"""It offers an accuracy of its own, which would replace the built-in one."""

from emoclass import MetricSpec, hookimpl

CAUGHT_BY = "check_loads"
MESSAGE = "metric 'accuracy', a name that emoclass itself offers"


def accuracy(y_true, y_score, *, labels, sample_weight=None):
    import numpy as np

    return float(np.average(y_score.argmax(axis=1) == y_true, weights=sample_weight))


@hookimpl
def register_metrics():
    return [MetricSpec(name="accuracy", summary="The share of hits.", compute=accuracy)]
