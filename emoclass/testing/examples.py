"""Predictions to try a metric on, and what it says of them: what the metric checks share.

Nothing is drawn anew from one call to the next, so that a check that fails fails again.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emoclass.errors import ContractError
from emoclass.evaluation.evaluate import as_figures, as_matrix, called
from emoclass.evaluation.predictions import Predictions
from emoclass.testing.case import Case
from emoclass.values.labels import LabelScheme
from emoclass.values.references import resolve
from emoclass.values.specs import MetricSpec

Values = NDArray[np.float64]
"""What a metric returned: shape `()`, `(classes,)` or `(classes, classes)`, in label order, NaN for None."""

SCHEMES = tuple(
    LabelScheme(emotions=emotions)
    for emotions in (
        ("sad", "happy"),
        ("neutral", "angry", "surprised"),
        ("scared", "happy", "disgusted", "sad", "contemptuous"),
    )
)
"""Neither sorted nor in the order of the vocabulary, so that a metric with an order of its own shows."""

SHOWN = 6
"""How many images a message spells out."""


def example(labels: LabelScheme, y_true: ArrayLike, y_score: ArrayLike, votes: ArrayLike | None = None) -> Predictions:
    """Return predictions, with random votes where none are given.

    Shapes: y_true int `(n,)`, y_score and votes float `(n, len(labels))`.
    """
    truth, shares = np.asarray(y_true), None if votes is None else np.asarray(votes, np.float64)
    if shares is None:
        shares = np.random.default_rng(len(truth)).dirichlet(np.ones(len(labels)), len(truth))
    names = tuple(f"image{i}" for i in range(len(truth)))
    n_votes = np.full(len(truth), 10.0)
    return Predictions(names, truth, np.asarray(y_score, np.float64), labels, votes=shares, n_votes=n_votes)


def plain(labels: LabelScheme, n: int, *, seed: int = 0) -> Predictions:
    """Return random predictions without ties, where every class is present in near equal numbers."""
    rng = np.random.default_rng(seed)
    classes = len(labels)
    return example(labels, rng.permutation(np.arange(n) % classes), rng.dirichlet(np.ones(classes), n))


def tied(labels: LabelScheme, n: int) -> Predictions:
    """Return predictions in tenths, so that many are equal, where every class is present in near equal numbers."""
    rng = np.random.default_rng(n)
    classes = len(labels)
    y_true = rng.permutation(np.arange(n) % classes)
    return example(labels, y_true, rng.multinomial(10, np.ones(classes) / classes, n) / 10)


def varied(labels: LabelScheme) -> Iterator[Predictions]:
    """Yield predictions of many kinds, the small ones first."""
    rng = np.random.default_rng(len(labels))
    classes = len(labels)
    certain = np.eye(classes)
    for k in range(classes):
        yield example(labels, [k], rng.dirichlet(np.ones(classes), 1))
        yield example(labels, [k], certain[[k]])
        yield example(labels, [k], certain[[(k + 1) % classes]])
    for n in (2, 7, 24):  # tenths: many ties, some zeros and ones
        yield example(labels, rng.integers(0, classes, n), rng.multinomial(10, np.ones(classes) / classes, n) / 10)
    yield example(labels, rng.integers(0, classes, 15), certain[rng.integers(0, classes, 15)])
    yield plain(labels, 31)
    skewed = np.r_[9.0, np.ones(classes - 1)]
    yield example(labels, rng.choice(classes, 40, p=skewed / skewed.sum()), rng.dirichlet(skewed, 40))


def perfect(labels: LabelScheme, n: int) -> Predictions:
    """Return predictions that are certain and right, and that the votes agree with; every class is present."""
    y_true = np.random.default_rng(n).permutation(np.arange(n) % len(labels))
    certain = np.eye(len(labels))[y_true]
    return example(labels, y_true, certain, certain)


def scored(given: Predictions, y_score: ArrayLike) -> Predictions:
    """Return the same images with other probabilities."""
    return replace(given, y_score=np.asarray(y_score, np.float64))


def rows(given: Predictions, index: ArrayLike) -> Predictions:
    """Return some of the images, in the order of `index`, which may repeat some."""
    chosen = np.asarray(index)
    return example(
        given.labels, given.y_true[chosen], given.y_score[chosen], None if given.votes is None else given.votes[chosen]
    )


def relabeled(given: Predictions, order: Sequence[int]) -> Predictions:
    """Return the same images and probabilities under another class order: new class i is old class `order[i]`."""
    columns = list(order)
    labels = LabelScheme(emotions=tuple(given.labels.emotions[old] for old in columns))
    votes = None if given.votes is None else given.votes[:, columns]
    return example(labels, np.argsort(columns)[given.y_true], given.y_score[:, columns], votes)


def measured(
    case: Case[MetricSpec], given: Predictions, weight: ArrayLike | None = None, *, strict: bool = False
) -> Values | str:
    """Return what the metric says, or the reason why that is undefined.

    Args:
        case: The metric.
        given: The predictions.
        weight: The images' weights, shape `(n,)`; None passes none.
        strict: Whether one of NumPy's warnings is a failure.

    Raises:
        CheckFailed: It failed, or returned something that its spec excludes.
    """
    spec = case.spec
    more = {} if weight is None else {"sample_weight": np.asarray(weight, np.float64)}
    weighted = "" if weight is None else f", sample_weight {_listed(more['sample_weight'])}"
    with warnings.catch_warnings(record=True) as seen, np.errstate(all="warn"):
        warnings.simplefilter("always")
        try:
            raw = called(spec, resolve(spec.compute), given, **more)
            found = np.array(
                as_matrix(spec, raw, len(given.labels))
                if spec.kind == "matrix"
                else as_figures(spec, raw, given.labels.emotions),
                dtype=np.float64,
            )
        except ValueError as undefined:
            return str(undefined)
        except ContractError as error:
            case.fail(
                expected=f"a valid {'value' if spec.kind == 'scalar' else spec.kind} for {shown(given)}{weighted}",
                got=f"this error: {error.message.removesuffix('.')}",
                change=error.hint or "Return what the spec declares.",
            )
    # NumPy's: a division by zero. What other libraries remark on a valid value is their affair.
    about = [each for each in seen if issubclass(each.category, RuntimeWarning)]
    if strict and about:
        case.fail(
            expected=f"no warning for {shown(given)}",
            got=f"{about[0].category.__name__}: {about[0].message} (file {about[0].filename}, line {about[0].lineno})",
            change="Raise ValueError with the reason, or give None for the emotion, before the division.",
        )
    return found[0] if spec.kind == "scalar" else found


def weighted(case: Case[MetricSpec], given: Predictions, weights: ArrayLike) -> Values:
    """Return what the metric's `weighted` says of resamples: `(resamples,)` or `(resamples, classes)`.

    Args:
        case: The metric; it has a `weighted`.
        given: The predictions.
        weights: How often each image counts in each resample. Shape: `(resamples, n)`.

    Raises:
        CheckFailed: It failed, or returned something of another shape.
    """
    spec = case.spec
    rows_of_weights = np.asarray(weights, np.float64)
    shape = (len(rows_of_weights), *([len(given.labels)] if spec.kind == "per_class" else []))
    try:
        found = np.asarray(called(spec, resolve(spec.weighted or ""), given)(rows_of_weights), np.float64)
    except Exception as error:
        case.fail(
            expected=f"weighted to return a function of weights {rows_of_weights.shape} for {shown(given)}",
            got=f"{type(error).__name__}: {error}",
            change="Return a function, or one of those of emoclass.evaluation.weighted.",
        )
    if found.shape != shape:
        case.fail(
            expected=f"figures of shape {shape} from weighted for weights of shape {rows_of_weights.shape}",
            got=f"shape {found.shape}",
            change="Return a figure for each row of weights.",
        )
    return found


def demanded(case: Case[MetricSpec], given: Predictions) -> Values:
    """Return what the metric says of predictions on which it has to say something.

    Raises:
        CheckFailed: It says that the value is undefined, or anything that `measured` refuses.
    """
    found = measured(case, given)
    if isinstance(found, str):
        changed = "read-only" in found
        case.fail(
            expected=f"a value where every emotion is present, for {shown(given)}",
            got=f"ValueError: {found or 'without a reason'}",
            change="Leave the arrays as they are, and change a copy." if changed else "Define it on such predictions.",
        )
    return found


def usable(case: Case[MetricSpec]) -> list[LabelScheme]:
    """Return the label schemes on which the metric is defined: some speak of certain emotions, or of three or more.

    Raises:
        CheckFailed: There are none.
    """
    schemes = [labels for labels in SCHEMES if not isinstance(measured(case, plain(labels, 60)), str)]
    if not schemes:
        demanded(case, plain(SCHEMES[0], 60))
    return schemes


def agree(one: Values | str, other: Values | str) -> bool:
    """Tell whether two answers are the same but for rounding; one reason for an undefined value is like another."""
    if isinstance(one, str) or isinstance(other, str):
        return isinstance(one, str) and isinstance(other, str)
    return np.shape(one) == np.shape(other) and np.allclose(one, other, rtol=1e-9, atol=1e-9, equal_nan=True)


def shown(given: Predictions) -> str:
    """Describe predictions in a message: the first images in numbers."""
    n = len(given)
    first = f", the first {SHOWN} of {n} images" if n > SHOWN else ""
    emotions = ", ".join(given.labels.emotions)
    return f"labels {emotions}, y_true {_listed(given.y_true)}, y_score {_listed(given.y_score)}{first}"


def said(found: Values | str, labels: LabelScheme) -> str:
    """Describe a metric's answer in a message."""
    if isinstance(found, str):
        return f"nothing (ValueError: {found})"
    if np.ndim(found) == 1:
        pairs = zip(labels.emotions, found.tolist(), strict=True)
        return ", ".join(f"{emotion} {'None' if value != value else f'{value:.6g}'}" for emotion, value in pairs)
    return f"{found:.10g}" if np.ndim(found) == 0 else str(np.round(found, 6).tolist())


def _listed(array: NDArray[np.int64] | Values) -> str:
    return str(np.round(array[:SHOWN], 3).tolist())
