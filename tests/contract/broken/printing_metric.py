"""It prints its value, a thousand times in a bootstrap."""

from emoclass import MetricSpec, hookimpl

CAUGHT_BY = "check_within_bounds"
MESSAGE = "expected compute to print nothing, got 'accuracy"


def compute(y_true, y_score, *, labels, sample_weight=None):
    import numpy as np

    accuracy = float(np.average(y_score.argmax(axis=1) == y_true, weights=sample_weight))
    print(f"accuracy {accuracy:.3f}")
    return accuracy


@hookimpl
def register_metrics():
    return [MetricSpec(name="printing-metric", summary="The share of hits.", compute=compute)]
