"""Its reference is a slip of the pen."""

from emoclass import MetricSpec, hookimpl

CAUGHT_BY = "check_agrees_with_reference"
MESSAGE = "sklearn.metric.accuracy_score"


def compute(y_true, y_score, *, labels, sample_weight=None):
    import numpy as np

    from emoclass import predicted_classes

    return float(np.average(predicted_classes(y_score) == y_true, weights=sample_weight))


@hookimpl
def register_metrics():
    return [
        MetricSpec(
            name="misspelt-reference",
            summary="A figure of merit.",
            compute=compute,
            reference="sklearn.metric.accuracy_score",
        )
    ]
