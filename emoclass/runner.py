"""From a configuration to a result: the one place that sees every room."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from emoclass.config import RunConfig, read_file, validate
from emoclass.configure import configure, load_plugin, metric_specs
from emoclass.data.index import Index, index
from emoclass.data.labeled import LabeledPixels
from emoclass.data.pixels import Decoded, available_threads, decode
from emoclass.data.split import SPLITS, split
from emoclass.errors import ConfigError, DataError, EmoclassError, OutputError
from emoclass.evaluation.evaluate import evaluate
from emoclass.evaluation.predictions import Predictions, scores_from_output
from emoclass.progress import Progress
from emoclass.registry import PluginInfo, Registry
from emoclass.reporting.contents import ReportContents
from emoclass.reporting.folder import RunFolder, resume_command
from emoclass.reporting.write import (
    choose_examples,
    choose_test_pictures,
    notes_of,
    write_beginning,
    write_predictions,
    write_report_and_metrics,
)
from emoclass.results import RunResult
from emoclass.specs import DatasetSpec, MetricSpec, ModelSpec, SplitName

if TYPE_CHECKING:
    import keras

    from emoclass.training.pipeline import Batches

N_SHOWN = 10
"""How many unreadable files an error names."""


def run(
    plugin: str | Path | None = None,
    *,
    data: str | Path | None = None,
    dataset: str | None = None,
    model: str | None = None,
    recipe: str | None = None,
    labels: str | Sequence[str] | None = None,
    map: Mapping[str, str] | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    class_weights: str | Mapping[str, float] | None = None,
    threads: int | None = None,
    seed: int | None = None,
    out: str | Path = "runs",
    config: str | Path | Mapping[str, Any] | None = None,
    registry: Registry | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Train and measure what a plugin's recipe describes, and write a run folder.

    Args:
        plugin: An installed plugin's name, or the path of a one-file plugin.
        data: A folder of images; a recipe whose dataset takes none then reads it as a folder per class.
        dataset: A dataset's name, instead of the recipe's.
        model: A model's name, instead of the recipe's.
        recipe: Which of the plugin's recipes.
        labels: The emotions in class order, as a list or separated by commas.
        map: Class word -> emotion, or "ignore".
        epochs: How often every training image is seen.
        batch_size: Images a step.
        class_weights: `"balanced"`, or a weight per emotion.
        threads: Processor threads.
        seed: Of everything random.
        out: Where the run makes its own folder.
        config: A config file, or its tables. What is said in the other arguments wins.
        registry: The plugins; None discovers the installed ones.
        progress: Told how the work goes on.

    Returns:
        The metrics, with what they rest on.

    Raises:
        ConfigError: A setting is wrong.
        PluginError: A plugin, or a name that nobody offers.
        DataError: The images cannot be used.
        OutputError: The run folder cannot be written.

    Example:
        >>> result = run("happysad", data="photos/", epochs=20, seed=0)  # doctest: +SKIP
        >>> result.metrics["accuracy"].value  # doctest: +SKIP
        0.75
    """
    for name, value in (("data", data), ("out", out)):
        if str(value) == "":
            raise ConfigError(f"{name}: expected a folder, got an empty path.")
    registry = registry or Registry.discover()
    said: dict[str, Any] = {
        "plugin": str(plugin) if plugin is not None else None,
        "recipe": recipe,
        "seed": seed,
        "labels": labels,
        "data": {"root": str(data) if data is not None else None, "dataset": dataset},
        "model": {"name": model},
        "training": {"epochs": epochs, "batch_size": batch_size, "class_weights": class_weights},
        "runtime": {"threads": threads},
    }
    if map:
        said["data"]["map"] = dict(map)
    file = read_file(Path(config).expanduser()) if isinstance(config, str | Path) else config
    settings = configure(registry, file=file, options=_without_none(said))
    work = _Work(settings, registry, progress or Progress())
    listed, toml = work.index(), settings.to_toml()  # before anything is written: most mistakes show here
    folder = RunFolder.create(Path(out).expanduser(), settings.recipe)
    try:
        folder.write_text("config.toml", toml)
        return _execute(work, folder, listed)
    except EmoclassError as error:
        if not folder.history():
            folder.discard()  # nothing is lost, and resuming would fail the same way
        _add_hint(error, folder)
        raise
    finally:
        folder.release()


def resume(folder: str | Path, *, registry: Registry | None = None, progress: Progress | None = None) -> RunResult:
    """Continue a run that was interrupted; the result of a finished run is returned as it is.

    Args:
        folder: The run folder.
        registry: The plugins; None discovers the installed ones.
        progress: Told how the work goes on.

    Raises:
        OutputError: It is no run folder, is damaged, or the data changed since the run began.
        EmoclassError: What `run` raises.
    """
    opened = RunFolder.open(Path(folder).expanduser())
    if opened.is_finished():
        return opened.result()
    try:
        settings = validate(read_file(opened.path / "config.toml"), source=str(opened.path / "config.toml"))
        registry = registry or Registry.discover()
        load_plugin(registry, settings.plugin)
        opened.mend_history()
        work = _Work(settings, registry, progress or Progress())
        return _execute(work, opened, work.index())
    except EmoclassError as error:
        _add_hint(error, opened)
        raise
    finally:
        opened.release()


def _add_hint(error: EmoclassError, folder: RunFolder) -> None:
    """Say how to go on: a full disk can be cleared, and what was trained is kept."""
    kept = folder.path.exists()
    if isinstance(error, OutputError) and error.hint is None:
        kind = "Make it writable" if isinstance(error.__cause__, PermissionError) else "Free some space"
        go_on = (
            f"then continue with: {resume_command(folder.path)}" if kept else "or choose another --out, and run again."
        )
        error.hint = f"{kind}, {go_on}"
    elif kept and not isinstance(error, OutputError) and (folder.path / "checkpoint.state").exists():
        error.hint = (
            f"{error.hint or ''} What was trained is kept: continue with: {resume_command(folder.path)}".strip()
        )


def _without_none(tree: Mapping[str, Any]) -> dict[str, Any]:
    trimmed = {key: _without_none(value) if isinstance(value, dict) else value for key, value in tree.items()}
    return {key: value for key, value in trimmed.items() if value is not None and value != {}}


@dataclass
class _Work:
    """What the steps of one run share."""

    config: RunConfig
    registry: Registry
    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def plugin(self) -> PluginInfo:
        return self.registry.plugin(load_plugin(self.registry, self.config.plugin))

    @property
    def dataset(self) -> DatasetSpec:
        return self.registry.datasets.get(self.config.data.dataset)

    @property
    def model(self) -> ModelSpec:
        return self.registry.models.get(self.config.model.name)

    @property
    def metrics(self) -> list[MetricSpec]:
        return metric_specs(self.registry, self.config)

    @property
    def threads(self) -> int:
        return self.config.runtime.threads or available_threads()

    def index(self) -> Index:
        return index(self.dataset, self.config.data, self.config.labels)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        self.progress.stage(stage)
        started = time.perf_counter()
        yield
        self.seconds[stage] = time.perf_counter() - started


def _execute(work: _Work, folder: RunFolder, listed: Index) -> RunResult:
    """Take a run from its list of images to its report."""
    config = work.config
    work.progress.started(folder.path)
    with work.timed("decoding"):
        decoded = _decode(work, folder, listed)
    try:
        images = _split(work, listed, decoded)
        environment = write_beginning(folder, config, work.plugin, decoded, images, threads=work.threads)
        notes = notes_of(images, work.dataset.notice, listed.left_out, len(decoded.skipped))
        for note in notes:
            work.progress.note(note)
        with work.timed("training"):
            model = _train(work, folder, images)
        with work.timed("evaluation"):
            predictions = _predict(work, model, images)
            metrics = evaluate(
                predictions,
                work.metrics,
                seed=config.seed,
                n_resamples=config.evaluation.resamples,
                progress=work.progress,
            )
        with work.timed("report"):
            result = RunResult(
                folder=folder.path,
                plugin=work.plugin.name,
                recipe=config.recipe,
                labels=config.labels.emotions,
                headline=config.evaluation.headline,
                n_samples={side: len(images.samples(side)) for side in SPLITS},
                metrics=metrics,
                history=folder.history(),
                skipped=decoded.skipped,
                left_out=listed.left_out,
                notes=notes,
            )
            _report(work, folder, result, model, images, predictions, environment)
    finally:
        decoded.pixels.close()
    folder.finish()
    return result


def _decode(work: _Work, folder: RunFolder, listed: Index) -> Decoded:
    runtime = work.config.runtime
    return decode(
        listed.samples,
        work.dataset,
        work.config.data.root,
        work.model.image_shape,
        cache_file=folder.path / "pixels.cache",
        cache_bytes=runtime.cache_mib * 2**20,
        threads=work.threads,
        progress=work.progress,
    )


def _split(work: _Work, listed: Index, decoded: Decoded) -> LabeledPixels:
    config = work.config
    if not decoded.usable:
        first = decoded.skipped[0]
        raise DataError(
            f"none of the {len(listed.samples)} files can be read, {first.path} for one: {first.reason}.",
            hint="Images are read as JPEG, PNG, WebP, GIF, BMP and TIFF.",
        )
    # Both the list and the split are sorted by id, so the usable rows belong to the split's samples in order.
    usable = [listed.samples[row] for row in decoded.usable]
    try:
        drawn = split(usable, config.labels, config.data, seed=config.seed)
    except DataError as error:
        if not decoded.skipped:
            raise
        shown = "; ".join(f"{each.path}: {each.reason}" for each in decoded.skipped[:N_SHOWN])
        rest = f"; and {len(decoded.skipped) - N_SHOWN} more" if len(decoded.skipped) > N_SHOWN else ""
        message = f"{error.message} {len(decoded.skipped)} files cannot be read: {shown}{rest}."
        raise DataError(message, hint=error.hint) from error
    return LabeledPixels(drawn, config.labels, decoded.pixels, np.array(decoded.usable))


def _batches(work: _Work, images: LabeledPixels, side: SplitName) -> Batches:
    from emoclass.training.pipeline import Batches

    batch_size = work.config.training.batch_size
    return Batches(images.pixels, images.rows_of(side), images.y_true(side), batch_size=batch_size)


def _train(work: _Work, folder: RunFolder, images: LabeledPixels) -> keras.Model:
    from emoclass.training.build import build, set_threads
    from emoclass.training.fit import fit
    from emoclass.training.pipeline import ShuffledBatches

    config = work.config
    set_threads(config.runtime.threads)
    model = build(work.model, config.labels, seed=config.seed, options=config.model.options)

    def on_epoch(epoch: int, logs: Mapping[str, float], seconds: float) -> None:
        folder.append_history(epoch + 1, seconds, logs)
        work.progress.epoch(epoch + 1, config.training.epochs, logs, seconds)

    def on_batch(epoch: int, batch: int) -> None:
        work.progress.batch(epoch + 1, config.training.epochs, batch, train.batches_per_epoch)

    train = ShuffledBatches(
        images.pixels,
        images.rows_of("train"),
        images.y_true("train"),
        batch_size=config.training.batch_size,
        seed=config.seed,
    )
    fit(
        model,
        work.model.value_range,
        train,
        _batches(work, images, "validation"),
        config.training,
        config.labels,
        class_counts=images.split.counts(config.labels)["train"],
        seed=config.seed,
        checkpoint=folder.path / "checkpoint.state",
        on_epoch=on_epoch,
        on_batch=on_batch,
    )
    return model


def _predict(work: _Work, model: keras.Model, images: LabeledPixels) -> Predictions:
    from emoclass.training.fit import predict

    output = predict(model, work.model.value_range, _batches(work, images, "test"), work.progress)
    samples = images.samples("test")
    return Predictions(
        ids=tuple(sample.id for sample in samples),
        y_true=images.y_true("test"),
        y_score=scores_from_output(output, work.config.labels),
        labels=work.config.labels,
        groups=tuple(sample.group for sample in samples),
        split="test",
    )


def _report(
    work: _Work,
    folder: RunFolder,
    result: RunResult,
    model: keras.Model,
    images: LabeledPixels,
    predictions: Predictions,
    environment: Mapping[str, Any],
) -> None:
    from emoclass.training.build import layer_rows, save_model

    seed = work.config.seed
    with folder.writing("model.keras") as path:
        save_model(model, path)
    write_predictions(folder, predictions, images)
    contents = ReportContents(
        result=result,
        config=work.config,
        dataset_summary=work.dataset.summary,
        model_summary=work.model.summary,
        layers=layer_rows(model),
        counts=images.split.counts(work.config.labels),
        split_method=images.split.method,
        examples=choose_examples(images, seed=seed),
        test_batch=choose_test_pictures(images, predictions, seed=seed),
        environment=environment,
        seconds=dict(work.seconds),
        metric_summaries={spec.name: spec.summary for spec in work.metrics},
    )
    write_report_and_metrics(folder, contents)
