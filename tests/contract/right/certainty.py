"""A figure that is neither good nor bad, and asks nothing of the truth."""

from emoclass import MetricSpec, hookimpl


def compute(y_true, y_score, *, labels, sample_weight=None):
    import numpy as np

    return float(np.average(y_score.max(axis=1), weights=sample_weight))


@hookimpl
def register_metrics():
    summary = "The mean probability of the predicted emotion."
    return [MetricSpec(name="certainty", summary=summary, compute=compute, direction="none")]
