"""It averages batches, the last of which is smaller: the samples' order matters."""

from emoclass import MetricSpec, hookimpl

CAUGHT_BY = "check_sample_order_does_not_matter"
MESSAGE = "in any order"


def compute(y_true, y_score, *, labels, sample_weight=None):
    import numpy as np

    hits = y_score.argmax(axis=1) == y_true
    weights = np.ones(len(hits)) if sample_weight is None else sample_weight
    starts = range(0, len(hits), 8)
    return float(np.mean([np.average(hits[i : i + 8], weights=weights[i : i + 8]) for i in starts]))


@hookimpl
def register_metrics():
    return [MetricSpec(name="mean-of-batches", summary="The share of hits.", compute=compute)]
