"""From a configuration to a result: the two public functions, and the steps of a run in their order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Unpack

from emoclass.data.crops import note_of_mismatch
from emoclass.data.index import Index, note_of_boxes, note_of_outside
from emoclass.data.split import SPLITS
from emoclass.errors import EmoclassError, OutputError, PluginError
from emoclass.evaluation.notes import notes_of_predictions
from emoclass.keras_backend import require_keras
from emoclass.plugin.config_file import read_file
from emoclass.plugin.configure import Settings, compose, load_named_plugin
from emoclass.plugin.registry import Registry
from emoclass.progress import Progress
from emoclass.reporting.folders.run import RunFolder, resume_command
from emoclass.reporting.write_run import note_of_start, note_of_teachers, notes_of, write_beginning
from emoclass.values.config import RunConfig, validate
from emoclass.values.results import RunRecord
from emoclass.workflows.run_outputs import write_bundle, write_outcome
from emoclass.workflows.run_steps import (
    audit_images,
    calibrate,
    crop_images,
    decode_images,
    expects_of,
    hashes_of,
    leaked_images,
    measure,
    note_of_crops,
    predict_test,
    seen_before,
    split_images,
    train,
)
from emoclass.workflows.work import Work


class RunResult(RunRecord):
    """A finished run: what it wrote, and the network that it trained."""

    @cached_property
    def model(self) -> Any:
        """The trained `keras.Model`, loaded from the run folder when it is first asked for."""
        from emoclass.training.build import load_model

        return load_model(self.folder / "model.keras")

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        fields = {name: value for name, value in state["__dict__"].items() if name != "model"}
        return {**state, "__dict__": fields}  # whoever unpickles it loads the network when it is asked for


def run(
    plugin: str | Path | None = None,
    *,
    out: str | Path = "runs",
    registry: Registry | None = None,
    progress: Progress | None = None,
    **settings: Unpack[Settings],
) -> RunResult:
    """Train and measure what a plugin's recipe describes, and write a run folder.

    Args:
        plugin: An installed plugin's name, or the path of a one-file plugin.
        data: A folder of images, or a table such as `labels.csv`; a recipe whose dataset takes none then reads it as a
            folder per class, or as a table.
        dataset: A dataset's name, instead of the recipe's.
        model: A model's name, instead of the recipe's.
        start: The trained model that training starts from: whatever `load` takes, or `pretrained` or `pretrained:NAME`
            for a pretrained model of the model that is trained.
        recipe: Which of the plugin's recipes.
        labels: The emotions in class order, as a list or separated by commas, or the name of a scheme, as `"basic5"`.
        map: Class word -> emotion, or "ignore".
        data_options: Passed to the dataset's `load`, such as `{"label": "mood"}` for a table.
        epochs: Number of training epochs.
        batch_size: Images a step.
        class_weights: `"balanced"`, or a weight per emotion.
        crop: Whether the faces of photographs are found and cropped first; or the keys of `[data.crop]`, such as
            `{"min_face": 40}`.
        exclude: A list of images to leave out, as `emoclass audit --write-clean FILE.txt` writes it.
        audit: Whether copies of one picture are looked for, which then stay on one side; None leaves it to the
            configuration, where it is so.
        threads: Processor threads.
        seed: Of everything random.
        out: Where the run makes its own folder.
        config: A config file, or its tables. What is said in the other arguments wins.
        registry: The plugins; None discovers the installed ones.
        progress: Progress callback.

    Returns:
        The metrics, with what they rest on.

    Raises:
        ConfigError: A setting is wrong.
        MissingPackageError: Keras or its backend is not installed: `pip install "emoclass[train]"`.
        PluginError: A plugin, or a name that nobody offers.
        DataError: The images cannot be used.
        OutputError: The run folder cannot be written.

    Example:
        >>> result = run("happysad", data="photos/", epochs=20, seed=0)  # doctest: +SKIP
        >>> result.metrics["accuracy"].value  # doctest: +SKIP
        0.75
    """
    registry = registry or Registry.discover()
    config = compose(registry, plugin, out, **settings)
    return run_config(config, out=out, registry=registry, progress=progress)


def run_config(
    config: RunConfig,
    *,
    out: str | Path = "runs",
    registry: Registry | None = None,
    progress: Progress | None = None,
    is_kept: bool = True,
) -> RunResult:
    """Do what a complete configuration says, and write a run folder; what `run` does after composing it.

    Args:
        config: The configuration.
        out: Where the run makes its own folder.
        registry: The plugins; None discovers the installed ones.
        progress: Progress callback.
        is_kept: Whether the run folder stays, so that an error says how to continue.

    Raises:
        EmoclassError: What `run` raises.
    """
    require_keras()
    work = Work(config, registry or Registry.discover(), progress or Progress())
    # Before anything is written: most mistakes show here.
    work.take_options_of_start()
    listed, toml, _, _ = work.index(), work.config.to_toml(), work.teachers, work.detector
    folder = RunFolder.create(Path(out).expanduser(), config.recipe)
    try:
        folder.write_text("config.toml", toml)
        return _execute(work, folder, listed)
    except EmoclassError as error:
        if not folder.history():
            folder.discard()  # nothing is lost, and resuming would fail the same way
        if is_kept:
            _add_hint(error, folder)
        raise
    finally:
        folder.release()


def resume(
    folder: str | Path,
    *,
    plugin: str | Path | None = None,
    registry: Registry | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Continue a run that was interrupted; the result of a finished run is returned as it is.

    Args:
        folder: The run folder.
        plugin: The plugin of the run; a one-file plugin has to be named, or be in the registry already.
        registry: The plugins; None discovers the installed ones.
        progress: Progress callback.

    Raises:
        ConfigError: Its one-file plugin was not named, or another plugin was.
        OutputError: It is no run folder, is damaged, or the data changed since the run began.
        EmoclassError: What `run` raises.
    """
    opened = RunFolder.open(Path(folder).expanduser())
    if opened.is_finished():
        return RunResult(**dict(opened.result()))
    try:
        require_keras()
        settings = validate(read_file(opened.path / "config.toml"), source=str(opened.path / "config.toml"))
        registry = registry or Registry.discover()
        command = resume_command(opened.path)
        load_named_plugin(registry, settings.plugin, named=plugin, command=command)
        opened.mend_history()
        work = Work(settings, registry, progress or Progress())
        return _execute(work, opened, work.index())
    except EmoclassError as error:
        _add_hint(error, opened)
        raise
    finally:
        opened.release()


def _add_hint(error: EmoclassError, folder: RunFolder) -> None:
    """Say how to go on: a full disk can be cleared and a plugin fixed, and what was trained is kept."""
    kept = folder.path.exists()
    if isinstance(error, OutputError) and error.hint is None:
        kind = "Make it writable" if isinstance(error.__cause__, PermissionError) else "Free some space"
        go_on = (
            f"then continue with: {resume_command(folder.path)}" if kept else "or choose another --out, and run again."
        )
        error.hint = f"{kind}, {go_on}"
    elif kept and isinstance(error, PluginError) and (folder.path / "checkpoint.state").exists():
        error.hint = (
            f"{error.hint or ''} The trained model is kept: continue with: {resume_command(folder.path)}".strip()
        )


def _execute(work: Work, folder: RunFolder, listed: Index) -> RunResult:
    """Take a run from its list of images to its report."""
    config = work.config
    work.progress.started(folder.path)
    with work.timed("audit"):
        audited, thumbs = audit_images(work, listed)
        hashes = hashes_of(work, thumbs)
    dataset, samples, crops = work.dataset, listed.samples, None
    clusters: Sequence[Collection[str]] = audited.clusters if audited else ()
    if config.data.crop is not None:
        with work.timed("faces"):
            crops = crop_images(work, listed)
    if crops is not None:
        dataset, samples, clusters = crops.spec, crops.samples, crops.expanded(clusters)
    with work.timed("decoding"):
        decoded = decode_images(work, folder, dataset, samples)
    try:
        skipped = (*(crops.without if crops else ()), *decoded.skipped)
        images = split_images(work, samples, decoded, skipped, clusters)
        begun_from = seen_before(work, work.begun_from, images, thumbs, clusters)
        taught_by = seen_before(work, work.teachers, images, thumbs, clusters)
        leaked = leaked_images(images, clusters) | begun_from.ids | taught_by.ids if audited else None
        environment = write_beginning(
            folder, config, work.plugin, decoded.digest, skipped, images, teachers=work.teachers, threads=work.threads
        )
        expects, n_test = expects_of(work.model, crops), len(images.samples("test"))
        start, teacher = config.model.start, config.training.teacher
        notices = [
            work.dataset.notice,
            note_of_outside(work.dataset, config.data.root, listed.samples),
            note_of_crops(config, work.dataset, crops),
            None if crops is not None else note_of_boxes(samples),
            note_of_mismatch(expects, work.model.image_shape, dataset, config.data.root, samples),
            note_of_start(start, work.start_trained_on, begun_from, n_test) if start is not None else None,
            note_of_teachers(teacher.bundles, work.teachers, taught_by, n_test) if teacher else None,
        ]
        notes = notes_of(images, notices, listed, len(decoded.skipped), audited, leaked, config)
        for note in notes:
            work.progress.note(note)
        with work.timed("training"):
            model, found_in_training = train(work, folder, images)
            notes = (*notes, *found_in_training)
            model, calibration = calibrate(work, model, images)
            if calibration is not None:
                notes = (*notes, calibration.note())
                work.progress.note(notes[-1])
        with work.timed("evaluation"):
            predictions = predict_test(work, model, images, leaked, audited)
            found = tuple(notes_of_predictions(predictions))
            for note in found:
                work.progress.note(note)
            notes = (*notes, *found)
            metrics = measure(work, predictions)
            adjusted = measure(work, predictions.without_leaked()) if leaked else {}
        with work.timed("report"):
            result = RunResult(
                folder=folder.path,
                plugin=work.plugin.name,
                recipe=config.recipe,
                labels=config.labels.emotions,
                headline=config.evaluation.headline,
                n_samples={side: len(images.samples(side)) for side in SPLITS},
                metrics=metrics,
                n_leaked=None if leaked is None else len(leaked),
                leak_adjusted=adjusted,
                history=folder.history(),
                skipped=skipped,
                cropped=crops.counts if crops else None,
                calibration=calibration,
                left_out=listed.left_out,
                merged=listed.merged,
                notes=notes,
            )
            quantization, found = write_bundle(work, folder, result, model, images, hashes, crops)
            for note in found:
                work.progress.note(note)
            result = result.model_copy(update={"notes": (*notes, *found), "quantization": quantization})
            write_outcome(work, folder, result, model, images, predictions, environment, listed, audited, crops)
    finally:
        decoded.pixels.close()
    folder.finish()
    return result
