"""What several runs of one experiment hand back: their numbers, and how these vary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, Literal

from pydantic import Field

from emoclass.values.base import FrozenModel
from emoclass.values.results import MetricValue, RunRecord


class Spread(FrozenModel):
    """How one metric varies over the folds or seeds.

    Attributes:
        mean: Its mean.
        sd: Its standard deviation (n - 1 in the denominator); None of a single value.
        minimum: Its lowest value.
        maximum: Its highest value.
        n: In how many runs it is defined.
    """

    mean: float
    sd: float | None
    minimum: float
    maximum: float
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return the spread of at least one value.

        Example:
            >>> Spread.of([0.5, 0.75, 1.0])
            Spread(mean=0.75, sd=0.25, minimum=0.5, maximum=1.0, n=3)
        """
        sd = stdev(values) if len(values) > 1 else None
        return cls(mean=fmean(values), sd=sd, minimum=min(values), maximum=max(values), n=len(values))


class StudyRecord(FrozenModel):
    """Several runs of one experiment: the folds of a cross-validation, or repetitions with other seeds.

    Attributes:
        folder: The study's folder, with the run folders of its parts.
        kind: `folds` or `seeds`.
        plugin: The plugin that was run.
        recipe: Its recipe.
        labels: Emotion ids in class order.
        headline: The metrics to look at first.
        parts: `fold-1` or `seed-0` -> the run.
        pooled: Of folds, name -> value over all images, each predicted once by a model that did not see it; of seeds
            nothing.
        notes: What a reader of the numbers must know: sentences.
    """

    folder: Path
    kind: Literal["folds", "seeds"]
    plugin: str
    recipe: str
    labels: tuple[str, ...]
    headline: tuple[str, ...] = ()
    parts: Mapping[str, RunRecord]
    pooled: Mapping[str, MetricValue] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @cached_property
    def spread(self) -> dict[str, Spread]:
        """Metric -> how it varies over the parts; those that are no number in any of them are left out."""
        runs = list(self.parts.values())
        values = {name: [run.metrics[name].value for run in runs if name in run.metrics] for name in runs[0].metrics}
        defined = {name: [value for value in each if value is not None] for name, each in values.items()}
        return {name: Spread.of(each) for name, each in defined.items() if each}

    @property
    def caution(self) -> str:
        """What the spread is not: a sentence that belongs beside it."""
        if self.kind == "folds":
            return (
                "The spread over folds is not a confidence interval: the folds share training images, and the "
                "variance of their mean has no unbiased estimator (Bengio and Grandvalet, 2004)."
            )
        return (
            "The spread over seeds shows how much the random split and the initial weights matter. It is not a "
            "confidence interval: all runs use the same images."
        )

    def to_json(self) -> dict[str, Any]:
        """Return the document that `emoclass run --folds K --json` prints."""
        return {
            "folder": str(self.folder),
            "kind": self.kind,
            "plugin": self.plugin,
            "recipe": self.recipe,
            "labels": list(self.labels),
            "headline": list(self.headline),
            "spread": {name: each.model_dump() for name, each in self.spread.items()},
            "caution": self.caution,
            "pooled": {name: value.to_json() for name, value in self.pooled.items()},
            "notes": list(self.notes),
            "parts": {name: run.to_json() for name, run in self.parts.items()},
        }
