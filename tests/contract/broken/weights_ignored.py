"""It takes weights and does not use them."""

from emoclass import MetricSpec, hookimpl

CAUGHT_BY = "check_weights"
MESSAGE = "as repeated images give"


def compute(y_true, y_score, *, labels, sample_weight=None):
    return float((y_score.argmax(axis=1) == y_true).mean())


@hookimpl
def register_metrics():
    return [MetricSpec(name="weights-ignored", summary="The share of hits.", compute=compute)]
