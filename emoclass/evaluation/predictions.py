"""A model's probabilities beside the truth: what every metric reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emoclass.errors import ContractError
from emoclass.evaluation.decision import predicted_classes
from emoclass.evaluation.units import independent_units
from emoclass.values.labels import LabelScheme

__all__ = ["Predictions"]

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

SUM_TOLERANCE = 1e-3
"""How far a row of probabilities may sum from 1: float16 and LiteRT outputs round."""

_PROBABILITIES_HINT = "End the model in a sigmoid (two emotions) or a softmax (more), not in logits."


def _check_probabilities(y_score: FloatArray, subject: str, hint: str = _PROBABILITIES_HINT) -> None:
    """Raise ContractError unless every row is a distribution: finite, in [0, 1], summing to 1."""
    bad_rows = {
        "finite numbers": ~np.isfinite(y_score).all(axis=1),
        "probabilities in [0, 1]": ((y_score < 0) | (y_score > 1)).any(axis=1),
        "rows that sum to 1": abs(y_score.sum(axis=1) - 1) > SUM_TOLERANCE,
    }
    for expected, bad in bad_rows.items():
        if bad.any():
            first = int(bad.argmax())
            raise ContractError(
                f"{subject}: expected {expected}, got {y_score[first].tolist()} in row {first}"
                f" ({int(bad.sum())} of {len(bad)} rows).",
                hint=hint,
            )


def scores_from_output(output: ArrayLike, labels: LabelScheme) -> FloatArray:
    """Return a model's raw output as one probability for each emotion.

    Shapes: `(n, labels.units)` -> float64 `(n, len(labels))`; a sigmoid's one column is P(second label).

    Raises:
        ContractError: Another shape, or values that are no probabilities.

    Example:
        >>> scores_from_output([[0.25]], LabelScheme(emotions=("happy", "sad"))).tolist()
        [[0.75, 0.25]]
    """
    scores = np.asarray(output, dtype=np.float64)
    if scores.ndim != 2 or scores.shape[1] != labels.units:
        raise ContractError(
            f"model output: expected shape (n, {labels.units}) for {len(labels)} emotions, got {scores.shape}.",
            hint="Size the last layer with labels.units.",
        )
    if labels.head == "sigmoid":
        scores = np.hstack([1 - scores, scores])
    _check_probabilities(scores, "model output")
    return scores


def shares_of_votes(votes: Sequence[Mapping[str, float] | None], labels: LabelScheme) -> FloatArray | None:
    """Return each emotion's share of an image's votes, or None where no image has a vote.

    Shapes: n mappings -> float64 `(n, len(labels))`. Range: [0, 1], rows sum to 1; an image without votes has NaN.

    Args:
        votes: Emotion of the run -> count, for each image: the `votes` of the samples of a `data.index.Index`.
        labels: The class order.

    Example:
        >>> shares_of_votes([{"sad": 3, "happy": 1}, None], LabelScheme(emotions=("happy", "sad"))).tolist()
        [[0.25, 0.75], [nan, nan]]
    """
    counts = np.array([[(each or {}).get(emotion, 0.0) for emotion in labels.emotions] for each in votes], np.float64)
    totals = counts.sum(axis=1, keepdims=True)
    if not totals.any():
        return None
    return counts / np.where(totals > 0, totals, np.nan)


def numbers_of_votes(votes: Sequence[Mapping[str, float] | None], labels: LabelScheme) -> FloatArray | None:
    """Return how many votes for the run's emotions each image has, float64 `(n,)`, or None where no image has a vote.

    Args:
        votes: As for `shares_of_votes`, to which this is the denominator.
        labels: The class order.

    Example:
        >>> numbers_of_votes([{"sad": 3, "happy": 1}, None], LabelScheme(emotions=("happy", "sad"))).tolist()
        [4.0, 0.0]
    """
    totals = np.array(
        [sum((each or {}).get(emotion, 0.0) for emotion in labels.emotions) for each in votes], np.float64
    )
    return totals if totals.any() else None


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model said about the images of one split. The arrays are read-only copies.

    Attributes:
        ids: The samples' ids.
        y_true: Class indices in label order. Shape: int64 `(n,)`.
        y_score: Probabilities. Shape: float64 `(n, len(labels))`. Range: [0, 1], rows sum to 1.
        labels: The class order.
        groups: Person or source of each sample, None where it has none; None if no sample has one.
        clusters: Name of the picture of which each sample is a copy, None where there is no other copy of it; None if
            no sample has one, or nobody looked.
        split: Which split the samples are.
        votes: The emotions' shares of the annotators' votes, a row of NaN where a sample has none; None if no
            sample has any. Shape: float64 `(n, len(labels))`. Range: [0, 1], rows sum to 1.
        n_votes: How many votes for these emotions each sample has, float64 `(n,)`; None where only shares are known.
        leaked: Which samples are copies of what the model was trained on, bool `(n,)`; None where nobody looked.

    Raises:
        ContractError: The parts do not fit together, a score is no probability, or votes are no shares.
    """

    ids: tuple[str, ...]
    y_true: IntArray
    y_score: FloatArray
    labels: LabelScheme
    groups: tuple[str | None, ...] | None = None
    clusters: tuple[str | None, ...] | None = None
    split: str = "test"
    votes: FloatArray | None = None
    n_votes: FloatArray | None = None
    leaked: BoolArray | None = None

    def __post_init__(self) -> None:
        n, classes = len(self.ids), len(self.labels)
        if n == 0:
            raise ContractError("predictions: expected at least one sample, got none.")
        y_true = np.array(self.y_true)
        if y_true.shape != (n,) or not np.issubdtype(y_true.dtype, np.integer):
            raise ContractError(f"y_true: expected integers of shape ({n},), got {y_true.dtype} {y_true.shape}.")
        if y_true.min() < 0 or y_true.max() >= classes:
            raise ContractError(
                f"y_true: expected class indices 0 to {classes - 1}, got {y_true.min()} to {y_true.max()}.",
                hint="labels.index(emotion) gives the index of an emotion.",
            )
        y_score = np.array(self.y_score, dtype=np.float64)
        if y_score.shape != (n, classes):
            raise ContractError(
                f"y_score: expected shape ({n}, {classes}), got {y_score.shape}.",
                hint="scores_from_output(output, labels) turns a model's output into this shape.",
            )
        _check_probabilities(y_score, "y_score")
        for name, ties in (("groups", self.groups), ("clusters", self.clusters)):
            if ties is not None and len(ties) != n:
                raise ContractError(f"{name}: expected {n}, one for each sample, got {len(ties)}.")
        self._freeze(ids=tuple(self.ids), y_true=_frozen(y_true.astype(np.int64)), y_score=_frozen(y_score))
        self._freeze(groups=_names(self.groups), clusters=_names(self.clusters))
        self._freeze(votes=_votes(self.votes, y_score.shape))
        if self.n_votes is not None:
            n_votes = np.array(self.n_votes, dtype=np.float64)
            if n_votes.shape != (n,) or not (n_votes >= 0).all():
                raise ContractError(f"n_votes: expected numbers from 0 on, of shape ({n},), got shape {n_votes.shape}.")
            self._freeze(n_votes=None if self.votes is None else _frozen(n_votes))
        if self.leaked is not None:
            leaked = np.array(self.leaked)
            if leaked.shape != (n,) or leaked.dtype != np.bool_:
                raise ContractError(f"leaked: expected booleans of shape ({n},), got {leaked.dtype} {leaked.shape}.")
            self._freeze(leaked=_frozen(leaked))

    @cached_property
    def units(self) -> IntArray:
        """The number of each sample's independent unit, from 0 on without gaps.

        Samples of one group share a unit, and copies of one picture do. Shape: int64 `(n,)`.
        """
        return independent_units(len(self), self.groups, self.clusters)

    @property
    def n_units(self) -> int:
        """How many independent units the samples make."""
        return int(self.units.max()) + 1

    @property
    def independent(self) -> bool:
        """Whether each sample is a unit of its own."""
        return self.n_units == len(self)

    def with_votes(self) -> Predictions | None:
        """Return the predictions for the samples that have votes, or None where none has."""
        if self.votes is None:
            return None
        return self.take(np.flatnonzero(~np.isnan(self.votes[:, 0])))

    def with_several_votes(self) -> Predictions | None:
        """Return the predictions for the samples that are known to have two votes or more, or None where none has."""
        if self.n_votes is None or not (self.n_votes >= 2).any():
            return None
        return self.take(np.flatnonzero(self.n_votes >= 2))

    @property
    def vote_counts(self) -> FloatArray | None:
        """The emotions' numbers of votes, float64 `(n, len(labels))`, NaN where there are none; None if not known."""
        if self.votes is None or self.n_votes is None:
            return None
        return self.votes * self.n_votes[:, np.newaxis]

    @property
    def n_leaked(self) -> int:
        """How many samples are copies of what the model was trained on."""
        return 0 if self.leaked is None else int(self.leaked.sum())

    def without_leaked(self) -> Predictions | None:
        """Return the predictions for the samples that are no copies of training images, or None where all are."""
        if self.leaked is None or not self.leaked.any():
            return self
        return None if self.leaked.all() else self.take(np.flatnonzero(~self.leaked))

    def without_groups(self) -> Predictions:
        """Return the predictions as if every picture stood for itself; copies of one are still one."""
        return replace(self, groups=None)

    def take(self, rows: IntArray) -> Predictions:
        """Return the predictions for some of the samples, by their places; at least one."""
        return replace(
            self,
            ids=tuple(self.ids[row] for row in rows),
            y_true=self.y_true[rows],
            y_score=self.y_score[rows],
            groups=None if self.groups is None else tuple(self.groups[row] for row in rows),
            clusters=None if self.clusters is None else tuple(self.clusters[row] for row in rows),
            votes=None if self.votes is None else self.votes[rows],
            n_votes=None if self.n_votes is None else self.n_votes[rows],
            leaked=None if self.leaked is None else self.leaked[rows],
        )

    def _freeze(self, **fields: Any) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def y_pred(self) -> IntArray:
        """The predicted class indices, by the rule of `predicted_classes`. Shape: int64 `(n,)`."""
        return predicted_classes(self.y_score)


def _names(names: Sequence[str | None] | None) -> tuple[str | None, ...] | None:
    """Return the names of groups or clusters as a tuple, or None where no sample has one."""
    return tuple(names) if names is not None and any(name is not None for name in names) else None


def _votes(votes: FloatArray | None, shape: tuple[int, ...]) -> FloatArray | None:
    """Return the votes as a read-only copy, or None where no sample has any."""
    if votes is None:
        return None
    shares = np.array(votes, dtype=np.float64)
    hint = "shares_of_votes(votes, labels) turns counts into shares; a row of NaN has no votes."
    if shares.shape != shape:
        raise ContractError(f"votes: expected shape {shape}, got {shares.shape}.", hint=hint)
    absent = np.isnan(shares).all(axis=1, keepdims=True)
    _check_probabilities(np.where(absent, 1 / shape[1], shares), "votes", hint)
    return None if absent.all() else _frozen(shares)


def _frozen(array: Any) -> Any:
    array.setflags(write=False)
    return array
