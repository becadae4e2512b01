"""Its transform falls: the ends of the interval change places."""

from emoclass import MetricSpec, hookimpl

CAUGHT_BY = "check_counts_give_the_value"
MESSAGE = "expected a rising transform"


def compute(y_true, y_score, *, labels, sample_weight=None):
    import numpy as np

    from emoclass import predicted_classes

    return float(np.average(predicted_classes(y_score) != y_true, weights=sample_weight))


def counts(y_true, y_score, *, labels):
    from emoclass import predicted_classes

    return int((predicted_classes(y_score) == y_true).sum()), len(y_true)


def rate_of_errors(hits):
    return 1 - hits


@hookimpl
def register_metrics():
    return [
        MetricSpec(
            name="falling-transform",
            summary="A figure of merit.",
            compute=compute,
            interval="proportion",
            counts=counts,
            transform=rate_of_errors,
            direction="lower",
        )
    ]
