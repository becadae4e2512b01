"""It says that it is scikit-learn's macro F1, and is the weighted one."""

from emoclass import MetricSpec, hookimpl

CAUGHT_BY = "check_agrees_with_reference"
MESSAGE = "sklearn.metrics.f1_score"


def compute(y_true, y_score, *, labels, sample_weight=None):
    from sklearn.metrics import f1_score

    y_pred = y_score.argmax(axis=1)
    return float(f1_score(y_true, y_pred, average="weighted", sample_weight=sample_weight, zero_division=0))


@hookimpl
def register_metrics():
    return [
        MetricSpec(
            name="other-than-its-reference",
            summary="The mean F1 of the emotions.",
            compute=compute,
            reference="sklearn.metrics.f1_score",
        )
    ]
