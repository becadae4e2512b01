"""What a run leaves: its bundle, its tables, its pictures and its report."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emoclass.bundle.manifest import KERAS, LITERT, ImageInput, Manifest
from emoclass.bundle.plain import one_line
from emoclass.bundle.write import describe_file, write_manifest
from emoclass.data.index import Index
from emoclass.data.labeled import LabeledPixels
from emoclass.errors import ContractError
from emoclass.evaluation.predictions import Predictions
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
from emoclass.values.results import RunRecord
from emoclass.workflows.run_steps import Work, expects_of

if TYPE_CHECKING:
    import keras

    from emoclass.auditing.findings import Audit
    from emoclass.faces.crop import Crops


def write_bundle(
    work: Work, folder: RunFolder, result: RunRecord, model: keras.Model, crops: Crops | None = None
) -> str | None:
    """Write the network, and the bundle that predicts with it; return what the user should know of it, if anything.

    A network that cannot be exported gives a bundle without the file that predicts: what was trained is kept.
    """
    from emoclass.training.build import save_model
    from emoclass.training.export import Quantization, export_litert, fits_half_precision

    height, width, channels = work.model.image_shape
    note = None
    with folder.writing(KERAS) as path:
        save_model(model, path)
    with folder.writing_folder("bundle") as bundle:
        _link(folder.path / KERAS, bundle / KERAS)
        files = {KERAS: describe_file(bundle / KERAS, input_range=work.model.value_range)}
        try:
            # Half the size, the same predictions.
            half: Quantization | None = "float16" if fits_half_precision(model) else None
            export_litert(model, work.model.value_range, bundle / LITERT, quantize=half)
            files[LITERT] = describe_file(bundle / LITERT, input_range=(0.0, 255.0))
        except ContractError as error:
            note = f"The bundle cannot predict without Keras: {error}"
        trained = {
            "plugin": work.plugin.name,
            "plugin_version": work.plugin.version,
            "recipe": work.config.recipe,
            "model": work.model.name,
            "start": work.config.model.start and Path(work.config.model.start).name,  # no path of this machine
            "start_trained_on": list(work.start_trained_on),
            **_teaching(work),
            "dataset": work.config.data.dataset,
            "n_samples": dict(result.n_samples),
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
    return note


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
                    "source": Path(source).name,  # no path of this machine
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
