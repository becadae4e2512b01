"""A loss: less is better, and there is no largest one."""

from emoclass import MetricSpec, hookimpl


def compute(y_true, y_score, *, labels, sample_weight=None):
    import numpy as np

    chosen = y_score[np.arange(len(y_true)), y_true].clip(1e-12, 1)
    return float(np.average(-np.log2(chosen), weights=sample_weight))


@hookimpl
def register_metrics():
    return [
        MetricSpec(
            name="surprise",
            summary="The mean surprise in bits: minus the logarithm of the true emotion's probability.",
            compute=compute,
            bounds=(0.0, None),
            direction="lower",
        )
    ]
