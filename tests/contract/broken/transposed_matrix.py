"""Its rows are the predicted classes."""

from emoclass import MetricSpec, hookimpl

CAUGHT_BY = "check_perfect_inverted_constant"
MESSAGE = "expected numbers where each true class (row) meets the next class (column)"


def compute(y_true, y_score, *, labels, sample_weight=None):
    import numpy as np

    from emoclass import predicted_classes

    matrix = np.zeros((len(labels), len(labels)))
    np.add.at(matrix, (predicted_classes(y_score), y_true), 1 if sample_weight is None else sample_weight)
    return matrix


@hookimpl
def register_metrics():
    return [
        MetricSpec(
            name="transposed-matrix",
            summary="A figure of merit.",
            compute=compute,
            kind="matrix",
            interval="none",
            bounds=(0, None),
        )
    ]
