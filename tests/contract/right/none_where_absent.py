"""A figure for each emotion, None for those that no image shows."""

from emoclass import MetricSpec, hookimpl, predicted_classes


def compute(y_true, y_score, *, labels, sample_weight=None):
    import numpy as np

    weights = np.ones(len(y_true)) if sample_weight is None else np.asarray(sample_weight)
    right = predicted_classes(y_score) == y_true
    figures = {}
    for number, emotion in enumerate(labels.emotions):
        chosen = y_true == number
        total = weights[chosen].sum()
        figures[emotion] = float((weights * right)[chosen].sum() / total) if total else None
    return figures


@hookimpl
def register_metrics():
    summary = "For each emotion the share of its images that are recognized."
    return [MetricSpec(name="none-where-absent", summary=summary, compute=compute, kind="per_class")]
