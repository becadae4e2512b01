"""What holds for every metric, whatever the predictions."""

import math

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from emoclass.evaluation.decision import predicted_classes
from emoclass.evaluation.evaluate import evaluate
from emoclass.evaluation.intervals import mean_of_proportions, wilson
from emoclass.evaluation.predictions import Predictions
from emoclass.plugin.builtins.metrics import BUILTIN_METRICS
from emoclass.testing import label_schemes, predictions
from emoclass.values.references import resolve

SCALARS = [spec for spec in BUILTIN_METRICS if spec.kind == "scalar" and not spec.takes_votes]
quick = settings(max_examples=60)


def cases(classes=5, most=25):
    """True classes, probabilities and the class order."""
    drawn = predictions(labels=label_schemes(max_size=classes), max_size=most)
    return drawn.map(lambda each: (each.y_true, each.y_score, each.labels))


def value_of(spec, y_true, y_score, labels, **more):
    """The value, or the reason why there is none."""
    try:
        return resolve(spec.compute)(y_true, y_score, labels=labels, **more)
    except ValueError as undefined:
        return str(undefined)


def same(one, other):
    return one == other if isinstance(one, str) else one == pytest.approx(other, abs=1e-9)


@given(cases())
@quick
def test_values_stay_in_their_declared_bounds(case):
    y_true, y_score, labels = case
    for spec in SCALARS:
        value = value_of(spec, y_true, y_score, labels)
        if not isinstance(value, str):
            low = -math.inf if spec.bounds[0] is None else spec.bounds[0]
            high = math.inf if spec.bounds[1] is None else spec.bounds[1]
            assert low - 1e-12 <= value <= high + 1e-12, spec.name


@given(cases(), st.randoms(use_true_random=False))
@quick
def test_the_order_of_samples_does_not_matter(case, random):
    y_true, y_score, labels = case
    order = list(range(len(y_true)))
    random.shuffle(order)
    for spec in SCALARS:
        before, after = value_of(spec, y_true, y_score, labels), value_of(spec, y_true[order], y_score[order], labels)
        assert same(before, after), spec.name


@given(cases(), st.data())
@quick
def test_a_whole_weight_is_a_repetition(case, data):
    y_true, y_score, labels = case
    weight = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(y_true), max_size=len(y_true))))
    index = np.repeat(np.arange(len(y_true)), weight)
    for spec in SCALARS:
        weighted = value_of(spec, y_true, y_score, labels, sample_weight=weight.astype(float))
        assert same(weighted, value_of(spec, y_true[index], y_score[index], labels)), spec.name


@given(cases())
@quick
def test_certain_and_right_is_the_best_value(case):
    y_true, _, labels = case
    perfect = np.eye(len(labels))[y_true]
    for spec in SCALARS:
        value = value_of(spec, y_true, perfect, labels)
        if not isinstance(value, str):
            assert value == pytest.approx(spec.bounds[1] if spec.direction == "higher" else 0), spec.name


@given(cases(classes=2))
@quick
def test_certain_and_wrong_is_the_worst_value(case):
    y_true, _, labels = case
    found = {spec.name: value_of(spec, y_true, np.eye(2)[1 - y_true], labels) for spec in SCALARS}
    assert found["accuracy"] == found["balanced_accuracy"] == 0
    assert found["brier_score"] == found["expected_calibration_error"] == 1
    assert found["log_loss"] > 36
    assert found["f1"] == 0
    if 0 < y_true.sum() < len(y_true):
        assert found["roc_auc"] == found["recall"] == found["precision"] == 0
        assert found["cohen_kappa"] < 0
        assert found["average_precision"] == pytest.approx(y_true.mean())


@given(cases())
@quick
def test_a_constant_prediction_knows_nothing(case):
    y_true, y_score, labels = case
    constant = np.repeat(y_score[:1], len(y_true), axis=0)
    found = {spec.name: value_of(spec, y_true, constant, labels) for spec in SCALARS}
    present = np.unique(y_true)
    if len(present) > 1:
        assert found["roc_auc"] == pytest.approx(0.5)
        assert found["cohen_kappa"] == pytest.approx(0, abs=1e-12)
        prevalence = y_true.mean() if len(labels) == 2 else 1 / len(present)
        assert found["average_precision"] == pytest.approx(prevalence)
    guessed = Predictions(("a",), [0], y_score[:1], labels).y_pred[0]
    assert found["balanced_accuracy"] == pytest.approx((guessed in present) / len(present))


@given(cases(classes=2))
@quick
def test_swapping_the_labels_swaps_the_ranking(case):
    y_true, y_score, labels = case
    auc = next(spec for spec in SCALARS if spec.name == "roc_auc")
    before, after = (value_of(auc, t, s, labels) for t, s in ((y_true, y_score), (1 - y_true, y_score[:, ::-1])))
    assert isinstance(before, str) or same(before, after)


@given(cases(), st.integers(0, 4))
@quick
def test_a_class_without_images_is_null_and_out_of_the_mean(case, absent):
    y_true, y_score, labels = case
    absent %= len(labels)
    y_true = np.where(y_true == absent, (absent + 1) % len(labels), y_true)
    for name in ("recall", "f1", "precision"):
        per_class = value_of(_named(f"{name}_per_class"), y_true, y_score, labels)
        assert per_class[labels.emotions[absent]] is None
        if len(labels) > 2:
            present = [per_class[labels.emotions[k]] or 0 for k in np.unique(y_true)]
            assert value_of(_named(name), y_true, y_score, labels) == pytest.approx(np.mean(present)), name


def _named(name):
    return next(spec for spec in BUILTIN_METRICS if spec.name == name)


@given(cases(most=12), st.booleans())
@settings(max_examples=20)
def test_evaluate_never_says_nan_and_never_leaves_a_gap_unexplained(case, grouped):
    y_true, y_score, labels = case
    n = len(y_true)
    groups = tuple(f"p{i // 2}" for i in range(n)) if grouped else None
    drawn = Predictions(tuple(map(str, range(n))), y_true, y_score, labels, groups=groups)
    found = evaluate(drawn, BUILTIN_METRICS, n_resamples=10)
    for spec in BUILTIN_METRICS:
        value = found[spec.name]
        for part in value.per_class.values() if spec.kind == "per_class" else [value]:
            numbers = [x for x in (part.value, part.ci_low, part.ci_high) if x is not None]
            assert all(math.isfinite(x) for x in numbers)
            assert (part.ci_low is None) == (part.ci_high is None) == (part.interval is None)
            if spec.interval != "none":
                assert (part.reason is None) == (len(numbers) == 3), (spec.name, part)
            if part.interval == "wilson":
                assert 0 <= part.ci_low <= part.value <= part.ci_high <= 1


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=8))
@quick
def test_mover_lies_around_the_mean_and_is_no_wider_than_the_mean_of_the_intervals(pairs):
    successes, trials = [min(p) for p in pairs], [max(p) for p in pairs]
    mean, interval = mean_of_proportions(successes, trials)
    each = [wilson(s, t) for s, t in zip(successes, trials, strict=True)]
    assert np.mean([i.low for i in each]) - 1e-12 <= interval.low <= mean <= interval.high
    assert interval.high <= np.mean([i.high for i in each]) + 1e-12


FAST = [spec for spec in BUILTIN_METRICS if spec.weighted is not None]


def drawn_with_votes(most=25):
    return predictions(labels=label_schemes(max_size=5), max_size=most, with_votes=True)


@given(drawn_with_votes(), st.data())
@quick
def test_the_fast_way_is_what_compute_says_of_the_resample(case, data):
    """`test_a_resample_is_what_scikit_learn_says_of_it` compares both with scikit-learn."""
    n = len(case)
    rows = data.draw(st.lists(st.lists(st.integers(0, n - 1), min_size=n, max_size=n), min_size=1, max_size=4))
    weights = np.stack([np.bincount(row, minlength=n) for row in rows]).astype(float)
    for spec in FAST:
        given = case.with_several_votes() if spec.takes_votes == "counts" else case.with_votes()
        given = given if spec.takes_votes else case
        if given is None or len(given) < n:
            continue
        votes = (
            {"votes": given.vote_counts if spec.takes_votes == "counts" else given.votes} if spec.takes_votes else {}
        )
        found = resolve(spec.weighted)(given.y_true, given.y_score, labels=given.labels, **votes)(weights)
        for row, one in zip(rows, found, strict=True):
            more = {name: each[row] for name, each in votes.items()}
            value = value_of(spec, given.y_true[row], given.y_score[row], given.labels, **more)
            if isinstance(value, str):
                assert np.isnan(one), spec.name
            elif spec.kind == "per_class":
                expected = np.array([value[emotion] for emotion in given.labels.emotions], dtype=float)
                assert np.allclose(one, expected, atol=1e-9, equal_nan=True), spec.name
            else:
                assert one == pytest.approx(value, abs=1e-9), spec.name


@given(cases(), st.data())
@quick
def test_a_resample_is_what_scikit_learn_says_of_it(case, data):
    y_true, y_score, labels = case
    n, classes = len(y_true), len(labels)
    row = np.array(data.draw(st.lists(st.integers(0, n - 1), min_size=n, max_size=n)))
    weights = np.bincount(row, minlength=n).astype(float)[np.newaxis]
    y_score = y_score / y_score.sum(axis=1, keepdims=True)
    true, score = y_true[row], y_score[row]
    pred = predicted_classes(score)
    present = np.unique(true)
    found = {
        spec.name: resolve(spec.weighted)(y_true, y_score, labels=labels)(weights)[0]
        for spec in FAST
        if not spec.takes_votes
    }
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(true, pred))
    assert found["balanced_accuracy"] == pytest.approx(
        sk.recall_score(true, pred, labels=present, average="macro", zero_division=0)
    )
    assert found["log_loss"] == pytest.approx(sk.log_loss(true, score, labels=range(classes)), rel=1e-9)
    if classes == 2:
        assert found["brier_score"] == pytest.approx(sk.brier_score_loss(true, score[:, 1], pos_label=1))
    else:
        assert found["brier_score"] == pytest.approx(sk.brier_score_loss(true, score, labels=range(classes)))
    if len({*true, *pred}) > 1:
        assert found["cohen_kappa"] == pytest.approx(sk.cohen_kappa_score(true, pred), abs=1e-9)
    for name, score_of in (("precision", sk.precision_score), ("recall", sk.recall_score), ("f1", sk.f1_score)):
        if classes == 2:
            expected = score_of(true, pred, zero_division=np.nan)
        else:
            expected = score_of(true, pred, labels=present, average="macro", zero_division=0)
        assert found[name] == pytest.approx(expected, nan_ok=True), name
        each = score_of(true, pred, labels=range(classes), average=None, zero_division=np.nan)
        absent = ~np.isin(np.arange(classes), true)
        assert found[f"{name}_per_class"] == pytest.approx(np.where(absent, np.nan, each), nan_ok=True), name
    columns = present if classes > 2 else np.array([1])
    for name, area in (("roc_auc", sk.roc_auc_score), ("average_precision", sk.average_precision_score)):
        if len(present) < 2:
            assert np.isnan(found[name])
        else:
            expected = np.mean([area(true == k, score[:, k]) for k in columns])
            assert found[name] == pytest.approx(expected, abs=1e-9), name
