"""What measuring trained models on other datasets hands back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from emoclass.errors import ConfigError
from emoclass.values.base import FrozenModel
from emoclass.values.results import CropCounts, MetricValue, SkippedFile


class Subgroup(FrozenModel):
    """The metrics of a model on the images for which an attribute has one value.

    Attributes:
        n_samples: Images.
        n_groups: Persons or sources that they come from; None where the dataset names none, or the attribute is these.
        metrics: Name -> value; accuracy is always among them.
        too_small: Why nothing can be concluded from so few images; None where there are enough.
    """

    n_samples: int
    n_groups: int | None = None
    metrics: Mapping[str, MetricValue]
    too_small: str | None = None


class Breakdown(FrozenModel):
    """A model's metrics by the values of an attribute.

    Attributes:
        attribute: Its name; `group` for the dataset's persons or sources.
        values: Value -> metrics, in alphabetical order.
        n_without: Images that have no value.
        p_value: Of a permutation test whether the accuracy is the same for all values; None where there is one only.
        p_adjusted: The same after Holm's correction for all attributes that were looked at.
        more_than_chance: Whether `p_adjusted` is at most 0.05.
        verdict: That as a sentence.
    """

    attribute: str
    values: Mapping[str, Subgroup]
    n_without: int = 0
    p_value: float | None = None
    p_adjusted: float | None = None
    more_than_chance: bool = False
    verdict: str

    def to_json(self) -> dict[str, Any]:
        """Return the part of an evaluation's document that is about this attribute."""
        return {
            "values": {
                value: {
                    "n_samples": group.n_samples,
                    "n_groups": group.n_groups,
                    "too_small": group.too_small,
                    "metrics": {name: each.to_json() for name, each in group.metrics.items()},
                }
                for value, group in self.values.items()
            },
            "n_without": self.n_without,
            "p_value": self.p_value,
            "p_adjusted": self.p_adjusted,
            "more_than_chance": self.more_than_chance,
            "verdict": self.verdict,
        }


class Evaluation(FrozenModel):
    """The metrics of a trained model on one dataset.

    Attributes:
        model: The model, as the caller named it; of a classifier, its name.
        labels: The emotions that it chose among, in class order.
        dataset: The dataset's name.
        root: The folder that was read; None for a dataset that takes none.
        split: Which of the dataset's official splits was used; `all` for every image.
        n_samples: Images that were predicted.
        support: Emotion of `labels` -> how many of the images show it.
        metrics: Name -> value.
        n_leaked: Images that are copies of what the model was trained on; None where that is not known.
        leak_adjusted: Name -> value, without these; empty where there are none, or nothing else.
        by: Attribute -> the metrics by its values.
        left_out: Class word -> excluded images: of other emotions, or ignored by the map.
        merged: Emotion -> class word -> images of another class that the map counts as this emotion.
        skipped: Files that could not be read, or that the model could not judge, and photographs without a face where
            faces were cropped.
        cropped: What became of the images where faces were cropped; else None.
        notes: What a reader of the numbers must know: sentences.
    """

    model: str
    labels: tuple[str, ...]
    dataset: str
    root: Path | None = None
    split: str = "all"
    n_samples: int
    support: Mapping[str, int] = Field(default_factory=dict)
    metrics: Mapping[str, MetricValue]
    n_leaked: int | None = None
    leak_adjusted: Mapping[str, MetricValue] = Field(default_factory=dict)
    by: Mapping[str, Breakdown] = Field(default_factory=dict)
    left_out: Mapping[str, int] = Field(default_factory=dict)
    merged: Mapping[str, Mapping[str, int]] = Field(default_factory=dict)
    skipped: tuple[SkippedFile, ...] = ()
    cropped: CropCounts | None = None
    notes: tuple[str, ...] = ()

    @property
    def shown(self) -> tuple[str, ...]:
        """Those of the emotions that an image shows."""
        return tuple(emotion for emotion in self.labels if self.support.get(emotion))

    @property
    def task(self) -> Collection[str]:
        """The emotions that the model could predict; metrics are comparable where these are equal.

        The order of two labels counts: precision, recall and F1 refer to the second one. With more labels they are
        means over all.
        """
        return self.labels if len(self.labels) == 2 else frozenset(self.labels)

    @property
    def basis(self) -> str:
        """How many emotions the metrics cover, in words.

        Example:
            >>> found = Evaluation(model="m", labels=("sad", "happy"), dataset="d", n_samples=3,
            ...                    support={"sad": 3, "happy": 0}, metrics={})
            >>> found.basis
            '1 of 2 emotions'
        """
        shown, labels = len(self.shown), len(self.labels)
        return f"{labels} emotions" if shown == labels else f"{shown} of {labels} emotions"

    def to_json(self) -> dict[str, Any]:
        """Return the document that `emoclass evaluate --json` prints of a model and a dataset."""
        return {
            "model": self.model,
            "labels": list(self.labels),
            "dataset": self.dataset,
            "root": None if self.root is None else str(self.root),
            "split": self.split,
            "n_samples": self.n_samples,
            "support": dict(self.support),
            "metrics": {name: value.to_json() for name, value in self.metrics.items()},
            "n_leaked": self.n_leaked,
            "leak_adjusted": {name: value.to_json() for name, value in self.leak_adjusted.items()},
            "by": {name: each.to_json() for name, each in self.by.items()},
            "left_out": dict(self.left_out),
            "merged": {emotion: dict(words) for emotion, words in self.merged.items()},
            "skipped": [skipped.model_dump() for skipped in self.skipped],
            **({"cropped": self.cropped.model_dump()} if self.cropped else {}),
            "notes": list(self.notes),
        }


class EvaluationMatrix(FrozenModel):
    """Trained models, each measured on the same datasets.

    A cell is an `Evaluation` of its own. Two cells compare where both models chose among the same emotions, on the
    same dataset; `notes` say where they do not.

    Attributes:
        models: The models' names: the rows.
        datasets: The datasets' names, with the folder where one stands several times: the columns.
        matrix: For each model, its evaluation on each dataset.
        notes: What a reader of the numbers must know: sentences.
    """

    models: tuple[str, ...]
    datasets: tuple[str, ...]
    matrix: tuple[tuple[Evaluation, ...], ...]
    notes: tuple[str, ...] = ()

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that are a single number in every cell, even if undefined; accuracy first."""
        cells = [cell for row in self.matrix for cell in row]
        names = [name for name in cells[0].metrics if all(_is_figure(cell.metrics.get(name)) for cell in cells)]
        return tuple(sorted(names, key=lambda name: name != "accuracy"))

    def figures(self, metric: str | None = None) -> tuple[tuple[MetricValue, ...], ...]:
        """Return one metric's values: for each model, its value on each dataset.

        Args:
            metric: Its name; None takes the first of `metrics`.

        Raises:
            ConfigError: It is not a single number in every cell.
        """
        name = metric or next(iter(self.metrics), None)
        if name is None or name not in self.metrics:
            raise ConfigError(
                f"metric: expected a scalar metric that every model and dataset has, got {metric or 'none'}.",
                hint=f"Available: {', '.join(self.metrics)}." if self.metrics else "For example accuracy.",
            )
        return tuple(tuple(cell.metrics[name] for cell in row) for row in self.matrix)

    def to_json(self) -> dict[str, Any]:
        """Return the document that `emoclass evaluate --json` prints of several models."""
        return {
            "models": list(self.models),
            "datasets": list(self.datasets),
            "matrix": [[cell.to_json() for cell in row] for row in self.matrix],
            "notes": list(self.notes),
        }


def _is_figure(value: MetricValue | None) -> bool:
    """Return whether it is a single number, even if undefined, and not a mapping or a matrix."""
    return value is not None and (value.value is not None or value.reason is not None)
