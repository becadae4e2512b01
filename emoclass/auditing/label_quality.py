"""Which labels out-of-fold predictions speak against, by confident learning (Northcutt, Jiang and Chuang 2021)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from emoclass.errors import MissingPackageError
from emoclass.values.base import FrozenModel
from emoclass.values.results import MetricValue

__all__ = ["SuspectedLabel", "SuspectedLabels"]


class SuspectedLabel(FrozenModel):
    """An image whose label is not the emotion that a model sees in it.

    Attributes:
        id: The sample's id.
        path: Its path, relative to the data folder.
        label: The emotion that it is labeled with.
        suggestion: The likeliest other emotion.
        label_probability: What the model gives the label. Range: [0, 1].
        suggestion_probability: What it gives the suggestion; more than the label's.
        score: Label quality: the lower, the more suspicious. Range: [0, 1].
        issue: Whether confident learning counts it among the wrong labels.
    """

    id: str
    path: str
    label: str
    suggestion: str
    label_probability: float
    suggestion_probability: float
    score: float
    issue: bool


class SuspectedLabels(FrozenModel):
    """The labels that out-of-fold predictions speak against, the most suspicious first.

    Attributes:
        study: The folder of the cross-validation that predicted them.
        table: The list as a CSV file.
        sheet: The first of the list as pictures; None where nothing is suspected.
        plugin: The plugin that was run.
        recipe: Its recipe.
        labels: Emotion ids in class order.
        n_images: Images that were predicted, each by a model that did not see it.
        n_commonest: How many of them bear the commonest label.
        accuracy: How often prediction and label agree; None where the study did not measure it.
        suspects: All images with a prediction that is not their label.
    """

    study: Path
    table: Path
    sheet: Path | None
    plugin: str
    recipe: str
    labels: tuple[str, ...]
    n_images: int
    n_commonest: int
    accuracy: MetricValue | None
    suspects: tuple[SuspectedLabel, ...]

    @property
    def n_issues(self) -> int:
        """How many labels confident learning counts as wrong."""
        return sum(each.issue for each in self.suspects)

    @property
    def caution(self) -> str:
        """How reliable the list is: sentences to show beside it."""
        agreed = self.n_images - len(self.suspects)
        figure = f"{agreed} of {self.n_images} labels"
        interval = self.accuracy
        if interval is not None and interval.ci_low is not None and interval.ci_high is not None:
            figure += f" ({interval.value:.3f} [{interval.ci_low:.3f}, {interval.ci_high:.3f}])"
        said = f"The model agrees with {figure}, each predicted by a model that was not trained on the image. "
        low = agreed / self.n_images if interval is None or interval.ci_low is None else interval.ci_low
        share = self.n_commonest / self.n_images
        if low <= share:
            return said + (
                f"That is not clearly better than always predicting the most frequent label ({share:.3f}), so this "
                f"list is little better than chance. Train longer (--epochs), or choose another model (--plugin)."
            )
        return said + (
            "The other images are wrong labels or errors of the model, and this list cannot tell which: look at each "
            "image before you change its label."
        )

    def to_json(self) -> dict[str, Any]:
        """Return the document that `emoclass audit --labels --json` prints."""
        document = self.model_dump(mode="json", exclude={"accuracy"})
        return {
            **document,
            "n_issues": self.n_issues,
            "accuracy": None if self.accuracy is None else self.accuracy.to_json(),
            "caution": self.caution,
        }


def check_labels_package() -> None:
    """Raise MissingPackageError where the package that does confident learning is missing."""
    if find_spec("cleanlab") is None:
        raise MissingPackageError(
            "suspected labels: expected cleanlab to be installed, found none.",
            hint='Install with: pip install "emoclass[labels]"',
        )


def rank_labels(
    ids: Sequence[str], paths: Sequence[str], y_true: np.ndarray, y_score: np.ndarray, *, labels: Sequence[str]
) -> tuple[SuspectedLabel, ...]:
    """Return the images whose label is not what was predicted, the most suspicious first.

    The score is the normalized margin, (P(label) - max P(other) + 1) / 2, after each emotion's mean confidence was
    taken off its probabilities, so that an emotion that the model names too readily does not fill the list.

    Args:
        ids: The images.
        paths: Their paths.
        y_true: int `(n,)`: their labels as class indices.
        y_score: float `(n, len(labels))`: probabilities by models that did not see the image.
        labels: Emotion ids in class order.

    Raises:
        MissingPackageError: cleanlab is missing.

    Source:
        Northcutt, Jiang and Chuang (2021), Confident Learning: Estimating Uncertainty in Dataset Labels, JAIR 70.
    """
    check_labels_package()
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an emotion with a single image: nothing to tell of it
        # One process: a pool would start interpreters anew, each with TensorFlow, for what takes milliseconds.
        issues = find_label_issues(y_true, y_score, n_jobs=1)
        quality = get_label_quality_scores(y_true, y_score, method="normalized_margin", adjust_pred_probs=True)
    rows = np.arange(len(y_true))
    others = y_score.copy()
    others[rows, y_true] = -1
    suggested = others.argmax(axis=1)
    of_label, of_other = y_score[rows, y_true], y_score[rows, suggested]
    suspected = [int(row) for row in np.lexsort((ids, of_label, quality)) if of_other[row] > of_label[row]]
    return tuple(
        SuspectedLabel(
            id=ids[row],
            path=paths[row],
            label=labels[y_true[row]],
            suggestion=labels[suggested[row]],
            label_probability=round(float(of_label[row]), 6),
            suggestion_probability=round(float(of_other[row]), 6),
            score=round(float(quality[row]), 6),
            issue=bool(issues[row]),
        )
        for row in suspected
    )
