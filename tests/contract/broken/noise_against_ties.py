"""It breaks ties at random, without a seed."""

from emoclass import MetricSpec, hookimpl

CAUGHT_BY = "check_sample_order_does_not_matter"
MESSAGE = "in any order"


def compute(y_true, y_score, *, labels, sample_weight=None):
    import numpy as np

    noise = np.random.default_rng().uniform(0, 1e-9, y_score.shape)
    return float(np.average((y_score + noise).argmax(axis=1) == y_true, weights=sample_weight))


@hookimpl
def register_metrics():
    return [MetricSpec(name="noise-against-ties", summary="The share of hits.", compute=compute)]
