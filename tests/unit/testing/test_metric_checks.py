"""Each metric check fails on a metric that was made wrong for it, says so, and passes a right one."""

import subprocess
import sys

import numpy as np
import pytest
import sklearn.metrics as sk

from emoclass import MetricSpec, predicted_classes
from emoclass.evaluation.metrics import accuracy, confusion_matrix, recall_per_class, recall_per_class_counts
from emoclass.plugin.builtins.metrics import BUILTIN_METRICS
from emoclass.plugin.registry import PluginInfo, Registry
from emoclass.testing.case import Case, CheckFailed, CheckSkipped
from emoclass.testing.checks import metric as checks

BUILTIN = {spec.name: spec for spec in BUILTIN_METRICS}
EVERY_CLASS = {"kind": "per_class", "interval": "none"}


def run(check, spec):
    """Run a check, and return what it says: nothing, why it is skipped, or what is wrong."""
    case = Case(Registry(), PluginInfo("mine", origin="here"), spec, scratch=None)
    try:
        check(case)
    except CheckSkipped as skipped:
        return f"skipped: {skipped}"
    except CheckFailed as failed:
        assert str(failed).startswith("metric 'm' (plugin 'mine'): expected ")
        return str(failed)
    return ""


def metric(compute, **more):
    return MetricSpec(name="m", summary="A metric.", compute=compute, **more)


def right(y_true, y_score, sample_weight=None, **_):
    """Accuracy, as short as it gets."""
    return float(np.average(predicted_classes(y_score) == y_true, weights=sample_weight))


def wrong(y_true, y_score, **more):
    return 1 - right(y_true, y_score, **more)


def distance(y_true, y_score, *, labels, votes, sample_weight=None):
    """The mean total variation distance between probabilities and votes."""
    return float(np.average(abs(y_score - votes).sum(axis=1) / 2, weights=sample_weight))


RIGHT = [
    metric(right, reference="sklearn.metrics.accuracy_score", interval="none"),
    metric(distance, takes_votes=True, direction="lower", reference=f"{__name__}:distance"),
    *(BUILTIN[name] for name in ("f1", "recall_per_class", "log_loss", "confusion_matrix")),
]


@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("spec", RIGHT, ids=lambda spec: spec.name)
def test_a_right_metric_passes(check, spec):
    skips = ("its interval is not made of counts", "compute is called for each resample")
    assert run(check, spec).removeprefix("skipped: ") in ("", *skips)


def test_a_metric_that_decides_ties_in_its_own_way_is_told_how_they_are_decided():
    tie = metric(lambda y_true, y_score, **_: float(np.mean(y_score.argmax(axis=1) == y_true)),
                 reference="sklearn.metrics.accuracy_score")  # fmt: skip
    assert "emoclass.predicted_classes decides ties" in run(checks.check_agrees_with_reference, tie)


# Bounds and kinds


def hits(y_true, y_score, **_):
    return float((predicted_classes(y_score) == y_true).sum())


def of_first_class_only(y_true, y_score, *, labels, **_):
    return {labels.emotions[0]: 1.0}


def in_place(y_true, y_score, **_):
    y_score[:] = 0
    return 0.0


def third_column(y_true, y_score, **_):
    return float(y_score[:, 2].mean())


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (metric(hits), "expected a value in [0, 1], got 2"),
        (metric(lambda *_, **__: float("nan")), "expected a finite number, got nan"),
        (metric(lambda *_, **__: float("inf"), bounds=(0, None)), "expected a finite number, got inf"),
        (metric(lambda *_, **__: [0.5]), "expected a number, got list"),
        (metric(right, **EVERY_CLASS), "expected a mapping from emotion to number, got float"),
        (metric(of_first_class_only, **EVERY_CLASS), "expected the emotions sad, happy, got sad"),
        (metric(lambda *_, **__: np.eye(7), kind="matrix"), "expected a matrix of shape (2, 2), got (7, 7)"),
        (metric(third_column), "got IndexError"),
        (metric(in_place), "read-only. Leave the arrays as they are, and change a copy."),
        (metric(lambda *_, labels, **__: {}[labels.emotions[0]]), "got KeyError: 'sad'"),
    ],
)
def test_what_is_no_valid_value_is_named_with_the_predictions(spec, said):
    message = run(checks.check_within_bounds, spec)
    assert said in message
    assert "labels sad, happy, y_true [" in message
    assert "y_score [[" in message


def test_a_metric_has_to_be_defined_where_every_emotion_is_there():
    def never(*_, **__):
        raise ValueError("too few images")

    message = run(checks.check_within_bounds, metric(never))
    assert "expected a value where every emotion is present" in message
    assert "got ValueError: too few images. Define it" in message


# Order of images


def test_a_metric_that_depends_on_the_order_of_images_fails():
    def of_first_half(y_true, y_score, **more):
        half = -(-len(y_true) // 2)
        return right(y_true[:half], y_score[:half])

    message = run(checks.check_sample_order_does_not_matter, metric(of_first_half))
    assert "in any order, for labels sad, happy, y_true [" in message
    assert "got 0.5 in the order [" in message


def test_being_undefined_in_one_order_only_fails():
    def picky(y_true, y_score, **more):
        if y_true[0] != y_true.min():
            raise ValueError("an odd beginning")
        return 1.0

    assert "nothing (ValueError: an odd beginning)" in run(checks.check_sample_order_does_not_matter, metric(picky))


# Perfect, inverted, constant


def confidence(y_true, y_score, **_):
    return float(y_score.max(axis=1).mean())


def too_sure(y_true, y_score, **_):
    entropy = -(y_score * np.log(np.maximum(y_score, 1e-12))).sum(axis=1)
    return float((wrong(y_true, y_score) - entropy).mean())


def per_class_but_last(y_true, y_score, *, labels, **_):
    return {**recall_per_class(y_true, y_score, labels=labels), labels.emotions[-1]: None}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (metric(wrong), ("expected 1 for perfect predictions (direction 'higher', bounds (0.0, 1.0))", "got 0.")),
        (metric(right, direction="lower"), ("expected 0 for perfect predictions", "got 1.")),
        (metric(lambda *_, **__: 0.9), ("expected 1 for perfect predictions", "got 0.9.")),
        (metric(per_class_but_last, **EVERY_CLASS), ("got sad 1, happy None.",)),
        (
            metric(confidence),
            ("expected predictions that are all wrong to be worse than perfect ones", "got 1 for both."),
        ),
        (
            metric(hits, bounds=(None, None), direction="lower"),
            ("expected no better than 8", "where all are wrong", "got 0."),
        ),
        (
            metric(too_sure, bounds=(None, 1), direction="lower"),
            ("expected no better than 0", "are uniform", "got -0."),
        ),
    ],
)
def test_a_metric_that_does_not_reward_what_is_right_fails(spec, said):
    message = run(checks.check_perfect_inverted_constant, spec)
    assert all(part in message for part in said), message
    assert "Correct the formula, or declare its direction" in message


def test_without_a_direction_values_need_only_be_valid():
    assert run(checks.check_perfect_inverted_constant, metric(confidence, direction="none")) == ""
    message = run(checks.check_perfect_inverted_constant, metric(hits, direction="none"))
    assert "expected a value in [0, 1], got " in message


# A class without images


def mean_recall(y_true, y_score, *, labels, sample_weight=None):
    y_pred = predicted_classes(y_score)
    return float(
        np.nan_to_num([np.float64((y_pred[y_true == k] == k).sum()) / np.sum(y_true == k) for k in (0, 1)]).mean()
    )


def one_column_for_each_class_found(y_true, y_score, **_):
    classes = np.unique(y_true)
    return float(y_score[y_true == classes[1]].mean())


def without_a_word(y_true, y_score, **more):
    if len(np.unique(y_true)) < y_score.shape[1]:
        raise ValueError
    return right(y_true, y_score)


@pytest.mark.parametrize(
    ("compute", "said"),
    [
        (mean_recall, ("expected no warning", "got RuntimeWarning: invalid value", "test_metric_checks.py, line ")),
        (one_column_for_each_class_found, ("got this error", "IndexError", "Raise ValueError with the reason")),
        (without_a_word, ("expected a reason where no image shows 'sad'", "got ValueError without a text")),
    ],
)
def test_a_metric_that_forgets_absent_classes_fails(compute, said):
    message = run(checks.check_absent_class, metric(compute))
    assert all(part in message for part in said), message


# The order of the classes


def swapped_names(y_true, y_score, *, labels, **_):
    values = recall_per_class(y_true, y_score, labels=labels)
    return dict(zip(sorted(labels.emotions), values.values(), strict=True))


def sorted_matrix(y_true, y_score, *, labels, **_):
    order = np.argsort(labels.emotions)
    return confusion_matrix(y_true, y_score, labels=labels)[np.ix_(order, order)]


@pytest.mark.parametrize(
    "spec",
    [
        metric(lambda y_true, y_score, **_: float(y_score[y_true == 0, 0].mean())),
        metric(
            lambda y_true, y_score, **_: float(np.corrcoef(y_true, predicted_classes(y_score))[0, 1]), bounds=(-1, 1)
        ),
        metric(swapped_names, **EVERY_CLASS),
        metric(sorted_matrix, kind="matrix", bounds=(0, None), direction="none"),
    ],
)
def test_a_metric_with_a_class_order_of_its_own_fails(spec):
    message = run(checks.check_labels_are_followed, spec)
    assert "in the class order " in message
    assert "Take the order of the classes from labels.emotions" in message


def test_of_two_labels_a_scalar_may_speak_of_the_second():
    assert run(checks.check_labels_are_followed, BUILTIN["precision"]) == ""


# Weights


def weighted_but_not_divided(y_true, y_score, *, labels, sample_weight=None):
    weight = np.ones(len(y_true)) if sample_weight is None else sample_weight
    return float((weight * (predicted_classes(y_score) == y_true)).mean())


def weighted_by_root(y_true, y_score, *, labels, sample_weight=None):
    return right(y_true, y_score, None if sample_weight is None else np.sqrt(sample_weight))


def shifted(y_true, y_score, *, labels, sample_weight=None):
    return right(y_true, y_score, None if sample_weight is None else sample_weight + np.arange(len(y_true)))


@pytest.mark.parametrize(
    ("compute", "said"),
    [
        (lambda y_true, y_score, **_: right(y_true, y_score), "as repeated images give, "),
        (weighted_by_root, "as repeated images give, "),
        (weighted_but_not_divided, "as repeated images give"),
        (shifted, "as no weights give, "),
        (lambda y_true, y_score, *, labels: right(y_true, y_score), "unexpected keyword argument 'sample_weight'"),
    ],
)
def test_a_metric_that_misreads_weights_fails(compute, said):
    assert said in run(checks.check_weights, metric(compute, bounds=(0, None)))


def test_a_metric_that_refuses_weights_fails():
    def refusing(y_true, y_score, *, labels, sample_weight=None):
        if sample_weight is not None:
            raise ValueError("no weights, please")
        return right(y_true, y_score)

    assert "got nothing (ValueError: no weights, please)" in run(checks.check_weights, metric(refusing))


def test_a_matrix_may_count_weights():
    assert run(checks.check_weights, BUILTIN["confusion_matrix"]) == ""


# Counts


def counted(counts, compute=accuracy, **more):
    return metric(compute, interval="proportion", counts=counts, **more)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (counted(lambda y_true, y_score, *, labels: (1, len(y_true) + 1)), "as its counts give, got"),
        (counted(lambda y_true, y_score, *, labels: (len(y_true) + 1, len(y_true))), "0 <= successes <= trials"),
        (counted(lambda y_true, y_score, *, labels: len(y_true)), "expected counts of (successes, trials)"),
        (
            counted(recall_per_class_counts, recall_per_class, kind="per_class", transform=lambda share: share**2),
            "as its counts give, got",
        ),
    ],
)
def test_counts_of_another_figure_fail(spec, said):
    message = run(checks.check_counts_give_the_value, spec)
    assert "expected counts and compute to agree for labels " in message
    assert said in message


# References


def mapped(y_true, y_score, *, labels):
    return recall_per_class(y_true, y_score, labels=labels)


def normalized(y_true, y_score, *, labels, **_):
    return confusion_matrix(y_true, y_score, labels=labels) / len(y_true)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (metric(right, reference="sklearn.metrics.f1_score"), "as sklearn.metrics.f1_score says for labels sad, happy"),
        (metric(normalized, kind="matrix", reference="sklearn.metrics.confusion_matrix"), "got [[0."),
        (metric(swapped_names, **EVERY_CLASS, reference="sklearn.metrics.recall_score"), "got sad 0."),
        (metric(right, reference="sklearn.metrics.acuracy_score"), "Did you mean 'accuracy_score'?"),
        (metric(right, reference="sklearn.metrics.ndcg_score"), "to be callable, got ValueError: Only "),
        (metric(right, reference="sklearn.metrics.roc_curve"), "to be callable, got ContractError: "),
        (metric(right, reference="no_such_package:thing"), "module 'no_such_package' cannot be imported"),
        (metric(right, reference="math:sqrt"), "to be callable, got TypeError: "),
    ],
)
def test_a_metric_that_is_not_its_reference_fails(spec, said):
    assert said in run(checks.check_agrees_with_reference, spec)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("scalar", "matthews_corrcoef"),
        ("scalar", "d2_brier_score"),
        ("per_class", "roc_auc_score"),
        ("per_class", "average_precision_score"),
        ("per_class", "jaccard_score"),
    ],
)
def test_other_functions_of_scikit_learn_can_be_called(kind, name):
    def each(score, one_hot, columns):
        return [float(score(one_hot[:, k], columns[:, k])) for k in range(columns.shape[1])]

    def of(y_true, y_score, *, labels, **_):
        classes = np.eye(len(labels), dtype=int)
        one_hot, y_pred = classes[y_true], predicted_classes(y_score)
        if kind == "scalar":
            scores = y_score[:, 1] if name == "d2_brier_score" and len(labels) == 2 else y_score
            return float(getattr(sk, name)(y_true, y_pred if name == "matthews_corrcoef" else scores))
        columns = classes[y_pred] if name == "jaccard_score" else y_score
        return dict(zip(labels.emotions, each(getattr(sk, name), one_hot, columns), strict=True))

    spec = metric(of, kind=kind, interval="none", bounds=(None, 1), reference=f"sklearn.metrics.{name}")
    assert run(checks.check_agrees_with_reference, spec) == ""


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        (None, "skipped: no reference is named"),
        ("Guo et al. (2017): On calibration", "skipped: the reference is a citation, no code"),
        ("sklearn.metrics.accuracy_score, on Tuesdays", "skipped: the reference is a citation, no code"),
        ("emoclass.evaluation.metrics:accuracy", ""),
    ],
)
def test_only_code_is_compared(reference, said):
    assert run(checks.check_agrees_with_reference, metric(right, reference=reference)) == said


def test_the_checks_have_a_sentence_each_and_import_nothing_slow():
    for check in checks.CHECKS:
        assert check.__doc__.splitlines()[0].endswith("."), check.__name__
    code = "import sys, emoclass.testing.checks.metric; print([m for m in ('numpy', 'sklearn') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _weighted(figures):
    """A `weighted` whose function of weights is `figures(weights)`."""
    return lambda y_true, y_score, *, labels: figures


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (lambda weights: np.full(len(weights), 0.5), "as compute gives"),
        (lambda weights: weights, "figures of shape (4,) from weighted for weights of shape (4, 1)"),
        (lambda weights: 1 / 0, "got ZeroDivisionError"),
        (None, "got TypeError"),
    ],
)
def test_a_wrong_weighted_is_named(figures, said):
    assert said in run(checks.check_weighted_gives_the_value, metric(right, weighted=_weighted(figures)))


def test_weighted_gives_nan_where_the_value_is_undefined():
    def never(y_true, y_score, *, labels, sample_weight=None):
        if (y_true == y_true[0]).all():
            raise ValueError("one class")
        return 0.5

    spec = metric(never, weighted=_weighted(lambda weights: np.full(len(weights), 0.5)))
    assert "expected NaN from weighted, as compute gives nothing (ValueError: one class)" in run(
        checks.check_weighted_gives_the_value, spec
    )
