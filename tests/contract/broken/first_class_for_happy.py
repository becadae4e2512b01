"""It takes the first class for happy, whatever the labels say."""

from emoclass import MetricSpec, hookimpl

CAUGHT_BY = "check_labels_are_followed"
MESSAGE = "in the class order"


def compute(y_true, y_score, *, labels, sample_weight=None):
    import numpy as np

    happy = y_true == 0
    if not happy.any():
        raise ValueError("no image is happy")
    weights = None if sample_weight is None else sample_weight[happy]
    return float(np.average(y_score[happy].argmax(axis=1) == 0, weights=weights))


@hookimpl
def register_metrics():
    return [MetricSpec(name="first-class-for-happy", summary="The recall of happy.", compute=compute)]
