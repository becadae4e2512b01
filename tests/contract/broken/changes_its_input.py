"""It sharpens the probabilities in place, which other metrics get, too."""

from emoclass import MetricSpec, hookimpl

CAUGHT_BY = "check_within_bounds"
MESSAGE = "assignment destination is read-only"


def compute(y_true, y_score, *, labels, sample_weight=None):
    import numpy as np

    y_score[:] = y_score == y_score.max(axis=1, keepdims=True)
    return float(np.average(y_score[np.arange(len(y_true)), y_true], weights=sample_weight))


@hookimpl
def register_metrics():
    return [MetricSpec(name="changes-its-input", summary="The share of hits.", compute=compute)]
