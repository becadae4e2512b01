"""From a configuration to a result: the one place that sees every room."""

from __future__ import annotations

import hashlib
import json
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
from emoclass.data.pixels import Decoded, available_threads, decode
from emoclass.data.split import SPLITS, Split, split, to_csv
from emoclass.errors import DataError, OutputError
from emoclass.evaluation.evaluate import evaluate
from emoclass.evaluation.predictions import Predictions, scores_from_output
from emoclass.progress import Progress
from emoclass.registry import Registry
from emoclass.reporting.contents import Picture, ReportContents
from emoclass.reporting.environment import describe_environment
from emoclass.reporting.folder import RunFolder
from emoclass.results import RunResult
from emoclass.specs import DatasetSpec, MetricSpec, ModelSpec

if TYPE_CHECKING:
    import keras

N_EXAMPLES = 12
N_TEST_PICTURES = 32


def run(
    plugin: str | None = None,
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
    registry = registry or Registry.discover()
    said: dict[str, Any] = {
        "plugin": plugin,
        "recipe": recipe,
        "seed": seed,
        "labels": labels,
        "data": {"root": str(Path(data).expanduser().resolve()) if data is not None else None, "dataset": dataset},
        "model": {"name": model},
        "training": {"epochs": epochs, "batch_size": batch_size, "class_weights": class_weights},
        "runtime": {"threads": threads},
    }
    if map:
        said["data"]["map"] = dict(map)
    file = read_file(Path(config)) if isinstance(config, str | Path) else config
    settings = configure(registry, file=file, options=_without_none(said))
    work = _Work(settings, registry, progress or Progress())
    listed = work.index()  # before anything is written: most mistakes show here
    folder = RunFolder.create(Path(out), settings.recipe)
    try:
        folder.write_text("config.toml", settings.to_toml())
        return _execute(work, folder, listed)
    except (DataError, OutputError):
        if not (folder.path / "split.csv").exists():
            folder.discard()
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
    opened = RunFolder.open(Path(folder))
    if opened.is_finished():
        return opened.result()
    try:
        settings = validate(read_file(opened.path / "config.toml"), source=str(opened.path / "config.toml"))
        registry = registry or Registry.discover()
        load_plugin(registry, settings.plugin)
        opened.mend_history()
        work = _Work(settings, registry, progress or Progress())
        return _execute(work, opened, work.index())
    finally:
        opened.release()


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
    with work.timed("decoding"):
        decoded = decode(
            listed.samples,
            work.dataset,
            config.data.root,
            work.model.image_shape,
            cache_file=folder.path / "pixels.cache",
            cache_bytes=config.runtime.cache_mib * 2**20,
            threads=work.threads,
            progress=work.progress,
        )
    try:
        _check_usable(listed, decoded, config)
        drawn = split([listed.samples[row] for row in decoded.usable], config.labels, config.data, seed=config.seed)
        environment = _write_beginning(work, folder, decoded, drawn)
        work.progress.started(folder.path)
        notes = _notes(work, listed, decoded, drawn)
        for note in notes:
            work.progress.note(note)
        with work.timed("training"):
            model = _train(work, folder, decoded, drawn)
        with work.timed("evaluation"):
            predictions = _predict(work, model, decoded, drawn)
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
                plugin=load_plugin(work.registry, config.plugin),
                recipe=config.recipe,
                labels=config.labels.emotions,
                n_samples={side: len(drawn.positions(side)) for side in SPLITS},
                metrics=metrics,
                history=folder.history(),
                skipped=decoded.skipped,
                left_out=listed.left_out,
                notes=notes,
            )
            _write_end(work, folder, result, model, decoded, drawn, predictions, environment)
    finally:
        decoded.pixels.close()
    folder.finish()
    return result


def _check_usable(listed: Index, decoded: Decoded, config: RunConfig) -> None:
    if not decoded.usable:
        first = decoded.skipped[0]
        raise DataError(
            f"none of the {len(listed.samples)} files can be read, {first.path} for one: {first.reason}.",
            hint="Images are read as JPEG, PNG, WebP, GIF, BMP and TIFF.",
        )
    left = {listed.samples[row].emotion for row in decoded.usable}
    for emotion in config.labels.emotions:
        if emotion not in left:
            raise DataError(f"no image of {emotion} can be read ({len(decoded.skipped)} files were skipped).")


def _write_beginning(work: _Work, folder: RunFolder, decoded: Decoded, drawn: Split) -> dict[str, Any]:
    """Write what is decided before training; a resumed run checks that it still holds."""
    text = to_csv(drawn, work.config.labels)
    digests = {
        "config": work.config.digest(),
        "split": hashlib.sha256(text.encode()).hexdigest(),
        "data": decoded.digest,
    }
    _check_unchanged(folder, digests)
    plugin = work.registry.plugin(load_plugin(work.registry, work.config.plugin))
    environment = describe_environment([plugin.origin], seed=work.config.seed, threads=work.threads)
    environment |= {"plugin": {"name": plugin.name, "version": plugin.version}, "digests": digests}
    folder.write_json("environment.json", environment)
    folder.write_rows("skipped.csv", ("path", "reason"), [(each.path, each.reason) for each in decoded.skipped])
    folder.write_text("split.csv", text)
    return environment


def _check_unchanged(folder: RunFolder, digests: Mapping[str, str]) -> None:
    """Refuse to go on with a run on other images, or on another split of them."""
    written = folder.read_text("environment.json")
    if written is not None and json.loads(written)["digests"] != digests:
        raise OutputError(
            f"run folder {folder.path}: the images, or how they are split, are not those that the run began with.",
            hint="Start a new run, or bring the data back as it was.",
        )


def _notes(work: _Work, listed: Index, decoded: Decoded, drawn: Split) -> tuple[str, ...]:
    notes = [work.dataset.notice] if work.dataset.notice else []
    notes += [sentence for sentence in drawn.method if "has no" in sentence or "apart" in sentence]
    if listed.left_out:
        words = ", ".join(f"{word} {count}" for word, count in sorted(listed.left_out.items()))
        notes.append(f"Left out, since they are none of this run's emotions: {words}.")
    if decoded.skipped:
        notes.append(f"Skipped, since they cannot be read: {len(decoded.skipped)} files, listed in skipped.csv.")
    return tuple(notes)


def _batches(work: _Work, decoded: Decoded, drawn: Split, side: Any, *, seed: int | None = None) -> Any:
    from emoclass.training.pipeline import Batches

    positions = drawn.positions(side)
    labels = work.config.labels
    y_true = np.array([labels.index(drawn.samples[position].emotion) for position in positions])
    rows = np.array(decoded.usable)[positions]
    return Batches(decoded.pixels, rows, y_true, batch_size=work.config.training.batch_size, seed=seed)


def _train(work: _Work, folder: RunFolder, decoded: Decoded, drawn: Split) -> keras.Model:
    from emoclass.training.build import build, set_threads
    from emoclass.training.fit import fit

    config = work.config
    set_threads(config.runtime.threads)
    model = build(work.model, config.labels, seed=config.seed, options=config.model.options)

    def on_epoch(epoch: int, logs: Mapping[str, float], seconds: float) -> None:
        folder.append_history(epoch + 1, seconds, logs)
        work.progress.epoch(epoch + 1, config.training.epochs, logs, seconds)

    fit(
        model,
        work.model.value_range,
        _batches(work, decoded, drawn, "train", seed=config.seed),
        _batches(work, decoded, drawn, "validation"),
        config.training,
        config.labels,
        class_counts=drawn.counts(config.labels)["train"],
        seed=config.seed,
        checkpoint=folder.path / "checkpoint.npz",
        on_epoch=on_epoch,
    )
    return model


def _predict(work: _Work, model: keras.Model, decoded: Decoded, drawn: Split) -> Predictions:
    from emoclass.training.fit import predict

    batches = _batches(work, decoded, drawn, "test")
    output = predict(model, work.model.value_range, batches, work.progress)
    samples = [drawn.samples[position] for position in drawn.positions("test")]
    return Predictions(
        ids=tuple(sample.id for sample in samples),
        y_true=np.array([work.config.labels.index(sample.emotion) for sample in samples]),
        y_score=scores_from_output(output, work.config.labels),
        labels=work.config.labels,
        groups=tuple(sample.group for sample in samples),
        split="test",
    )


def _write_end(
    work: _Work,
    folder: RunFolder,
    result: RunResult,
    model: keras.Model,
    decoded: Decoded,
    drawn: Split,
    predictions: Predictions,
    environment: Mapping[str, Any],
) -> None:
    """Write the numbers, the model and everything that a person looks at."""
    from emoclass.reporting.page import write_report
    from emoclass.reporting.plots import write_plots
    from emoclass.training.build import layer_rows, save_model

    with folder.writing("model.keras") as path:
        save_model(model, path)
    folder.write_rows("predictions.csv", *_prediction_rows(predictions, drawn))
    contents = ReportContents(
        result=result,
        config=work.config,
        dataset_summary=work.dataset.summary,
        model_summary=work.model.summary,
        layers=layer_rows(model),
        counts=drawn.counts(work.config.labels),
        split_method=drawn.method,
        examples=_examples(work, decoded, drawn),
        test_batch=_test_pictures(work, decoded, drawn, predictions),
        environment=environment,
        seconds=dict(work.seconds),
        metric_summaries={spec.name: spec.summary for spec in work.metrics},
    )
    with folder.guard("plots"):
        plots = write_plots(contents, folder.path)
    with folder.writing("report.html") as path:
        write_report(contents, plots, path)
    folder.write_json("metrics.json", result.to_json())


def _prediction_rows(predictions: Predictions, drawn: Split) -> tuple[tuple[str, ...], list[list[Any]]]:
    labels = predictions.labels
    paths = {sample.id: sample.path for sample in drawn.samples}
    header = ("path", "split", "y_true", "y_pred", "correct", *(f"score_{emotion}" for emotion in labels.emotions))
    rows = [
        [
            paths[predictions.ids[i]],
            predictions.split,
            labels.emotions[predictions.y_true[i]],
            labels.emotions[predictions.y_pred[i]],
            int(predictions.y_true[i] == predictions.y_pred[i]),
            *(f"{score:.6f}" for score in predictions.y_score[i]),
        ]
        for i in range(len(predictions.ids))
    ]
    return header, rows


def _examples(work: _Work, decoded: Decoded, drawn: Split) -> tuple[Picture, ...]:
    rng = np.random.default_rng(work.config.seed)
    chosen = rng.permutation(drawn.positions("train"))[:N_EXAMPLES]
    return tuple(_picture(decoded, drawn, position) for position in chosen)


def _test_pictures(work: _Work, decoded: Decoded, drawn: Split, predictions: Predictions) -> tuple[Picture, ...]:
    emotions = work.config.labels.emotions
    rng = np.random.default_rng(work.config.seed)
    positions = drawn.positions("test")
    chosen = rng.permutation(len(positions))[:N_TEST_PICTURES]
    return tuple(
        _picture(
            decoded,
            drawn,
            positions[i],
            scores=dict(zip(emotions, predictions.y_score[i].tolist(), strict=True)),
            predicted=emotions[predictions.y_pred[i]],
        )
        for i in chosen
    )


def _picture(decoded: Decoded, drawn: Split, position: int, **seen: Any) -> Picture:
    sample = drawn.samples[position]
    pixels = decoded.pixels.read([decoded.usable[position]])[0]
    return Picture(id=sample.id, pixels=pixels, emotion=sample.emotion, **seen)
