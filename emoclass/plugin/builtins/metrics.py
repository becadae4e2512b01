"""The built-in metrics, described. Listing them imports no NumPy: their code is named, not imported."""

from __future__ import annotations

from emoclass.values.specs import MetricSpec

_DECISIONS = "emoclass.evaluation.metrics"
_PROBABILITIES = "emoclass.evaluation.probability_metrics"
_VOTES = "emoclass.evaluation.vote_metrics"

BUILTIN_METRICS: tuple[MetricSpec, ...] = (
    MetricSpec(
        name="accuracy",
        summary="The fraction of images that are classified correctly.",
        compute=f"{_DECISIONS}:accuracy",
        interval="proportion",
        counts=f"{_DECISIONS}:accuracy_counts",
        reference="sklearn.metrics.accuracy_score",
    ),
    MetricSpec(
        name="balanced_accuracy",
        summary="The mean recall over the emotions that are present.",
        compute=f"{_DECISIONS}:balanced_accuracy",
        interval="proportion",
        counts=f"{_DECISIONS}:balanced_accuracy_counts",
        reference="sklearn.metrics.balanced_accuracy_score",
    ),
    MetricSpec(
        name="precision",
        summary="The fraction of an emotion's predictions that are correct: of the second of two labels, else the "
        "macro average.",
        compute=f"{_DECISIONS}:precision",
        interval="proportion",
        counts=f"{_DECISIONS}:precision_counts",
        reference="sklearn.metrics.precision_score",
    ),
    MetricSpec(
        name="recall",
        summary="The fraction of an emotion's images that are recognized: of the second of two labels, else the macro "
        "average.",
        compute=f"{_DECISIONS}:recall",
        interval="proportion",
        counts=f"{_DECISIONS}:recall_counts",
        reference="sklearn.metrics.recall_score",
    ),
    MetricSpec(
        name="f1",
        summary="The harmonic mean of precision and recall: of the second of two labels, else the macro average.",
        compute=f"{_DECISIONS}:f1",
        interval="proportion",
        counts=f"{_DECISIONS}:f1_counts",
        transform=f"{_DECISIONS}:f1_from_jaccard",
        reference="sklearn.metrics.f1_score",
    ),
    MetricSpec(
        name="precision_per_class",
        summary="The precision of each emotion: the fraction of its predictions that are correct.",
        compute=f"{_DECISIONS}:precision_per_class",
        kind="per_class",
        interval="proportion",
        counts=f"{_DECISIONS}:precision_per_class_counts",
        reference="sklearn.metrics.precision_score",
    ),
    MetricSpec(
        name="recall_per_class",
        summary="The recall of each emotion: the fraction of its images that are recognized.",
        compute=f"{_DECISIONS}:recall_per_class",
        kind="per_class",
        interval="proportion",
        counts=f"{_DECISIONS}:recall_per_class_counts",
        reference="sklearn.metrics.recall_score",
    ),
    MetricSpec(
        name="f1_per_class",
        summary="The F1 score of each emotion: the harmonic mean of precision and recall.",
        compute=f"{_DECISIONS}:f1_per_class",
        kind="per_class",
        interval="proportion",
        counts=f"{_DECISIONS}:f1_per_class_counts",
        transform=f"{_DECISIONS}:f1_from_jaccard",
        reference="sklearn.metrics.f1_score",
    ),
    MetricSpec(
        name="roc_auc",
        summary="The area under the ROC curve: the probability that an image of an emotion scores higher for it than "
        "another image.",
        compute=f"{_PROBABILITIES}:roc_auc",
        reference="sklearn.metrics.roc_auc_score",
    ),
    MetricSpec(
        name="average_precision",
        summary="The area under the precision-recall curve, summed in steps.",
        compute=f"{_PROBABILITIES}:average_precision",
        reference="sklearn.metrics.average_precision_score",
    ),
    MetricSpec(
        name="log_loss",
        summary="The mean of -ln of the probability given to the true emotion, in nats.",
        compute=f"{_PROBABILITIES}:log_loss",
        bounds=(0.0, None),
        direction="lower",
        reference="sklearn.metrics.log_loss",
    ),
    MetricSpec(
        name="brier_score",
        summary="The mean squared error of the probabilities: of the second of two labels, else summed over all.",
        compute=f"{_PROBABILITIES}:brier_score",
        bounds=(0.0, 2.0),
        direction="lower",
        reference="sklearn.metrics.brier_score_loss",
    ),
    MetricSpec(
        name="expected_calibration_error",
        summary="The mean distance between confidence and accuracy, in 15 bins of equal width.",
        compute=f"{_PROBABILITIES}:expected_calibration_error",
        interval="none",
        direction="lower",
        reference="Guo et al. (2017), On calibration of modern neural networks",
    ),
    MetricSpec(
        name="cohen_kappa",
        summary="The agreement of predictions and ground truth beyond chance.",
        compute=f"{_DECISIONS}:cohen_kappa",
        bounds=(-1.0, 1.0),
        reference="sklearn.metrics.cohen_kappa_score",
    ),
    MetricSpec(
        name="annotator_agreement",
        summary="The mean share of an image's annotators who chose the predicted emotion.",
        compute=f"{_VOTES}:annotator_agreement",
        takes_votes=True,
        reference="sklearn.metrics.accuracy_score, where each vote is an image",
    ),
    MetricSpec(
        name="human_ceiling",
        summary="How often an annotator agrees with the majority of an image's other annotators.",
        compute=f"{_VOTES}:human_ceiling",
        takes_votes="counts",
        direction="none",
        reference="after Snow et al. (2008), Cheap and fast - but is it good?",
    ),
    MetricSpec(
        name="vote_divergence",
        summary="How far the probabilities are from the annotators' shares: the Kullback-Leibler divergence, in nats.",
        compute=f"{_VOTES}:vote_divergence",
        takes_votes=True,
        bounds=(0.0, None),
        direction="lower",
        reference="Kullback and Leibler (1951), On information and sufficiency",
    ),
    MetricSpec(
        name="confusion_matrix",
        summary="The number of images of each true emotion (row) predicted as each emotion (column).",
        compute=f"{_DECISIONS}:confusion_matrix",
        kind="matrix",
        interval="none",
        bounds=(0.0, None),
        direction="none",
        reference="sklearn.metrics.confusion_matrix",
    ),
)
