"""The implementation that a metric names as its reference, called on predictions."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from emoclass.errors import EmoclassError
from emoclass.evaluation.evaluate import as_figures, as_matrix, called
from emoclass.evaluation.predictions import Predictions
from emoclass.testing.examples import Values
from emoclass.values.references import resolve
from emoclass.values.specs import MetricSpec

_SKLEARN = re.compile(r"sklearn\.metrics\.(\w+)")
_OWN = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
_PROBABILITIES = {"y_score", "y_prob", "y_proba"}


class UnusableReferenceError(Exception):
    """A reference is not there, or cannot be called; the text says why."""


def find_reference(spec: MetricSpec) -> Callable[[Predictions], Values] | None:
    """Return what computes the reference's value, or None where it is a citation.

    Raises:
        UnusableReferenceError: It reads like code and is not there. What is returned raises it, too, where the code
            fails, or its answer is of another kind than the metric's.
    """
    text = spec.reference or ""
    sklearn = _SKLEARN.fullmatch(text)
    if not sklearn and not _OWN.fullmatch(text):
        if _DOTTED.fullmatch(text):
            raise UnusableReferenceError("a dotted name that is neither of scikit-learn's metrics nor has a colon")
        return None
    try:
        function = resolve(f"sklearn.metrics:{sklearn[1]}" if sklearn else text)
    except EmoclassError as error:
        raise UnusableReferenceError(f"{error.message} {error.hint or ''}".strip()) from error

    def reference(given: Predictions) -> Values:
        try:
            raw = _of_sklearn(spec, function, given) if sklearn else called(spec, function, given)
            return _as_values(spec, raw, given)
        except Exception as error:
            cause = error.__cause__ or error
            raise UnusableReferenceError(f"{type(cause).__name__}: {cause}") from error

    return reference


def _as_values(spec: MetricSpec, raw: Any, given: Predictions) -> Values:
    spec = spec.model_copy(update={"bounds": (None, None)})  # they are the metric's, which may be what is wrong
    if spec.kind == "matrix":
        return np.array(as_matrix(spec, raw, len(given.labels)))
    if spec.kind == "per_class" and np.shape(raw) == (len(given.labels),):
        raw = dict(zip(given.labels.emotions, np.asarray(raw, np.float64).tolist(), strict=True))
    figures = np.array(as_figures(spec, raw, given.labels.emotions), dtype=np.float64)
    return figures[0] if spec.kind == "scalar" else figures


def _of_sklearn(spec: MetricSpec, function: Callable[..., Any], given: Predictions) -> Any:
    """Call a function of scikit-learn with what its signature asks for."""
    parameters = inspect.signature(function).parameters
    classes = len(given.labels)
    more: dict[str, Any] = {}
    if "labels" in parameters:
        more["labels"] = list(range(classes))
    if "zero_division" in parameters:
        more["zero_division"] = 0
    if "multi_class" in parameters:
        more["multi_class"] = "ovr"
    if "average" in parameters:
        if spec.kind == "per_class":
            more["average"] = None
        elif parameters["average"].default == "binary":
            more["average"] = "binary" if classes == 2 else "macro"
    # log_loss calls its probabilities y_pred in some versions
    if not _PROBABILITIES & parameters.keys() and "log_loss" not in function.__name__:
        return function(given.y_true, given.y_pred, **more)
    if spec.kind == "per_class":
        return function(np.eye(classes, dtype=int)[given.y_true], given.y_score, **more)
    return function(given.y_true, given.y_score[:, 1] if classes == 2 else given.y_score, **more)
