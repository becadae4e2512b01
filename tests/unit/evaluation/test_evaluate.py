import warnings

import numpy as np
import pytest
from pydantic import ValidationError

from emoclass.errors import ContractError, DuplicateNameError, PluginError
from emoclass.evaluation.evaluate import evaluate
from emoclass.evaluation.intervals import wilson
from emoclass.evaluation.predictions import Predictions
from emoclass.plugin.builtins.metrics import BUILTIN_METRICS
from emoclass.progress import Progress
from emoclass.values.labels import EMOTIONS, LabelScheme
from emoclass.values.specs import MetricSpec

BUILTIN = {spec.name: spec for spec in BUILTIN_METRICS}


def predictions(y_true, y_pred, classes=2, sure=0.9, **more):
    y_score = np.full((len(y_true), classes), (1 - sure) / (classes - 1))
    y_score[np.arange(len(y_true)), y_pred] = sure
    ids = tuple(f"image-{i}" for i in range(len(y_true)))
    return Predictions(ids, np.array(y_true), y_score, LabelScheme(emotions=EMOTIONS[:classes]), **more)


def drawn(n=40, classes=2, seed=0, **more):
    rng = np.random.default_rng(seed)
    y_true = rng.integers(0, classes, n)
    logits = rng.normal(size=(n, classes)) + np.eye(classes)[y_true]
    y_score = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = LabelScheme(emotions=EMOTIONS[:classes])
    return Predictions(tuple(map(str, range(n))), y_true, y_score, labels, **more)


def metric(compute, **more):
    return MetricSpec(name="mine", summary="Mine.", compute=compute, **{"interval": "none", **more})


@pytest.mark.parametrize("classes", [2, 5])
def test_every_builtin_has_a_value_an_interval_and_a_denominator(classes):
    votes = np.random.default_rng(1).multinomial(10, np.ones(classes) / classes, 120) / 10
    found = evaluate(drawn(120, classes, votes=votes, n_votes=np.full(120, 10)), BUILTIN_METRICS, n_resamples=60)
    assert list(found) == [spec.name for spec in BUILTIN_METRICS]
    for spec in BUILTIN_METRICS:
        value = found[spec.name]
        assert value.split == "test"
        if spec.kind == "matrix":
            assert np.sum(value.matrix) == value.n_samples == 120
            continue
        parts = value.per_class.values() if spec.kind == "per_class" else [value]
        assert len(parts) == (classes if spec.kind == "per_class" else 1)
        for part in parts:
            assert part.reason is None
            if spec.interval == "none":
                assert part.ci_low is part.ci_high is part.interval is None
            else:
                assert part.ci_low < part.value < part.ci_high
                of_proportions = spec.interval == "proportion" and not (spec.name == "f1" and classes > 2)
                assert part.interval == ("wilson" if of_proportions else "bootstrap")


def test_a_perfect_32_of_32():
    found = evaluate(predictions([0, 1] * 16, [0, 1] * 16), BUILTIN_METRICS, n_resamples=50)
    accuracy = found["accuracy"]
    assert (accuracy.value, round(accuracy.ci_low, 2), accuracy.ci_high, accuracy.n_samples) == (1, 0.89, 1, 32)
    assert found["roc_auc"].value == 1
    assert found["roc_auc"].ci_low is None
    assert "same value" in found["roc_auc"].reason
    assert found["roc_auc"].interval is None


def test_denominators_are_what_each_proportion_is_of():
    y_true, y_pred = [0, 0, 0, 1, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1, 0, 0]
    found = evaluate(predictions(y_true, y_pred, split="validation"), BUILTIN_METRICS, n_resamples=20)
    names = ("accuracy", "balanced_accuracy", "precision", "recall", "roc_auc")
    assert [found[name].n_samples for name in names] == [8, 8, 4, 5, 8]
    assert found["precision"].value == 0.75
    assert found["precision"].ci_low == pytest.approx(wilson(3, 4).low)
    assert found["precision"].split == "validation"
    for name, expected in (("precision", [4, 4]), ("recall", [3, 5])):
        per_class = found[f"{name}_per_class"].per_class
        assert list(per_class) == ["happy", "sad"]
        assert [part.n_samples for part in per_class.values()] == expected
    assert found["precision_per_class"].per_class["sad"].ci_low == found["precision"].ci_low
    assert found["confusion_matrix"].matrix == ((2, 1), (2, 3))


def test_undefined_values_are_null_with_a_reason():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = evaluate(predictions([0, 0, 0], [0, 0, 0], split="validation"), BUILTIN_METRICS, n_resamples=20)
    for name, reason in {
        "precision": "no image was predicted 'sad'",
        "recall": "no image shows 'sad'",
        "f1": "no image shows or was predicted 'sad'",
        "roc_auc": "only one class is present, 'happy'",
        "average_precision": "only one class is present, 'happy'",
        "cohen_kappa": "ground truth and predictions are all of one class",
    }.items():
        assert found[name].value is None
        assert (found[name].reason, found[name].split) == (reason, "validation")
    assert found["precision"].n_samples == 0
    sad = found["recall_per_class"].per_class["sad"]
    assert (sad.value, sad.n_samples, sad.reason) == (None, 0, "no image shows 'sad'")


def test_a_class_never_predicted():
    found = evaluate(predictions([0, 1, 2, 2], [0, 0, 2, 2], classes=3), BUILTIN_METRICS, n_resamples=20)
    sad = found["precision_per_class"].per_class["sad"]
    assert (sad.value, sad.n_samples, sad.reason) == (None, 0, "no image was predicted 'sad'")
    assert found["precision"].value == pytest.approx((0.5 + 0 + 1) / 3)
    assert found["f1_per_class"].per_class["sad"].value == 0


def test_same_seed_same_numbers():
    chosen = [BUILTIN["cohen_kappa"], BUILTIN["roc_auc"]]
    first, again = (evaluate(drawn(), chosen, seed=4, n_resamples=50) for _ in range(2))
    assert first == again
    assert evaluate(drawn(), chosen, seed=5, n_resamples=50) != first


def test_groups_reach_the_bootstrap():
    one_person = drawn(groups=("p",) * 40)
    assert "a single independent unit" in evaluate(one_person, [BUILTIN["roc_auc"]], n_resamples=20)["roc_auc"].reason


def test_images_of_one_person_are_no_independent_trials():
    """Twenty people, ten images each, all of a person right or all wrong: 20 trials, not 200."""
    right = np.repeat([1] * 15 + [0] * 5, 10)
    names = ("accuracy", "recall", "f1", "recall_per_class")
    given = [BUILTIN[name] for name in names]

    def found(groups):
        return evaluate(predictions([1] * 200, right, groups=groups), given, n_resamples=200)

    alone = found((*(f"image {i}" for i in range(199)), None))
    assert alone == found(None)
    assert alone["accuracy"].interval == "wilson"
    grouped = found(tuple(f"p{i // 10}" for i in range(200)))
    parts = [*(grouped[name] for name in names[:-1]), grouped["recall_per_class"].per_class["sad"]]
    assert {(part.interval, part.n_samples) for part in parts} == {("bootstrap", 200)}
    of_people = wilson(15, 20)
    assert grouped["accuracy"].value == 0.75
    assert grouped["accuracy"].ci_low == pytest.approx(of_people.low, abs=0.03)
    assert grouped["accuracy"].ci_high == pytest.approx(of_people.high, abs=0.03)


def test_one_pair_of_images_is_enough_to_resample_groups():
    groups = ("p", "p", *(None,) * 38)
    assert evaluate(drawn(groups=groups), [BUILTIN["accuracy"]], n_resamples=20)["accuracy"].interval == "bootstrap"


def test_no_resamples_no_bootstrap():
    value = evaluate(drawn(), [BUILTIN["log_loss"]], n_resamples=0)["log_loss"]
    assert value.value > 0
    assert value.reason == "no interval: the bootstrap is off"


def test_progress_hears_of_every_metric():
    class Heard(Progress):
        titles = ()

        def track(self, items, *, title, total, unit):
            self.titles += ((title, total),)
            return items

    progress = Heard()
    evaluate(drawn(), [BUILTIN["accuracy"], BUILTIN["recall"]], progress=progress)
    assert progress.titles == (("Measuring", 2),)


def raising(error):
    def compute(y_true, y_score, *, labels, sample_weight=None):
        raise error

    return compute


def returning(value):
    return lambda y_true, y_score, *, labels, sample_weight=None: value


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (metric(returning(1.3)), r"metric 'mine': expected a value in \[0, 1\], got 1.3\. "),
        (metric(returning(-2), bounds=(-1, None)), r"expected a value in \[-1, inf\], got -2"),
        (metric(returning(float("nan"))), "expected a finite number, got nan. Raise ValueError"),
        (metric(returning("0.5")), "expected a number, got str"),
        (metric(returning(True)), "expected a number, got bool"),
        (metric(returning(None)), "expected a number, got NoneType"),
        (metric(returning([0.5])), "expected a number, got list"),
        (metric(raising(KeyError("sad"))), "metric 'mine': expected a value, got KeyError: 'sad'"),
        (metric(returning(0.5), kind="per_class"), "expected a mapping from emotion to number, got float"),
        (metric(returning({"happy": 1}), kind="per_class"), "expected the emotions happy, sad, got happy"),
        (metric(returning({"happy": 1, "sad": 7}), kind="per_class"), r"in \[0, 1\], got 7"),
        (metric(returning([[1, 0]]), kind="matrix"), r"expected a matrix of shape \(2, 2\), got \(1, 2\)"),
        (metric(returning([[1, 0], [0, np.nan]]), kind="matrix"), "finite"),
        (metric(returning(0.5), interval="proportion", counts=returning((3, 4))), "0.5, as its counts give, got 0.75"),
        (metric(returning(1.0), interval="proportion", counts=returning((5, 4))), "0 <= successes <= trials"),
        (metric(returning(0.5), interval="proportion", counts=returning(3)), "expected counts of"),
        (metric(returning(0.5), interval="proportion", counts=returning(((1, 2), (2,)))), "successes <= trials"),
        (metric(returning(0.5), interval="proportion", counts=returning(([], []))), "successes <= trials"),
        (metric(returning(0.5), interval="proportion", counts=returning((1.9, 2.5))), "got 1.9, which are not whole"),
        (metric(returning(0.5), interval="proportion", counts=raising(ValueError("why"))), "it has a value, got why"),
        (
            metric(
                returning({"happy": 1, "sad": 1}), kind="per_class", interval="proportion", counts=returning((1, 1))
            ),
            "expected counts for 2 emotions, got 1",
        ),
    ],
)
def test_a_metric_that_breaks_its_contract_is_named(spec, told):
    with pytest.raises(ContractError, match=told):
        evaluate(drawn(), [spec])


def test_a_metric_that_fails_on_a_resample_is_named():
    def compute(y_true, y_score, *, labels, sample_weight=None):
        if len(set(map(tuple, y_score))) < len(y_score):
            raise ZeroDivisionError("two images are one")
        return 0.5

    with pytest.raises(ContractError, match="metric 'mine': expected a value, got ZeroDivisionError"):
        evaluate(drawn(), [metric(compute, interval="bootstrap")])


def test_a_number_of_numpy_is_a_number():
    assert evaluate(drawn(), [metric(returning(np.float32(0.5)))])["mine"].value == 0.5
    assert type(evaluate(drawn(), [metric(returning(np.int64(1)))])["mine"].value) is float


def test_rounding_past_a_bound_is_forgiven():
    assert evaluate(drawn(), [metric(returning(1 + 1e-12))])["mine"].value == 1


def test_per_class_without_counts_has_the_support_as_denominator():
    found = evaluate(
        predictions([0, 0, 1], [0, 0, 1]), [metric(returning({"happy": 1, "sad": None}), kind="per_class")]
    )
    happy, sad = found["mine"].per_class.values()
    assert (happy.value, happy.n_samples) == (1, 2)
    assert (sad.value, sad.n_samples, sad.reason) == (None, 1, "undefined for 'sad'")


def test_one_name_twice():
    with pytest.raises(DuplicateNameError, match="metric 'accuracy': expected each name once"):
        evaluate(drawn(), [BUILTIN["accuracy"], BUILTIN["accuracy"]])


def test_a_reference_to_nothing():
    with pytest.raises(PluginError, match="has no attribute"):
        evaluate(drawn(), [metric("emoclass.evaluation.metrics:nothing")])


def test_f1_of_two_labels_has_the_mapped_wilson_interval():
    value = evaluate(predictions([0, 1] * 16, [0, 1] * 16), [BUILTIN["f1"]])["f1"]
    low = wilson(16, 16).low
    assert (value.value, value.ci_high, value.n_samples, value.interval) == (1, 1, 16, "wilson")
    assert value.ci_low == pytest.approx(2 * low / (1 + low))


@pytest.mark.parametrize(("counts", "n"), [(raising(ValueError("no smile")), 10), (returning((0, 0)), 0)])
def test_what_is_undefined_may_have_no_counts_either(counts, n):
    spec = metric(raising(ValueError("no smile")), interval="proportion", counts=counts)
    value = evaluate(drawn(10), [spec])["mine"]
    assert (value.value, value.reason, value.n_samples) == (None, "no smile", n)


def test_counts_of_none_mean_the_bootstrap():
    found = evaluate(drawn(80, 4), [BUILTIN["f1"]], n_resamples=50)["f1"]
    assert (found.interval, found.n_samples) == ("bootstrap", 80)
    plain = metric("emoclass.evaluation.metrics:f1", interval="bootstrap")
    assert found == evaluate(drawn(80, 4), [plain], n_resamples=50)["mine"]


def test_a_transform_transforms_counts():
    with pytest.raises(ValidationError, match=r"transform=\.\.\. needs counts=\.\.\."):
        metric(returning(0.5), transform=abs)


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (lambda weights: np.full(len(weights), 0.25), r"expected \[0.75\] from weighted, too"),
        (lambda weights: np.ones((len(weights), 2)), "expected 1 figures a resample from weighted, got 2"),
        (lambda weights: weights.no_such_thing, "expected weighted to return figures, got AttributeError"),
        (lambda weights: np.full(len(weights), 7.0), r"expected a value in \[0, 1\], got 7"),
    ],
)
def test_weighted_is_held_to_the_contract(figures, said):
    spec = metric(lambda *_, **__: 0.75, interval="bootstrap", weighted=lambda y_true, y_score, *, labels: figures)
    with pytest.raises(ContractError, match=said):
        evaluate(drawn(), [spec], n_resamples=20)


@pytest.mark.parametrize("groups", [None, tuple(f"p{i // 4}" for i in range(40))])
@pytest.mark.parametrize("classes", [2, 4])
def test_intervals_are_the_same_without_the_fast_way(classes, groups):
    given = drawn(40, classes, groups=groups, votes=np.full((40, classes), 1 / classes), n_votes=np.full(40, 8))
    slow = [spec.model_copy(update={"weighted": None}) for spec in BUILTIN_METRICS]
    fast, expected = (evaluate(given, specs, n_resamples=30) for specs in (BUILTIN_METRICS, slow))
    for name, value in fast.items():
        for ours, theirs in (
            (value, expected[name]),
            *zip(value.per_class.values(), expected[name].per_class.values(), strict=True),
        ):
            assert (ours.value, ours.reason) == (theirs.value, theirs.reason)
            ends = [(each.ci_low, each.ci_high) for each in (ours, theirs)]
            assert ends[0] == ends[1] if None in ends[1] else ends[0] == pytest.approx(ends[1], abs=1e-12), name
