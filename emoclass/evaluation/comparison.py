"""What a comparison of finished runs hands back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from emoclass.values.base import FrozenModel
from emoclass.values.results import MetricValue


class ComparedRun(FrozenModel):
    """One of the runs of a comparison.

    Attributes:
        name: As much of its folder's path as tells it from the others.
        folder: The run folder.
        metrics: Name -> value: accuracy and the headline, as far as all runs have them.
    """

    name: str
    folder: Path
    metrics: Mapping[str, MetricValue]


class RunDifference(FrozenModel):
    """A run against the first run of a comparison, the reference.

    Attributes:
        name: The run's name.
        accuracy: The run's accuracy less the reference's, with a paired bootstrap interval. Range: [-1, 1].
        macro_f1: The same of the mean F1 over the emotions that the images show.
        only_run: Images that only this run has right.
        only_reference: Images that only the reference has right.
        test: Where the p-value comes from: `mcnemar`, or `group_bootstrap` where a group holds several images.
        p_value: Of the difference in accuracy, two-sided.
        p_adjusted: The same after Holm's correction for all runs of the comparison.
        more_than_chance: Whether `p_adjusted` is at most 0.05.
        verdict: All this as a sentence.
    """

    name: str
    accuracy: MetricValue
    macro_f1: MetricValue
    only_run: int
    only_reference: int
    test: Literal["mcnemar", "group_bootstrap"]
    p_value: float
    p_adjusted: float
    more_than_chance: bool
    verdict: str


class ComparisonTable(FrozenModel):
    """Finished runs side by side, on the test images that they share.

    Attributes:
        labels: Emotion ids, in the class order of the reference.
        n_samples: Test images.
        n_groups: What the bootstrap draws, where a group holds several of the images; else None.
        runs: The runs in the order given. The first one is the reference.
        differences: Each other run against the reference.
        notes: What a reader of the numbers must know: sentences.
    """

    labels: tuple[str, ...]
    n_samples: int
    n_groups: int | None = None
    runs: tuple[ComparedRun, ...]
    differences: tuple[RunDifference, ...]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the document that `emoclass compare --json` prints."""
        document = self.model_dump(mode="json", exclude={"runs": {"__all__": {"metrics"}}})
        for run, entry in zip(self.runs, document["runs"], strict=True):
            entry["metrics"] = {name: value.to_json() for name, value in run.metrics.items()}
        for difference, entry in zip(self.differences, document["differences"], strict=True):
            entry |= {name: getattr(difference, name).to_json() for name in ("accuracy", "macro_f1")}
        return document


def format_p(p_value: float) -> str:
    """Return a p-value as text; one that would round to 0 as what it is below.

    Example:
        >>> format_p(0.0214), format_p(1e-9)
        ('p = 0.021', 'p < 0.001')
    """
    return f"p = {p_value:.3f}" if p_value >= 0.001 else "p < 0.001"


def short_names(paths: Sequence[Path]) -> list[str]:
    """Return the last parts of each path, as many as tell all of them apart."""
    for depth in range(1, max((len(path.parts) for path in paths), default=0)):
        names = ["/".join(path.parts[-depth:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    return [str(path) for path in paths]
