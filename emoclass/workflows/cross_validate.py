"""Several runs of one experiment: a cross-validation, or repetitions with other seeds."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar, Unpack

from emoclass.data.index import Index
from emoclass.data.split import split
from emoclass.errors import ConfigError, EmoclassError, OutputError
from emoclass.evaluation.notes import notes_of_predictions
from emoclass.evaluation.predictions import Predictions
from emoclass.keras_backend import require_keras
from emoclass.plugin.configure import Settings, compose, load_named_plugin, merge
from emoclass.plugin.registry import Registry
from emoclass.progress import Progress
from emoclass.reporting.folders.run import resume_command
from emoclass.reporting.folders.study import StudyFolder, StudyPlan
from emoclass.reporting.pages.study import StudyContents, write_study
from emoclass.values.config import RunConfig, validate
from emoclass.values.study import StudyRecord
from emoclass.workflows.run import RunResult, resume
from emoclass.workflows.run_steps import measure
from emoclass.workflows.work import Work

__all__ = ["cross_validate", "repeat", "resume_study"]

T = TypeVar("T")


class StudyResult(StudyRecord):
    """Several runs of one experiment: the folds of a cross-validation, or repetitions with other seeds.

    Attributes:
        parts: `fold-1` or `seed-0` -> the run.
    """

    parts: Mapping[str, RunResult]


def cross_validate(
    plugin: str | Path | None = None,
    *,
    folds: int,
    out: str | Path = "runs",
    registry: Registry | None = None,
    progress: Progress | None = None,
    **settings: Unpack[Settings],
) -> StudyResult:
    """Run an experiment once for each fold: every image is tested once, by a model that did not see it.

    Args:
        plugin: As for `run`.
        folds: Into how many parts the images are dealt, at least 2.
        out: Where the study makes its own folder.
        registry: The plugins; None discovers the installed ones.
        progress: Progress callback.
        **settings: What `run` takes beside these.

    Raises:
        ConfigError: A setting is wrong.
        DataError: A class has too few images for so many folds.
        EmoclassError: What `run` raises.

    Example:
        >>> study = cross_validate("happysad", data="photos/", folds=5)  # doctest: +SKIP
        >>> study.spread["accuracy"].mean, study.pooled["accuracy"].ci_low  # doctest: +SKIP
        (0.75, 0.69)
    """
    if folds < 2:
        raise ConfigError(f"folds: expected at least 2, got {folds}.", hint="Five is usual.")
    return _begin(StudyPlan(folds=folds), plugin, out, registry, progress, settings)


def repeat(
    plugin: str | Path | None = None,
    *,
    seeds: Sequence[int],
    out: str | Path = "runs",
    registry: Registry | None = None,
    progress: Progress | None = None,
    **settings: Unpack[Settings],
) -> StudyResult:
    """Run an experiment once for each seed: the spread says how much the draw of split and weights matters.

    Args:
        plugin: As for `run`.
        seeds: At least two, each once.
        out: Where the study makes its own folder.
        registry: The plugins; None discovers the installed ones.
        progress: Progress callback.
        **settings: What `run` takes beside these, but `seed`.

    Raises:
        ConfigError: A setting is wrong.
        EmoclassError: What `run` raises.

    Example:
        >>> study = repeat("happysad", data="photos/", seeds=(0, 1, 2))  # doctest: +SKIP
        >>> study.spread["accuracy"].sd  # doctest: +SKIP
        0.03
    """
    again = sorted({seed for seed in seeds if list(seeds).count(seed) > 1})
    if again:
        raise ConfigError(
            f"seeds: expected each once, got {again[0]} twice.", hint="The same seed would repeat the same run."
        )
    if len(seeds) < 2:
        raise ConfigError(f"seeds: expected at least two, got {len(seeds)}.", hint="For example --seeds 0,1,2")
    if settings.get("seed") is not None:
        raise ConfigError("seed: expected either seed or seeds, got both.", hint="Leave --seed out.")
    return _begin(StudyPlan(seeds=tuple(seeds)), plugin, out, registry, progress, settings)


def resume_study(
    folder: str | Path,
    *,
    plugin: str | Path | None = None,
    registry: Registry | None = None,
    progress: Progress | None = None,
) -> StudyResult:
    """Continue a study that was interrupted: finished runs stay, the interrupted one is resumed, others begin.

    Args:
        folder: The study's folder.
        plugin: The plugin of the study; a one-file plugin has to be named, or be in the registry already.
        registry: The plugins; None discovers the installed ones.
        progress: Progress callback.

    Raises:
        OutputError: It is no study, is damaged, or the data changed since it began.
        EmoclassError: What `run` raises.
    """
    path = Path(folder).expanduser()
    if not StudyFolder(path).is_finished():
        require_keras()
    opened = StudyFolder.open(path)
    try:
        if opened.is_finished():
            record = opened.study_result()
            parts = {name: RunResult(**dict(run)) for name, run in record.parts.items()}
            return StudyResult(**{**dict(record), "parts": parts})
        plan, config = opened.plan()
        registry = registry or Registry.discover()
        load_named_plugin(registry, config.plugin, named=plugin, command=resume_command(path))
        return _carry_out(Work(config, registry, progress or Progress()), plan, opened)
    except EmoclassError as error:
        _say_how_to_go_on(error, opened)
        raise
    finally:
        opened.release()


def _begin(
    plan: StudyPlan,
    plugin: str | Path | None,
    out: str | Path,
    registry: Registry | None,
    progress: Progress | None,
    settings: Settings,
) -> StudyResult:
    registry = registry or Registry.discover()
    config = compose(registry, plugin, out, **settings)
    if plan.folds is not None and config.data.fold is not None:
        raise ConfigError("data.fold: expected none, since every fold is run.", hint="Leave it out of the config file.")
    require_keras()
    work = Work(config, registry, progress or Progress())
    work.take_options_of_start()
    config = work.config
    listed, _ = work.index(), work.detector
    for part in _parts(plan, config).values():  # a part that cannot be split is reported now, not after hours
        split(listed.samples, part.labels, part.data, seed=part.seed)
    folder = StudyFolder.create(Path(out).expanduser(), f"{config.recipe}-{plan.words.replace(' ', '-')}")
    try:
        folder.begin(plan, config)
        return _carry_out(work, plan, folder, listed)
    except EmoclassError as error:
        if any(folder.path.glob("*/history.csv")):
            _say_how_to_go_on(error, folder)
        else:  # nothing is lost, and resuming would fail the same way
            folder.discard()
            if isinstance(error, OutputError):
                error.hint = "Fix this, or choose another --out, and run again."
        raise
    finally:
        folder.release()


def _parts(plan: StudyPlan, config: RunConfig) -> dict[str, RunConfig]:
    """Return the configuration of each run: complete, so that it can be repeated by itself."""
    tree = config.model_dump(mode="json")
    if plan.folds is not None:
        changes: dict[str, Mapping[str, object]] = {
            f"fold-{number}": {"data": {"fold": {"number": number, "of": plan.folds}}}
            for number in range(1, plan.folds + 1)
        }
    else:
        changes = {f"seed-{seed}": {"seed": seed} for seed in plan.seeds}
    return {name: validate(merge(tree, change)) for name, change in changes.items()}


def _carry_out(work: Work, plan: StudyPlan, folder: StudyFolder, listed: Index | None = None) -> StudyResult:
    """Run what is missing, pool the predictions of folds, and write the study's own files."""
    config, progress = work.config, work.progress
    progress.started(folder.path)
    of_part = _PartProgress(progress, folder.path)
    results: dict[str, RunResult] = {}
    logger = logging.getLogger("tensorflow")
    logger.addFilter(_no_remark_on_retracing)
    try:
        for name, part in _parts(plan, config).items():
            path = folder.begin_part(name, part.to_toml())
            results[name] = resume(path, registry=work.registry, progress=of_part)
            folder.check_part(name, part, first=next(iter(results)))
            gc.collect()  # a Keras model holds on to itself in a circle, and there will be many
    finally:
        logger.removeFilter(_no_remark_on_retracing)
    first = next(iter(results.values()))
    pooled = None if plan.folds is None else _pool(work, folder, tuple(results), listed or work.index())
    result = StudyResult(
        folder=folder.path,
        kind="seeds" if plan.folds is None else "folds",
        plugin=first.plugin,
        recipe=first.recipe,
        labels=first.labels,
        headline=first.headline,
        parts=results,
        pooled={} if pooled is None else measure(work, pooled),
        notes=(*_notes(results), *([] if pooled is None else _notes_of_pooled(pooled))),
    )
    contents = StudyContents(
        result=result,
        plan=plan,
        config=config,
        dataset_summary=work.dataset.summary,
        model_summary=work.model.summary,
        metric_summaries={spec.name: spec.summary for spec in work.metrics},
        environment=folder.environment(next(iter(results))),
    )
    write_study(folder, contents)
    folder.finish()
    return result


def _no_remark_on_retracing(record: logging.LogRecord) -> bool:
    """Drop TensorFlow's warning that a function was traced often: here, each model's is traced, as it must be."""
    return "retracing" not in record.getMessage()


def _pool(work: Work, folder: StudyFolder, parts: Sequence[str], listed: Index) -> Predictions:
    """Put the predictions of all folds together, and write them."""
    return folder.pool(parts, work.config.labels, {sample.id: sample for sample in listed.samples})


def _notes_of_pooled(pooled: Predictions) -> list[str]:
    """Say what a reader of the pooled figures must know."""
    return [f"All folds together: {note}" for note in notes_of_predictions(pooled)]


def _notes(results: Mapping[str, RunResult]) -> tuple[str, ...]:
    """Return the notes of the runs, each once; what not all of them say names those that do."""
    found: dict[str, list[str]] = {}
    for name, result in results.items():
        for note in result.notes:
            found.setdefault(note, []).append(name)
    return tuple(note if len(names) == len(results) else f"{', '.join(names)}: {note}" for note, names in found.items())


def _say_how_to_go_on(error: EmoclassError, folder: StudyFolder) -> None:
    """Name the command that continues the study, and not one of its runs alone."""
    go_on = resume_command(folder.path)
    if error.hint is None:
        error.hint = f"Fix this, then continue with: {go_on}"
    for part in sorted(folder.path.iterdir(), reverse=True):  # fold-10 before fold-1
        error.hint = error.hint.replace(resume_command(part), go_on)


class _PartProgress(Progress):
    """Tells of a study's runs one after the other, and says once what all of them say."""

    def __init__(self, told: Progress, study: Path) -> None:
        self._told, self._study = told, study
        self._said: set[str] = set()

    def started(self, folder: Path) -> None:
        """Name the run's folder; what can be resumed is the study."""
        self._told.started(folder)
        self._told.folder = self._study

    def note(self, message: str) -> None:
        """Pass a note on the first time."""
        if message not in self._said:
            self._said.add(message)
            self._told.note(message)

    def stage(self, title: str) -> None:
        """Pass the steps of the first run on: TensorFlow, for one, starts once in a process."""
        if title not in self._said:
            self._said.add(title)
            self._told.stage(title)

    def track(self, items: Iterable[T], *, title: str, total: int, unit: str = "images") -> Iterable[T]:
        """Pass it on."""
        return self._told.track(items, title=title, total=total, unit=unit)

    def batch(self, epoch: int, epochs: int, batch: int, batches: int) -> None:
        """Pass it on."""
        self._told.batch(epoch, epochs, batch, batches)

    def epoch(self, epoch: int, epochs: int, logs: Mapping[str, float], seconds: float) -> None:
        """Pass it on."""
        self._told.epoch(epoch, epochs, logs, seconds)
