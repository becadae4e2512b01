"""Its counts are those of the misses."""

from emoclass import MetricSpec, hookimpl

CAUGHT_BY = "check_counts_give_the_value"
MESSAGE = "as its counts give"


def compute(y_true, y_score, *, labels, sample_weight=None):
    import numpy as np

    return float(np.average(y_score.argmax(axis=1) == y_true, weights=sample_weight))


def counts(y_true, y_score, *, labels):
    return int((y_score.argmax(axis=1) != y_true).sum()), len(y_true)


@hookimpl
def register_metrics():
    return [
        MetricSpec(
            name="misses-for-hits", summary="The share of hits.", compute=compute, interval="proportion", counts=counts
        )
    ]
