"""What a run leaves: its bundle, its tables, its pictures and its report."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from emoclass.bundle.hashes import write_hashes
from emoclass.bundle.manifest import HASHES, KERAS, LITERT, ImageInput, Manifest
from emoclass.bundle.plain import one_line
from emoclass.bundle.write import describe_file, write_manifest
from emoclass.data.index import Index
from emoclass.data.labeled import LabeledPixels
from emoclass.data.units import photograph_id
from emoclass.errors import ContractError
from emoclass.evaluation.decision import predicted_classes
from emoclass.evaluation.predictions import Predictions, scores_from_output
from emoclass.inference.litert import LiteRTModel
from emoclass.randomness import generator
from emoclass.reporting.contents import ReportContents
from emoclass.reporting.folders.environment import package_versions
from emoclass.reporting.folders.run import RunFolder
from emoclass.reporting.write_run import (
    choose_examples,
    choose_test_pictures,
    write_audit,
    write_predictions,
    write_report_and_metrics,
)
from emoclass.values.config import name_of_model
from emoclass.values.results import Quantization, RunRecord
from emoclass.values.specs import SplitName
from emoclass.workflows.run_steps import batches_of, expects_of
from emoclass.workflows.work import Work

if TYPE_CHECKING:
    import keras

    from emoclass.auditing.findings import Audit
    from emoclass.faces.crop import Crops


def write_bundle(
    work: Work,
    folder: RunFolder,
    result: RunRecord,
    model: keras.Model,
    images: LabeledPixels,
    hashes: Mapping[str, bytes],
    crops: Crops | None = None,
) -> tuple[Quantization | None, tuple[str, ...]]:
    """Write the network, and the bundle that predicts with it.

    A network that cannot be exported gives a bundle without the file that predicts: what was trained is kept. `hashes`
    are those of the listed images, by id; without any, the bundle has none.

    Returns:
        How the file that predicts was quantized, if to 8 bits; and what the user should know of it.
    """
    from emoclass.training.build import save_model

    height, width, channels = work.model.image_shape
    quantization: Quantization | None = None
    notes: list[str] = []
    with folder.writing(KERAS) as path:
        save_model(model, path)
    with folder.writing_folder("bundle") as bundle:
        _link(folder.path / KERAS, bundle / KERAS)
        files = {KERAS: describe_file(bundle / KERAS, input_range=work.model.value_range)}
        try:
            quantization, notes = _write_litert(work, model, images, bundle / LITERT)
            files[LITERT] = describe_file(bundle / LITERT, input_range=(0.0, 255.0))
        except ContractError as error:
            notes = [f"The bundle cannot predict without Keras: {error}"]
        hashed = write_hashes(bundle, _ids_of_seen(images, crops), hashes, work.learned_from) if hashes else None
        if hashed is not None:
            files[HASHES] = describe_file(bundle / HASHES, input_range=(0.0, 255.0))
        trained = {
            "plugin": work.plugin.name,
            "plugin_version": work.plugin.version,
            "recipe": work.config.recipe,
            "model": work.model.name,
            "options": dict(work.config.model.options),
            "start": work.config.model.start and name_of_model(work.config.model.start),  # no path of this machine
            "start_trained_on": list(work.start_trained_on),
            **_teaching(work),
            **({"calibration": result.calibration.model_dump(mode="json")} if result.calibration else {}),
            **({"quantization": quantization.model_dump(mode="json")} if quantization else {}),
            "dataset": work.config.data.dataset,
            "n_samples": dict(result.n_samples),
            **({"hashes": hashed} if hashed else {}),
            **_without_leaks(result),
            # Class words are names of folders, say: a manifest takes none that cannot be printed.
            "merged": {
                emotion: {one_line(word): n for word, n in words.items()} for emotion, words in result.merged.items()
            },
            "seed": work.config.seed,
            "epochs": max(map(len, result.history.values()), default=0),
            "batch_size": work.config.training.batch_size,
            "config": work.config.digest(),
        }
        manifest = Manifest(
            name=work.model.name,
            labels=work.config.labels,
            image=ImageInput(height=height, width=width, color_mode="RGB" if channels == 3 else "L"),
            expects=expects_of(work.model, crops),
            framing=work.model.framing,
            detector=crops.counts.detector if crops else None,
            files=files,
            trained=trained,
            measured={name: value.to_json() for name, value in result.metrics.items()},
            versions=package_versions(),
        )
        write_manifest(bundle, manifest)
    return quantization, tuple(notes)


def _without_leaks(result: RunRecord) -> dict[str, Any]:
    """Return how many test images are copies of training images, and the accuracy on the others, for a manifest."""
    adjusted = result.leak_adjusted.get("accuracy")
    if not result.n_leaked or adjusted is None:
        return {}
    return {"leaked": {"n_images": result.n_leaked, "accuracy": adjusted.to_json()}}


def _ids_of_seen(images: LabeledPixels, crops: Crops | None) -> set[str]:
    """Return the ids of the training and validation images; of crops, those of their photographs."""
    sides: tuple[SplitName, ...] = ("train", "validation")
    ids = [sample.id for side in sides for sample in images.samples(side)]
    return set(ids if crops is None else map(photograph_id, ids))


def _write_litert(
    work: Work, model: keras.Model, images: LabeledPixels, path: Path
) -> tuple[Quantization | None, list[str]]:
    """Write the file that predicts, quantized where the configuration says so and its probabilities stay close.

    Raises:
        ContractError: LiteRT cannot run the model.
    """
    from emoclass.training.build import fits_half_precision
    from emoclass.training.export import BOUNDS, export_litert

    notes = []
    kind = work.config.training.quantize
    if kind in ("dynamic", "int8"):
        quantization = _write_quantized(work, model, images, path, kind)
        if quantization.mean_difference <= BOUNDS[kind]:
            return quantization, [quantization.note()]
        path.unlink()
        notes.append(
            f"The bundle is not quantized ({kind}): expected probabilities that differ by at most {BOUNDS[kind]:g} on "
            f"average, got {quantization.mean_difference:.3f} on {quantization.n_samples:,} validation images."
        )
    # Half the size, the same predictions.
    half: Literal["float16"] | None = "float16" if fits_half_precision(model) else None
    export_litert(model, work.model.value_range, path, quantize=half)
    return None, notes


def _write_quantized(
    work: Work, model: keras.Model, images: LabeledPixels, path: Path, kind: Literal["dynamic", "int8"]
) -> Quantization:
    """Write a LiteRT file with 8-bit integers, and compare it with the network on the validation images."""
    from emoclass.training.export import N_CALIBRATING, export_litert
    from emoclass.training.fit import predict

    pictures = None
    if kind == "int8":
        rows = images.rows_of("train")
        chosen = generator(work.config.seed, "int8: ranges").permutation(len(rows))[:N_CALIBRATING]
        pictures = images.pixels.read(rows[chosen])
    export_litert(model, work.model.value_range, path, quantize=kind, pictures=pictures)
    batches, labels = batches_of(work, images, "validation"), work.config.labels
    litert = LiteRTModel(path)
    outputs = np.concatenate([litert.predict(batches[number][0]) for number in range(batches.batches_per_epoch)])
    before, after = (
        scores_from_output(each, labels) for each in (predict(model, work.model.value_range, batches), outputs)
    )
    differences, y_true = abs(before - after).max(axis=1), images.y_true("validation")
    right, still_right = (float((predicted_classes(each) == y_true).mean()) for each in (before, after))
    return Quantization(
        kind=kind,
        n_calibrated=0 if pictures is None else len(pictures),
        n_samples=len(y_true),
        difference=float(differences.max()),
        mean_difference=float(differences.mean()),
        accuracy=(right, still_right),
    )


def _teaching(work: Work) -> dict[str, Any]:
    """Return what a manifest says of the teachers; nothing where there are none."""
    teacher = work.config.training.teacher
    if teacher is None:
        return {}
    return {
        "teacher": {
            "models": [
                {
                    "name": bundle.manifest.name,
                    "source": name_of_model(source),  # no path of this machine
                    "sha256": bundle.manifest.files[KERAS].sha256,
                }
                for source, bundle in zip(teacher.bundles, work.teachers, strict=True)
            ],
            "temperature": teacher.temperature,
            "share": teacher.share,
        },
        "teacher_trained_on": list(work.teachers_trained_on),
    }


def _link(file: Path, other: Path) -> None:
    """Give a file a second name, or copy it where the file system has no such thing."""
    try:
        os.link(file, other)
    except OSError:
        shutil.copyfile(file, other)


def write_outcome(
    work: Work,
    folder: RunFolder,
    result: RunRecord,
    model: keras.Model,
    images: LabeledPixels,
    predictions: Predictions,
    environment: Mapping[str, Any],
    listed: Index,
    audited: Audit | None,
    crops: Crops | None = None,
) -> None:
    """Write the predictions, the plots and the report, and the metrics last."""
    from emoclass.auditing.examine import pictures
    from emoclass.training.build import layer_rows
    from emoclass.workflows.crop_steps import choose_boxed

    seed = work.config.seed
    write_predictions(folder, predictions, images)
    if audited is not None:
        write_audit(folder, audited, pictures(listed.samples, work.dataset, work.config.data.root))
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
        audit=audited,
        boxed=choose_boxed(crops, images, seed=seed) if crops else (),
    )
    write_report_and_metrics(folder, contents)
