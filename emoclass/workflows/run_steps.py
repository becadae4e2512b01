"""The steps of a run, each from one typed value to the next; `run` puts them in order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from emoclass.bundle.hashes import SeenBefore, find_seen
from emoclass.bundle.read import Bundle
from emoclass.data.images import FORMATS
from emoclass.data.index import Index
from emoclass.data.labeled import LabeledPixels
from emoclass.data.leaks import copies_of_each_other, copies_of_training
from emoclass.data.pixels import Decoded, decode
from emoclass.data.split import split
from emoclass.data.units import photograph_id
from emoclass.errors import ConfigError, ContractError, DataError
from emoclass.evaluation.evaluate import evaluate
from emoclass.evaluation.predictions import Predictions, numbers_of_votes, scores_from_output, shares_of_votes
from emoclass.reporting.folders.run import RunFolder
from emoclass.values.config import RunConfig
from emoclass.values.results import Calibration, MetricValue, SkippedFile
from emoclass.values.specs import DatasetSpec, Expects, ModelSpec, Sample, SplitName
from emoclass.workflows.crop_steps import crops_of
from emoclass.workflows.work import Work

if TYPE_CHECKING:
    import keras

    from emoclass.auditing.findings import Audit
    from emoclass.auditing.hashes import Thumbs
    from emoclass.faces.crop import Crops
    from emoclass.training.pipeline import Batches

N_SHOWN = 10
"""How many unreadable files an error names."""


TRIAL = ".partial-trial.keras"
"""Where in the run folder the untrained network is saved to see whether it can be loaded again."""


def crop_images(work: Work, listed: Index) -> Crops | None:
    """Find the faces of the listed images, if the configuration says so and they are not face crops anyway."""
    settings = work.config.data.crop
    if settings is None or work.detector is None:
        return None
    return crops_of(
        settings,
        listed.samples,
        work.dataset,
        work.config.data.root,
        registry=work.registry,
        framing=work.model.framing,
        image_shape=work.model.image_shape,
        threads=work.threads,
        progress=work.progress,
    )


def expects_of(model: ModelSpec, crops: Crops | None) -> Expects:
    """Return what a picture must show for the trained model: what it was trained on."""
    return model.expects if crops is None else "face_crop"


def note_of_crops(config: RunConfig, dataset: DatasetSpec, crops: Crops | None) -> str | None:
    """Return what to tell where faces were to be cropped."""
    if crops is not None:
        return crops.counts.note()
    if config.data.crop is not None:
        return f"Nothing was cropped: the images of {dataset.name} are face crops already."
    return None


def decode_images(work: Work, folder: RunFolder, dataset: DatasetSpec, samples: Sequence[Sample]) -> Decoded:
    """Decode every image once."""
    runtime = work.config.runtime
    return decode(
        samples,
        dataset,
        work.config.data.root,
        work.model.image_shape,
        cache_file=folder.path / "pixels.cache",
        cache_bytes=runtime.cache_mib * 2**20,
        threads=work.threads,
        progress=work.progress,
    )


def audit_images(work: Work, listed: Index) -> tuple[Audit | None, Mapping[str, Thumbs]]:
    """Look for copies among the listed images, unless the configuration says not to; return their thumbnails, too."""
    if not work.config.data.audit:
        return None, {}
    from emoclass.auditing.examine import examine_with_thumbnails

    root = work.config.data.root
    return examine_with_thumbnails(
        listed.samples, work.dataset, root, threads=work.threads, progress=work.progress, unlisted=listed.unlisted
    )


def hashes_of(work: Work, thumbs: Mapping[str, Thumbs]) -> Mapping[str, bytes]:
    """Return the hashes of the listed images, by id; none where the configuration says so."""
    from emoclass.auditing.hashes import hash_thumbnails

    return hash_thumbnails(thumbs) if work.config.data.hashes else {}


def split_images(
    work: Work,
    samples: Sequence[Sample],
    decoded: Decoded,
    skipped: Sequence[SkippedFile],
    clusters: Sequence[Collection[str]],
) -> LabeledPixels:
    """Split the images that could be decoded; where these are too few, the error says why others were skipped."""
    config = work.config
    if not decoded.usable:
        first = decoded.skipped[0]
        raise DataError(
            f"none of the {len(samples)} files can be read; the first is {first.path}: {first.reason}.",
            hint=f"Supported formats: {FORMATS}.",
        )
    # Both the list and the split are sorted by id, so the usable rows belong to the split's samples in order.
    usable = [samples[row] for row in decoded.usable]
    try:
        drawn = split(usable, config.labels, config.data, seed=config.seed, clusters=clusters)
    except DataError as error:
        if not skipped:
            raise
        shown = "; ".join(f"{each.path}: {each.reason}" for each in skipped[:N_SHOWN])
        rest = f"; and {len(skipped) - N_SHOWN} more" if len(skipped) > N_SHOWN else ""
        message = f"{error.message} {len(skipped)} files are skipped: {shown}{rest}."
        raise DataError(message, hint=error.hint) from error
    return LabeledPixels(drawn, config.labels, decoded.pixels, np.array(decoded.usable))


def batches_of(work: Work, images: LabeledPixels, side: SplitName) -> Batches:
    """Return the images of one side, in order, with their labels."""
    from emoclass.training.pipeline import Batches
    from emoclass.training.targets import validation_targets

    targets = validation_targets(images.y_true(side), images.labels)
    return Batches(images.pixels, images.rows_of(side), targets, batch_size=work.config.training.batch_size)


def train(work: Work, folder: RunFolder, images: LabeledPixels) -> tuple[keras.Model, tuple[str, ...]]:
    """Build the model and train it, from the run folder's checkpoint where there is one.

    Returns:
        What is kept of the network; and notes, which were shown before the first epoch.
    """
    from emoclass.training.build import build, finish, reason_not_loadable, round_to_half_precision, set_threads
    from emoclass.training.bundled import load_bundled
    from emoclass.training.fit import fit
    from emoclass.training.head import head_of, logits_of
    from emoclass.training.pipeline import ShuffledBatches
    from emoclass.training.start import start_from
    from emoclass.training.targets import training_targets
    from emoclass.training.teacher import load_teachers

    config = work.config
    set_threads(config.runtime.threads)
    settings: dict[str, Any] = {"seed": config.seed, "options": config.model.options}
    checkpoint = folder.path / "checkpoint.state"
    starts = not checkpoint.exists() and work.trained is not None  # a checkpoint is further on already
    try:
        network = build(work.model, config.labels, precision=config.training.precision, **settings)
    except ConfigError as error:
        if starts and (hint := work.hint_of_options()):  # the other options come from the trained model
            error.hint = f"{error.hint} {hint}" if error.hint else hint
        raise
    notes: tuple[str, ...] = ()
    untrained = finish(work.model, network, config.labels, **settings)
    if config.training.quantize == "int8" and logits_of(untrained) is None:
        raise ConfigError(
            f"training.quantize: int8: expected a model that ends in a {head_of(untrained)}, got {work.model.name!r}, "
            "which does not.",
            hint="Rounded to 8 bits, what it ends in would be no probabilities.",
        )
    reason = reason_not_loadable(untrained, folder.path / TRIAL)
    if reason is not None:
        notes = (
            f"The network cannot be loaded again: {reason}. `emoclass export`, `--from` and `RunResult.model` will "
            "refuse its model.keras. Use layers of Keras instead of Lambda, and register your own with "
            "@keras.saving.register_keras_serializable().",
        )
        work.progress.note(notes[0])
    told: list[str] = []

    def on_note(note: str) -> None:
        told.append(note)
        work.progress.note(note)

    if starts and work.trained is not None:
        try:
            start_from(work.model, network, config.labels, load_bundled(work.trained), work.trained.manifest.labels)
        except ContractError as error:
            error.hint = work.hint_of_options() or error.hint
            raise

    def on_epoch(epoch: int, logs: Mapping[str, float], seconds: float) -> None:
        folder.append_history(epoch + 1, seconds, logs)
        work.progress.epoch(epoch + 1, config.training.epochs, logs, seconds)

    def on_batch(epoch: int, batch: int) -> None:
        work.progress.batch(epoch + 1, config.training.epochs, batch, batches.batches_per_epoch)

    batches = ShuffledBatches(
        images.pixels,
        images.rows_of("train"),
        training_targets(
            images.y_true("train"),
            shares_of_votes([sample.votes for sample in images.samples("train")], config.labels),
            config.labels,
            config.training,
        ),
        batch_size=config.training.batch_size,
        seed=config.seed,
        mixup=config.training.mixup,
    )
    fit(
        network,
        work.model.value_range,
        batches,
        batches_of(work, images, "validation"),
        config.training,
        config.labels,
        class_counts=images.split.counts(config.labels)["train"],
        seed=config.seed,
        checkpoint=checkpoint,
        on_epoch=on_epoch,
        on_batch=on_batch,
        on_note=on_note,
        teachers=load_teachers(work.teachers, config.training.precision),
    )
    finished = finish(work.model, network, config.labels, **settings)
    if config.training.quantize == "float16":
        round_to_half_precision(finished)
    return finished, (*notes, *told)


def calibrate(work: Work, model: keras.Model, images: LabeledPixels) -> tuple[keras.Model, Calibration | None]:
    """Put a temperature into the trained network that fits the validation images, if the configuration says so."""
    if work.config.training.calibration is None:
        return model, None
    from emoclass.evaluation.temperature import fit_temperature
    from emoclass.training.calibrate import with_temperature
    from emoclass.training.fit import predict

    output = predict(model, work.model.value_range, batches_of(work, images, "validation"))
    scores = scores_from_output(output, images.labels)
    calibration = fit_temperature(images.y_true("validation"), scores, images.labels)
    return with_temperature(model, calibration.temperature), calibration


def leaked_images(images: LabeledPixels, clusters: Iterable[Collection[str]]) -> frozenset[str]:
    """Return the test images that are copies of what the model is trained on."""
    sides = dict(zip((sample.id for sample in images.split.samples), images.split.sides, strict=True))
    return copies_of_training(sides, clusters)


def seen_before(
    work: Work,
    bundles: Sequence[Bundle | None],
    images: LabeledPixels,
    thumbs: Mapping[str, Thumbs],
    clusters: Iterable[Collection[str]],
) -> SeenBefore:
    """Return the test images that trained models had seen before this run learned from them.

    Args:
        work: The run.
        bundles: Of these models; None for one that is gone.
        images: The split images.
        thumbs: Of the listed images, by id; empty where copies were not searched for.
        clusters: Ids of images that show one picture.

    Raises:
        BundleError: The hashes of a bundle are damaged.
    """
    test = {sample.id: sample.id for sample in images.samples("test")}
    if not test.keys() <= thumbs.keys():  # faces: their photographs were looked at
        test = {each: photograph_id(each) for each in test}
    looked_at = {name: thumbs[name] for name in sorted({*test.values()} & thumbs.keys())}
    found = find_seen(looked_at, bundles, threads=work.threads, progress=work.progress)
    ids = {each for each, name in test.items() if name in found.ids}
    tied = (test.keys() & cluster for cluster in clusters if not ids.isdisjoint(cluster))
    are_alike = work.detector is None or not any(bundle and bundle.manifest.may_have_seen_crops for bundle in bundles)
    return SeenBefore(frozenset(ids.union(*tied)), found.is_complete and bool(thumbs) and are_alike)


def predict_test(
    work: Work, model: keras.Model, images: LabeledPixels, leaked: frozenset[str] | None, audited: Audit | None
) -> Predictions:
    """Let the model say what it sees on the test images; mark those that are copies."""
    from emoclass.training.fit import predict

    output = predict(model, work.model.value_range, batches_of(work, images, "test"), work.progress)
    samples = images.samples("test")
    votes = [sample.votes for sample in samples]
    copies = copies_of_each_other((sample.id for sample in samples), audited.clusters if audited else ())
    return Predictions(
        ids=tuple(sample.id for sample in samples),
        y_true=images.y_true("test"),
        y_score=scores_from_output(output, work.config.labels),
        labels=work.config.labels,
        groups=tuple(sample.group for sample in samples),
        clusters=tuple(copies.get(sample.id) for sample in samples),
        split="test",
        votes=shares_of_votes(votes, work.config.labels),
        n_votes=numbers_of_votes(votes, work.config.labels),
        leaked=None if leaked is None else np.array([sample.id in leaked for sample in samples]),
    )


def measure(work: Work, predictions: Predictions | None) -> dict[str, MetricValue]:
    """Compute the run's metrics, of votes only where there are any or it names them; none without predictions."""
    if predictions is None:
        return {}
    settings = work.config.evaluation
    named = {*settings.headline, *settings.metrics}
    has_votes = predictions.votes is not None
    metrics = [spec for spec in work.metrics if has_votes or not spec.takes_votes or spec.name in named]
    return evaluate(predictions, metrics, seed=work.config.seed, n_resamples=settings.resamples, progress=work.progress)
