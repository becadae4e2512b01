"""The fast way to the figure takes the weights and does not use them: all resamples agree."""

import numpy as np

from emoclass import MetricSpec, hookimpl, predicted_classes

CAUGHT_BY = "check_weighted_gives_the_value"
MESSAGE = "from weighted, as compute gives"


def hits(y_true, y_score, *, labels, sample_weight=None):
    return float(np.average(predicted_classes(y_score) == y_true, weights=sample_weight))


def hits_weighted(y_true, y_score, *, labels):
    value = hits(y_true, y_score, labels=labels)
    return lambda weights: np.full(len(weights), value)


@hookimpl
def register_metrics():
    return [MetricSpec(name="hits", summary="The share of right ones.", compute=hits, weighted=hits_weighted)]
