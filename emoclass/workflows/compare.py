"""Finished runs side by side: what they wrote is read, and nothing is trained or predicted again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from emoclass.errors import ConfigError, DataError
from emoclass.evaluation.comparison import ComparedRun, ComparisonTable, RunDifference, format_p, short_names
from emoclass.evaluation.intervals import Interval
from emoclass.evaluation.notes import note_of_copies, note_of_one_answer, note_of_units
from emoclass.evaluation.paired import PairedBootstrap, holm, mcnemar, paired_bootstrap, smallest_p
from emoclass.evaluation.predictions import IntArray
from emoclass.evaluation.units import independent_units
from emoclass.reporting.folders.finished import Finished, read_finished
from emoclass.values.results import MetricValue

__all__ = ["compare"]

SIGNIFICANCE = 0.05


class Comparison(ComparisonTable):
    """Finished runs side by side, on the test images that they share."""

    def write_plot(self, path: str | Path) -> None:
        """Draw the comparison into a PNG file.

        Raises:
            OutputError: It cannot be written.
        """
        from emoclass.reporting.plots.comparison import write_comparison

        write_comparison(self, Path(path))


def compare(runs: Sequence[str | Path], *, seed: int = 0, resamples: int = 10_000) -> Comparison:
    """Put finished runs side by side, and test whether each of them differs from the first by more than chance.

    All runs must have been tested on the same images. McNemar's exact test (McNemar 1947) decides; where a group, such
    as a person, has several of the images, these are not independent, and a bootstrap over groups decides instead.
    Three or more runs are corrected for being several (Holm 1979).

    Args:
        runs: Run folders, two or more. The first is the reference.
        seed: Seed of the bootstrap.
        resamples: Resamples of the bootstrap, at least 100.

    Raises:
        ConfigError: Fewer than two runs, or too few resamples.
        OutputError: A folder is no finished run, or is damaged.
        DataError: One run twice, or runs with different emotions, test images or true emotions.

    Example:
        >>> found = compare(["runs/short", "runs/long"])  # doctest: +SKIP
        >>> found.differences[0].accuracy.value, found.differences[0].p_value  # doctest: +SKIP
        (0.0625, 0.625)
    """
    paths = [runs] if isinstance(runs, str | Path) else list(runs)
    if len(paths) < 2:
        raise ConfigError(f"runs: expected at least two run folders, got {len(paths)}.")
    if resamples < 100:
        raise ConfigError(f"resamples: expected at least 100, got {resamples}.")
    finished = [read_finished(Path(path)) for path in paths]
    for number, run in enumerate(finished):
        if run.path in [earlier.path for earlier in finished[:number]]:
            raise DataError(f"run {run.path}: expected different runs, got this one twice.", hint="Name it once.")
    names = short_names([run.path for run in finished])
    for run, name in zip(finished[1:], names[1:], strict=True):
        _check_same_test(finished[0], names[0], run, name)
    ids = sorted(finished[0].truth)
    units, grouped_by = _units(finished, names, ids)
    n_groups = None if units is None else int(units.max()) + 1
    return Comparison(
        labels=finished[0].labels,
        n_samples=len(ids),
        n_groups=n_groups,
        runs=tuple(
            ComparedRun(name=name, folder=run.path, metrics=metrics)
            for name, run, metrics in zip(names, finished, _shared_metrics(finished), strict=True)
        ),
        differences=_differences(finished, names, ids, units, seed, resamples),
        notes=tuple(_notes(finished, names, len(ids), n_groups, grouped_by)),
    )


def _check_same_test(first: Finished, first_name: str, other: Finished, name: str) -> None:
    """Raise DataError unless both runs were tested on the same images with the same true emotions."""
    subject = f"runs {first_name} and {name}"
    if set(first.labels) != set(other.labels):
        raise DataError(
            f"{subject}: expected the same emotions, got {', '.join(first.labels)} and {', '.join(other.labels)}.",
            hint="Compare runs with the same labels.",
        )
    ours, theirs = sorted(first.truth.keys() - other.truth), sorted(other.truth.keys() - first.truth)
    if ours or theirs:
        raise DataError(
            f"{subject}: expected the same test images, got {_some(ours)} only in {first_name}"
            f" and {_some(theirs)} only in {name}.",
            hint="A difference could be caused by the images alone. Train both on the same data, with the same seed "
            "and the same validation and test fractions, so that their splits match.",
        )
    changed = [each for each in sorted(first.truth) if first.truth[each] != other.truth[each]]
    if changed:
        example = f"{changed[0]} is {first.truth[changed[0]]} in {first_name} and {other.truth[changed[0]]} in {name}"
        raise DataError(
            f"{subject}: expected the same true emotions, got {len(changed)} of {len(first.truth)} test images "
            f"that differ; {example}.",
            hint="Train both with the same labels, the same data and the same --map.",
        )


def _some(ids: Sequence[str]) -> str:
    return f"{len(ids)} ({', '.join(ids[:2])}{', ...' if len(ids) > 2 else ''})" if ids else "0"


def _units(
    finished: Sequence[Finished], names: Sequence[str], ids: Sequence[str]
) -> tuple[IntArray | None, str | None]:
    """Return the independent units of the first run in which one has several of the images, and that run's name."""
    for run, name in zip(finished, names, strict=True):
        ties = [[of_image.get(each) for each in ids] for of_image in (run.groups, run.clusters)]
        units = independent_units(len(ids), *ties)
        if int(units.max()) + 1 < len(ids):
            return units, name
    return None, None


def _differences(
    finished: Sequence[Finished],
    names: Sequence[str],
    ids: Sequence[str],
    units: IntArray | None,
    seed: int,
    resamples: int,
) -> tuple[RunDifference, ...]:
    """Compare each run with the first one."""
    labels = finished[0].labels
    test: Literal["mcnemar", "group_bootstrap"] = "mcnemar" if units is None else "group_bootstrap"
    y_true, *predicted = (
        np.array([labels.index(emotion[each]) for each in ids])
        for emotion in (finished[0].truth, *(run.predicted for run in finished))
    )
    reference, others = predicted[0], predicted[1:]
    only = [  # images that just one of the two has right
        (int(((y_true == other) & (y_true != reference)).sum()), int(((y_true != other) & (y_true == reference)).sum()))
        for other in others
    ]
    found = [
        paired_bootstrap(y_true, reference, other, classes=len(labels), units=units, seed=seed, n_resamples=resamples)
        for other in others
    ]
    p_values = [mcnemar(*counts) if units is None else each.p_value for counts, each in zip(only, found, strict=True)]
    return tuple(
        RunDifference(
            name=name,
            accuracy=_difference(each.accuracy, each.accuracy_interval, len(ids), finished[0].split),
            macro_f1=_difference(each.macro_f1, each.macro_f1_interval, len(ids), finished[0].split),
            only_run=counts[0],
            only_reference=counts[1],
            test=test,
            p_value=p_value,
            p_adjusted=adjusted,
            more_than_chance=adjusted <= SIGNIFICANCE,
            verdict=_verdict(name, each, counts, adjusted, units is not None, len(others)),
        )
        for name, each, counts, p_value, adjusted in zip(names[1:], found, only, p_values, holm(p_values), strict=True)
    )


def _difference(value: float, interval: Interval, n: int, split: str) -> MetricValue:
    return MetricValue(
        value=value,
        ci_low=interval.low,
        ci_high=interval.high,
        n_samples=n,
        split=split,
        interval=None if interval.low is None else "bootstrap",
        reason=interval.reason,
    )


def _verdict(
    name: str, found: PairedBootstrap, only: tuple[int, int], p_value: float, grouped: bool, n_others: int
) -> str:
    """Say whether the difference in accuracy is more than chance, why, and whether it could have been."""
    how = f"bootstrap over {found.units} groups" if grouped else "McNemar's exact test"
    corrected = f", corrected for {n_others} comparisons" if n_others > 1 else ""
    evidence = f"{how}, {format_p(p_value)}{corrected}"
    if p_value <= SIGNIFICANCE:
        return f"{name}: more than chance, {'better' if found.accuracy > 0 else 'worse'} ({evidence})."
    said = f"{name}: may be chance ({evidence})."
    discordant, unit = (found.differing, "group") if grouped else (sum(only), "image")
    if discordant == 0:
        same = "equally many images right in every group" if grouped else "the same images right"
        return f"{said} Both runs have {same}."
    if smallest_p(discordant) > SIGNIFICANCE:
        counted = f"Only {discordant} {unit}s distinguish" if discordant > 1 else f"Only 1 {unit} distinguishes"
        return f"{said} {counted} the two runs; with fewer than 6, no result can reach {SIGNIFICANCE:g}."
    return said


def _shared_metrics(finished: Sequence[Finished]) -> list[dict[str, MetricValue]]:
    """Return of each run accuracy and the headline, as far as they are single numbers that all runs have."""
    wanted = dict.fromkeys(["accuracy", *(name for run in finished for name in run.headline)])
    shared = [name for name in wanted if all(_is_figure(run.metrics.get(name)) for run in finished)]
    return [{name: run.metrics[name] for name in shared} for run in finished]


def _is_figure(value: MetricValue | None) -> bool:
    """Return whether it is a single number, even if undefined, and not a mapping or a matrix."""
    return value is not None and (value.value is not None or value.reason is not None)


def _notes(
    finished: Sequence[Finished], names: Sequence[str], n: int, n_groups: int | None, grouped_by: str | None
) -> Iterator[str]:
    """Return notes that matter for reading the metrics."""
    if n_groups is not None:
        yield f"{note_of_units(n, n_groups)} The p-value is from a bootstrap over these units, not McNemar's test."
        if any((run.groups, run.clusters) != (finished[0].groups, finished[0].clusters) for run in finished):
            yield f"The runs group the images differently: these are the groups and copies of {grouped_by}."
    for run, name in zip(finished, names, strict=True):
        note = note_of_one_answer(sorted(set(run.predicted.values())), n, who=name)
        if note:
            yield note
    leaked = set[str]().union(*(run.leaked or () for run in finished))
    if leaked:
        of = "training or validation images of a run, or of those of a model that it learned from"
        seen = note_of_copies(len(leaked), n, images="test images", of=of)
        adjusted = all(run.leaked is not None and len(run.leaked) < n for run in finished)
        where = " Each run's report has the metrics without them." if adjusted else ""
        yield f"{seen}, and the better model may be the one that memorized more.{where}"
    if any(run.leaked is None for run in finished):
        yield "Not every run searched its test images for copies of training images (audit = false)."
    if len({run.data for run in finished}) > 1 or finished[0].data is None:
        yield (
            "The runs did not read the same data, or do not record it: images were matched by name, and their content "
            "was not compared."
        )
