"""Find labels that are probably wrong: cross-validate a model, and rank the images that it does not agree with."""

from __future__ import annotations

import csv
import shlex
from collections import Counter
from pathlib import Path
from typing import Unpack

import numpy as np

from emoclass.auditing.label_quality import SuspectedLabel, SuspectedLabels, check_labels_package, rank_labels
from emoclass.data.index import index_shared, is_inside, list_samples
from emoclass.data.pixels import reader
from emoclass.errors import ConfigError, EmoclassError, OutputError
from emoclass.keras_backend import require_keras
from emoclass.plugin.configure import Settings, compose, is_table, load_named_plugin, load_plugin
from emoclass.plugin.registry import Registry
from emoclass.progress import Progress
from emoclass.reporting.folders.run import RunFolder
from emoclass.reporting.folders.study import StudyFolder
from emoclass.values.cells import from_cells
from emoclass.values.config import RunConfig
from emoclass.values.labels import EMOTIONS, LabelScheme
from emoclass.values.specs import DatasetSpec, Sample
from emoclass.values.study import StudyRecord
from emoclass.values.tables import TABLE_DATASET
from emoclass.workflows.cross_validate import cross_validate, resume_study

__all__ = ["suspected_labels"]

PLUGIN = "happysad"
"""Its network takes any emotions, and is the one that the documentation measures."""

TABLE, SHEET = "suspected-labels.csv", "suspected-labels.png"


def suspected_labels(
    root: str | Path | None = None,
    *,
    plugin: str | Path | None = None,
    study: str | Path | None = None,
    folds: int = 5,
    out: str | Path = "runs",
    registry: Registry | None = None,
    progress: Progress | None = None,
    **settings: Unpack[Settings],
) -> SuspectedLabels:
    """Rank the images whose label is not what a model sees in them that was trained on the others.

    The model is cross-validated, so that each image is predicted by one that did not see it; copies of a picture stay
    in one fold. Confident learning (Northcutt, Jiang and Chuang 2021) ranks the disagreements. The list and its
    pictures are written into the study's folder; the images stay as they are.

    Args:
        root: The images.
        plugin: As for `run`; None takes `happysad`, where no `config` names another.
        study: A cross-validation that exists, finished or not, instead of a new one.
        folds: Into how many parts the images are dealt.
        out: Where the study makes its own folder.
        registry: The plugins; None discovers the installed ones.
        progress: Progress callback.
        **settings: What `run` takes beside these. By default the dataset is `folder`, and the labels are all
            emotions that it has.

    Raises:
        MissingPackageError: cleanlab, or Keras for a new study, is not installed.
        ConfigError: The plugin is missing, a setting is wrong, or the study is none of folds.
        OutputError: The study is damaged, or its folder cannot be written.
        EmoclassError: What `cross_validate` raises.

    Example:
        >>> found = suspected_labels("photos/", epochs=10)  # doctest: +SKIP
        >>> found.n_issues, found.suspects[0].path, found.suspects[0].suggestion  # doctest: +SKIP
        (9, 'sad/beach.jpg', 'happy')
    """
    check_labels_package()
    if study is None:
        require_keras()
    registry = registry or Registry.discover()
    if study is None:
        plugin = _plugin(registry, plugin, settings)
        chosen = _settings(registry, plugin, out, root, settings)
    elif any(value is not None for value in (root, *settings.values())):
        raise ConfigError(
            "study: uses the data and settings it was started with, got others as well.", hint="Leave them out."
        )
    try:
        if study is not None:
            result = resume_study(study, plugin=plugin, registry=registry, progress=progress)
        else:
            result = cross_validate(plugin, folds=folds, out=out, registry=registry, progress=progress, **chosen)
    except EmoclassError as error:
        if error.hint:  # resumed as a run, the study would end without a list
            error.hint = error.hint.replace("emoclass run --resume", "emoclass audit --labels --study")
        raise
    if result.kind != "folds":
        raise ConfigError(
            f"study {result.folder}: expected a cross-validation, got {len(result.parts)} seeds.",
            hint="Only a cross-validation predicts every image; leave --study out to run one.",
        )
    return _rank(result, registry, plugin if study is not None else None)


def continue_command(study: Path, plugin: str = "") -> str:
    """Return what to type to go on with an interrupted search, with its plugin where that is a file."""
    named = f" --plugin {shlex.quote(plugin)}" if plugin.endswith(".py") else ""
    return f"emoclass audit --labels --study {shlex.quote(str(study))}{named}"


def _plugin(registry: Registry, plugin: str | Path | None, settings: Settings) -> str | Path | None:
    """Return the plugin: the one that was named, or the reference network's where no config file names one."""
    if plugin is not None or settings.get("config") is not None:
        return plugin
    if PLUGIN not in registry.plugins:
        raise ConfigError(
            f"plugin {PLUGIN!r}: expected to be installed, as no other is given, found none.",
            hint=f"Install it with: pip install emoclass-{PLUGIN}, or choose another with --plugin.",
        )
    return PLUGIN


def _settings(
    registry: Registry, plugin: str | Path | None, out: str | Path, root: str | Path | None, settings: Settings
) -> Settings:
    """Complete what was said: the dataset, and as labels all emotions that there are."""
    chosen: Settings = {**settings}
    if root is not None:
        chosen["data"] = root
    if chosen.get("dataset") is None:
        chosen["dataset"] = TABLE_DATASET if is_table(chosen.get("data")) else "folder"
    if chosen.get("labels") is None:
        chosen["labels"] = _emotions(registry, compose(registry, plugin, out, **chosen))
    return chosen


def _emotions(registry: Registry, config: RunConfig) -> tuple[str, ...]:
    """Return the emotions of a dataset: in the recipe's order where they are the recipe's."""
    spec = _dataset(registry, config)
    said = config.labels
    if spec.takes_labels:  # it draws whatever it is asked for
        return said.emotions
    every = LabelScheme(emotions=(*EMOTIONS, *said.extra), extra=said.extra)
    there = {sample.emotion for sample in index_shared(spec, config.data, every).samples}
    if len(there) < 2:
        raise ConfigError(f"labels: expected images of at least two emotions, got only {', '.join(there)}.")
    return said.emotions if there == set(said.emotions) else tuple(each for each in every.emotions if each in there)


def _dataset(registry: Registry, config: RunConfig) -> DatasetSpec:
    return registry.datasets.get(config.data.dataset, prefer=load_plugin(registry, config.plugin))


def _named_by_data(registry: Registry, config: RunConfig) -> frozenset[str]:
    """Return the paths that a table names today: of those outside its folder, only these are read for a study."""
    spec = _dataset(registry, config)
    if not spec.reads_outside_root:
        return frozenset()
    return frozenset(sample.path for sample in list_samples(spec, config.data, config.labels))


def _rank(result: StudyRecord, registry: Registry, plugin: str | Path | None) -> SuspectedLabels:
    """Rank the images of a finished study, and write the list and its pictures into its folder."""
    from emoclass.reporting.plots.contact_sheet import write_contact_sheet

    _, config = StudyFolder.open(result.folder).plan()
    load_named_plugin(registry, config.plugin, named=plugin, command=continue_command(result.folder, config.plugin))
    try:
        with (result.folder / "predictions.csv").open(encoding="utf-8", newline="") as file:
            rows = list(map(from_cells, csv.DictReader(file)))
        y_true = np.array([result.labels.index(row["y_true"]) for row in rows])
        y_score = np.array([[float(row[f"score_{emotion}"]) for emotion in result.labels] for row in rows])
        samples = {row["id"]: Sample(id=row["id"], path=row["path"], emotion=row["y_true"]) for row in rows}
        named = _named_by_data(registry, config)
        if outside := [row["path"] for row in rows if not (is_inside(row["path"]) or row["path"] in named)]:
            raise ValueError(f"expected paths inside the data folder, got {outside[0]!r}")
    except (OSError, ValueError, KeyError) as error:
        raise OutputError(f"study {result.folder}: predictions.csv cannot be read ({error}).") from error
    suspects = rank_labels(
        list(samples), [each.path for each in samples.values()], y_true, y_score, labels=result.labels
    )
    read = reader(_dataset(registry, config), config.data.root)

    def read_suspect(suspect: SuspectedLabel) -> bytes:
        return read(samples[suspect.id])

    folder = RunFolder(result.folder)
    folder.write_rows(TABLE, *_table(suspects))
    if suspects:
        with folder.writing(SHEET) as path:
            write_contact_sheet(suspects, read_suspect, path)
    else:
        (result.folder / SHEET).unlink(missing_ok=True)
    return SuspectedLabels(
        study=result.folder,
        table=result.folder / TABLE,
        sheet=result.folder / SHEET if suspects else None,
        plugin=result.plugin,
        recipe=result.recipe,
        labels=result.labels,
        n_images=len(rows),
        n_commonest=max(Counter(row["y_true"] for row in rows).values()),
        accuracy=result.pooled.get("accuracy"),
        suspects=suspects,
    )


def _table(suspects: tuple[SuspectedLabel, ...]) -> tuple[list[str], list[list[object]]]:
    header = ["rank", "path", "label", "suggestion", "label_probability", "suggestion_probability", "score", "issue"]
    rows: list[list[object]] = [
        [
            rank,
            each.path,
            each.label,
            each.suggestion,
            f"{each.label_probability:.6f}",
            f"{each.suggestion_probability:.6f}",
            f"{each.score:.6f}",
            int(each.issue),
        ]
        for rank, each in enumerate(suspects, start=1)
    ]
    return header, rows
