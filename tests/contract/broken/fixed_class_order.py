"""It writes the classes' values under names in an order of its own."""

from emoclass import MetricSpec, hookimpl

CAUGHT_BY = "check_labels_are_followed"
MESSAGE = "in the class order happy, sad"


def compute(y_true, y_score, *, labels, sample_weight=None):
    import numpy as np

    recalls = {}
    for index, emotion in enumerate(sorted(labels.emotions)):
        true = y_true == index
        weights = None if sample_weight is None else sample_weight[true]
        recalls[emotion] = (
            float(np.average(y_score[true].argmax(axis=1) == index, weights=weights)) if true.any() else None
        )
    return recalls


@hookimpl
def register_metrics():
    return [
        MetricSpec(name="fixed-class-order", summary="The recall of each emotion.", compute=compute, kind="per_class")
    ]
