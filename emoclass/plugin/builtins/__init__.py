"""The core's own plugin: it comes in through the same door as everyone else's."""

from __future__ import annotations

from collections.abc import Sequence

from emoclass.plugin.builtins.metrics import BUILTIN_METRICS
from emoclass.plugin.hookspecs import hookimpl
from emoclass.values.specs import DatasetSpec, MetricSpec


@hookimpl
def register_datasets() -> Sequence[DatasetSpec]:
    """Return the dataset that most people have, and the one that needs no data at all."""
    return [
        DatasetSpec(
            name="folder",
            summary="A folder with one subfolder of images per class, optionally below train/, validation/ and test/.",
            load="emoclass.data.folder:load",
            make_tiny="emoclass.data.folder:make_tiny",
        ),
        DatasetSpec(
            name="table",
            summary="A CSV, TSV, JSON lines or Parquet file with a row for each image: path, label, split, person.",
            load="emoclass.data.table:load",
            read_sample="emoclass.faces.boxes:read_sample",
            make_tiny="emoclass.data.table:make_tiny",
            not_emotions=("no_majority", "conflicting"),
            reads_outside_root=True,
        ),
        DatasetSpec(
            name="synthetic-faces",
            summary="Synthetic faces of any known emotion, drawn by the program; needs no download.",
            load="emoclass.data.synthetic_faces.dataset:load",
            read_sample="emoclass.data.synthetic_faces.dataset:read_sample",
            needs_root=False,
            takes_labels=True,
            notice=(
                "These are synthetic faces: the metrics show that the installation works, and say nothing about "
                "photographs."
            ),
        ),
    ]


@hookimpl
def register_metrics() -> Sequence[MetricSpec]:
    """Return the metrics of the field."""
    return BUILTIN_METRICS
