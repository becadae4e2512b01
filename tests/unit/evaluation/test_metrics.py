"""Each metric of decisions against its definition, and its counts against itself."""

import numpy as np
import pytest

from emoclass.evaluation import metrics
from emoclass.evaluation.decision import predicted_classes
from emoclass.values.labels import EMOTIONS, LabelScheme

BINARY = LabelScheme(emotions=("happy", "sad"))


def drawn(classes, n=60, seed=0, present=None):
    rng = np.random.default_rng(seed)
    y_true = rng.integers(0, present or classes, n)
    logits = rng.normal(size=(n, classes))
    logits[np.arange(n), y_true] += 1
    y_score = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return y_true, y_score, LabelScheme(emotions=EMOTIONS[:classes]), rng.uniform(0, 3, n)


def tallies(y_true, y_pred, weights, k):
    """The weight of true positives, of images predicted as a class and of images that show it, one by one."""
    hits = predicted = shown = 0.0
    for truth, said, weight in zip(y_true, y_pred, weights, strict=True):
        hits += weight * (truth == said == k)
        predicted += weight * (said == k)
        shown += weight * (truth == k)
    return hits, predicted, shown


def precision_of(hits, predicted, shown):
    return hits / predicted if predicted else 0.0


def recall_of(hits, predicted, shown):
    return hits / shown


def f1_of(hits, predicted, shown):
    return 2 * hits / (predicted + shown)


def mean_over_present(figure, classes):
    def mean(y_true, y_pred, weights):
        chosen = {1} if classes == 2 else set(y_true.tolist())
        return np.mean([figure(*tallies(y_true, y_pred, weights, k)) for k in chosen])

    return mean


def naive_accuracy(y_true, y_pred, weights):
    return sum(weights[y_true == y_pred]) / sum(weights)


def naive_kappa(y_true, y_pred, weights):
    total = sum(weights)
    chance = sum(sum(weights[y_true == k]) * sum(weights[y_pred == k]) for k in range(8)) / total**2
    return (naive_accuracy(y_true, y_pred, weights) - chance) / (1 - chance)


def expected(name, y_true, y_score, weights):
    """The value by its definition."""
    classes, y_pred = y_score.shape[1], predicted_classes(y_score)
    weights = np.ones(len(y_true)) if weights is None else weights
    return {
        "accuracy": naive_accuracy,
        "balanced_accuracy": mean_over_present(recall_of, "all"),
        "precision": mean_over_present(precision_of, classes),
        "recall": mean_over_present(recall_of, classes),
        "f1": mean_over_present(f1_of, classes),
        "cohen_kappa": naive_kappa,
    }[name](y_true, y_pred, weights)


NAMES = ["accuracy", "balanced_accuracy", "precision", "recall", "f1", "cohen_kappa"]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_its_definition(name, classes, weighted):
    for seed in range(5):
        y_true, y_score, labels, weights = drawn(classes, seed=seed)
        weights = weights if weighted else None
        got = getattr(metrics, name)(y_true, y_score, labels=labels, sample_weight=weights)
        assert got == pytest.approx(expected(name, y_true, y_score, weights), abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_means_run_over_the_classes_present(name):
    y_true, y_score, labels, _ = drawn(5, present=3)
    assert predicted_classes(y_score).max() > 2, "an absent class must be predicted for the test to tell"
    got = getattr(metrics, name)(y_true, y_score, labels=labels)
    assert got == pytest.approx(expected(name, y_true, y_score, None))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [2, 7])
@pytest.mark.parametrize(("name", "figure"), [("precision", precision_of), ("recall", recall_of), ("f1", f1_of)])
def test_per_class_figures_agree_with_their_definition(name, figure, classes, weighted):
    y_true, y_score, labels, weights = drawn(classes)
    weights = weights if weighted else np.ones(len(y_true))
    got = getattr(metrics, f"{name}_per_class")(y_true, y_score, labels=labels, sample_weight=weights)
    y_pred = predicted_classes(y_score)
    assert list(got) == list(labels.emotions)
    assert list(got.values()) == pytest.approx([figure(*tallies(y_true, y_pred, weights, k)) for k in range(classes)])


def test_confusion_matrix_adds_up_weights():
    labels = LabelScheme(emotions=EMOTIONS[:3])
    y_true, y_score = np.array([0, 0, 1, 1]), np.eye(3)[[0, 2, 0, 0]]
    weights = np.array([0.5, 2.0, 1.0, 0.25])
    got = metrics.confusion_matrix(y_true, y_score, labels=labels, sample_weight=weights)
    assert got.tolist() == [[0.5, 0, 2], [1.25, 0, 0], [0, 0, 0]]
    assert metrics.confusion_matrix(y_true, y_score, labels=labels).tolist() == [[1, 0, 1], [2, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("classes", [2, 7])
@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "precision", "recall", "f1"])
def test_counts_give_the_value(name, classes):
    y_true, y_score, labels, _ = drawn(classes)
    counts = getattr(metrics, f"{name}_counts")(y_true, y_score, labels=labels)
    if name == "f1" and classes > 2:
        assert counts is None
        return
    value = np.mean(np.divide(*np.array(counts, dtype=float)))
    if name == "f1":
        value = metrics.f1_from_jaccard(value)
    assert getattr(metrics, name)(y_true, y_score, labels=labels) == pytest.approx(value)


def test_worked_example():
    """Truth h h s s s, predicted h s s s h: tp 2, fp 1, fn 1, tn 1 for 'sad'."""
    y_true = np.array([0, 0, 1, 1, 1])
    y_score = np.eye(2)[[0, 1, 1, 1, 0]]
    given = {"labels": BINARY}
    assert metrics.accuracy(y_true, y_score, **given) == 3 / 5
    assert metrics.balanced_accuracy(y_true, y_score, **given) == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert metrics.balanced_accuracy_counts(y_true, y_score, **given) == ([1, 2], [2, 3])
    assert metrics.precision_counts(y_true, y_score, **given) == (2, 3)
    assert metrics.recall_counts(y_true, y_score, **given) == (2, 3)
    assert metrics.f1_counts(y_true, y_score, **given) == (2, 4)
    assert metrics.f1(y_true, y_score, **given) == pytest.approx(2 / 3)
    assert metrics.precision_per_class_counts(y_true, y_score, **given) == ([1, 2], [2, 3])
    assert metrics.f1_per_class_counts(y_true, y_score, **given) == ([1, 2], [3, 4])
    # Expected agreement (2 * 2 + 3 * 3) / 25 = 0.52; (0.6 - 0.52) / 0.48.
    assert metrics.cohen_kappa(y_true, y_score, **given) == pytest.approx(1 / 6)
    assert metrics.confusion_matrix(y_true, y_score, **given).tolist() == [[1, 1], [1, 2]]


@pytest.mark.parametrize(
    ("name", "y_true", "y_pred", "reason"),
    [
        ("precision", [0, 1], [0, 0], "no image was predicted 'sad'"),
        ("recall", [0, 0], [0, 1], "no image shows 'sad'"),
        ("f1", [0, 0], [0, 0], "no image shows or was predicted 'sad'"),
        ("cohen_kappa", [1, 1], [1, 1], "all of one class"),
        ("accuracy", [], [], "there are no images"),
    ],
)
def test_undefined_values_have_a_reason(name, y_true, y_pred, reason):
    y_score = np.eye(2)[np.array(y_pred, dtype=int)]
    with pytest.raises(ValueError, match=reason):
        getattr(metrics, name)(np.array(y_true, dtype=int), y_score, labels=BINARY)


def test_a_class_without_weight_is_absent():
    y_true, y_score = np.array([0, 0, 1]), np.eye(2)[[0, 1, 0]]
    weight = np.array([1.0, 1.0, 0.0])
    assert metrics.balanced_accuracy(y_true, y_score, labels=BINARY, sample_weight=weight) == 0.5
    with pytest.raises(ValueError, match="no image shows 'sad'"):
        metrics.recall(y_true, y_score, labels=BINARY, sample_weight=weight)


def test_per_class_figures_of_absent_and_unpredicted_classes_are_none():
    labels = LabelScheme(emotions=("happy", "sad", "angry"))
    y_true, y_score = np.array([0, 0, 1]), np.eye(3)[[0, 2, 0]]
    given = {"labels": labels}
    assert metrics.precision_per_class(y_true, y_score, **given) == {"happy": 0.5, "sad": None, "angry": None}
    assert metrics.recall_per_class(y_true, y_score, **given) == {"happy": 0.5, "sad": 0.0, "angry": None}
    assert metrics.f1_per_class(y_true, y_score, **given) == {"happy": 0.5, "sad": 0.0, "angry": None}
    assert metrics.precision(y_true, y_score, **given) == 0.25  # in the mean, 'sad' counts as 0
    assert metrics.precision_counts(y_true, y_score, **given) == ([1, 0], [2, 0])
