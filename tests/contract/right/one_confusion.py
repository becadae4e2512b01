"""It speaks of two certain emotions, and is undefined where the run has not both."""

from emoclass import MetricSpec, hookimpl, predicted_classes


def compute(y_true, y_score, *, labels, sample_weight=None):
    import numpy as np

    for emotion in ("sad", "happy"):
        if emotion not in labels.emotions:
            raise ValueError(f"{emotion} is not among the labels")
    sad = y_true == labels.index("sad")
    weights = (np.ones(len(y_true)) if sample_weight is None else sample_weight)[sad]
    if not weights.sum():
        raise ValueError("no image is sad")
    return float(np.average(predicted_classes(y_score)[sad] == labels.index("happy"), weights=weights))


@hookimpl
def register_metrics():
    summary = "The share of sad images that are taken for happy ones."
    return [MetricSpec(name="one-confusion", summary=summary, compute=compute, direction="lower")]
