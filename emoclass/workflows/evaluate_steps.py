"""One model on one dataset: its images are listed, predicted and measured, and what a reader must know is said."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from emoclass.bundle.plain import one_line
from emoclass.data.crops import note_of_mismatch
from emoclass.data.index import index_shared, note_of_boxes, note_of_outside
from emoclass.errors import ConfigError, DataError, UnknownNameError
from emoclass.evaluation.evaluate import evaluate
from emoclass.evaluation.notes import notes_of_predictions
from emoclass.evaluation.predictions import Predictions
from emoclass.evaluation.subgroups import GROUP, break_down, corrected
from emoclass.inference.classifier import Classifier
from emoclass.inference.dataset import Listed, predict_dataset
from emoclass.inference.face_search import choose_detector
from emoclass.inference.seen import held_against_seen, nobody_looked
from emoclass.plugin.configure import is_table
from emoclass.plugin.registry import Registry
from emoclass.progress import Progress
from emoclass.suggestions import did_you_mean
from emoclass.values.config import IGNORE, CropConfig, DataConfig
from emoclass.values.evaluation import Breakdown, Evaluation
from emoclass.values.labels import EMOTIONS, canonical, folded
from emoclass.values.results import MetricValue, SkippedFile
from emoclass.values.specs import MetricSpec, Sample, SplitName
from emoclass.values.tables import TABLE_DATASET
from emoclass.workflows.crop_steps import crops_of

if TYPE_CHECKING:
    from emoclass.faces.crop import Crops

Root: TypeAlias = str | Path | None


@dataclass(frozen=True)
class Settings:
    """How models are measured; `emoclass.evaluate` says what each means.

    `trained_metrics` says whether metrics that nobody named are those that were measured when the model was trained.
    """

    registry: Registry
    metrics: tuple[str, ...]
    trained_metrics: bool
    by: tuple[str, ...]
    split: SplitName | None
    map: Mapping[str, str]
    data_options: Mapping[str, Any]
    seed: int
    resamples: int
    audit: bool
    crop: CropConfig | None
    threads: int | None
    progress: Progress


@dataclass(frozen=True)
class Trial:
    """A model on a dataset.

    Attributes:
        model: What the caller calls the model.
        classifier: The model.
        listed: The dataset's images.
        metrics: What to compute.
        absent: Metrics that the model was measured by, and that nobody offers.
        settings: How to measure.
        crops: The dataset's faces, where they are cropped; `listed` are then the crops.
    """

    model: str
    classifier: Classifier
    listed: Listed
    metrics: tuple[MetricSpec, ...]
    absent: tuple[str, ...]
    settings: Settings
    crops: Crops | None = None

    @classmethod
    def of(cls, model: str, classifier: Classifier, dataset: str, root: Root, settings: Settings) -> Trial:
        """List a dataset for a model, and look up what is to be computed.

        Raises:
            ConfigError: The folder is missing or not taken, or the map leads to no emotion.
            PluginError: Nobody offers the dataset, or a metric.
            DataError: There is nothing that the model knows.
        """
        listed = _list(settings, classifier, dataset, root)
        metrics, absent = _metrics(settings, classifier, listed)
        if settings.crop is not None and _has_faces_to_crop(classifier, listed):  # says now that there is no detector
            choose_detector(settings.registry, settings.crop.detector, classifier.bundle.manifest.detector)
        return cls(model, classifier, listed, tuple(metrics), tuple(absent), settings)

    def evaluate(self) -> Evaluation:
        """Predict and measure.

        Raises:
            DataError: No image can be read, or no face is found.
            PluginError: Faces are to be cropped, and no detector is installed.
        """
        return self._cropped()._evaluate()

    def _cropped(self) -> Trial:
        """Return the same model on the faces of the dataset, if they are to be cropped."""
        settings, manifest, listed = self.settings, self.classifier.bundle.manifest, self.listed
        if settings.crop is None or not _has_faces_to_crop(self.classifier, listed):
            return self
        crops = crops_of(
            settings.crop,
            listed.index.samples,
            listed.spec,
            listed.root,
            registry=settings.registry,
            framing=manifest.framing,
            image_shape=self.classifier.image_shape,
            measured_with=manifest.detector,
            threads=settings.threads,
            progress=settings.progress,
        )
        index = replace(listed.index, samples=crops.samples)
        return replace(self, listed=Listed(crops.spec, listed.root, index), crops=crops)

    def _evaluate(self) -> Evaluation:
        settings, classifier, listed, crops = self.settings, self.classifier, self.listed, self.crops
        threads, progress = settings.threads, settings.progress
        predictions, skipped = predict_dataset(
            classifier, listed, split=settings.split, threads=threads, progress=progress
        )
        notes_of_seen: Sequence[str] = [nobody_looked(classifier.bundle)]
        if settings.audit:
            # Photographs are held against photographs: of a crop, too little is left to recognize a copy by.
            whole = listed if crops is None else Listed(crops.whole, listed.root, listed.index)
            predictions, notes_of_seen = held_against_seen(
                predictions, classifier.bundle, whole, settings.registry, threads=threads, progress=progress
            )
        others = predictions.without_leaked() if predictions.n_leaked else None
        emotions = classifier.labels.emotions
        return Evaluation(
            model=self.model,
            labels=emotions,
            dataset=listed.spec.name,
            root=listed.root,
            split=predictions.split,
            n_samples=len(predictions),
            support={emotion: int((predictions.y_true == k).sum()) for k, emotion in enumerate(emotions)},
            metrics=self._measured(predictions),
            n_leaked=None if predictions.leaked is None else predictions.n_leaked,
            leak_adjusted=self._measured(others) if others else {},
            by=self._broken_down(others or predictions),
            left_out=listed.index.left_out,
            merged=listed.index.merged,
            skipped=skipped if crops is None else (*crops.without, *skipped),
            cropped=None if crops is None else crops.counts,
            notes=(
                *self._notes(predictions, skipped),
                *notes_of_seen,
                *self._notes_of_whole_photographs(),
                *notes_of_predictions(predictions),
                *self._notes_of_absent_metrics(),
            ),
        )

    def _measured(self, predictions: Predictions) -> dict[str, MetricValue]:
        settings = self.settings
        return evaluate(
            predictions, self.metrics, seed=settings.seed, n_resamples=settings.resamples, progress=settings.progress
        )

    def _broken_down(self, predictions: Predictions) -> dict[str, Breakdown]:
        """Return the metrics by each attribute that the images have: all metrics named, else the proportions."""
        settings = self.settings
        accuracy = settings.registry.metrics.get("accuracy", prefer="builtins")
        named = [spec for spec in self.metrics if settings.metrics or spec.interval == "proportion"]
        metrics = [accuracy, *(spec for spec in named if spec.name != "accuracy")]
        samples = {sample.id: sample for sample in self.listed.index.samples}
        found = []
        for attribute in settings.by:
            values = [value_of(samples[each], attribute) for each in predictions.ids]
            if any(value is not None for value in values):
                found.append(
                    break_down(
                        predictions, attribute, values, metrics, seed=settings.seed, n_resamples=settings.resamples
                    )
                )
        return {each.attribute: each for each in corrected(found)}

    def _notes(self, predictions: Predictions, skipped: Sequence[SkippedFile]) -> Iterator[str]:
        """Yield what matters for reading the metrics."""
        spec, index, labels = self.listed.spec, self.listed.index, self.classifier.labels
        if index.unlisted:
            yield index.unlisted
        if index.merge_note:
            yield index.merge_note
        yield from self._notes_of_merged_classes()
        struck = [word for word in self.classifier.bundle.manifest.labels.emotions if word not in labels.emotions]
        if struck:
            yield (
                f"The model is restricted to {', '.join(labels.emotions)}; {', '.join(struck)} are dropped and the "
                "probabilities renormalized."
            )
        unjudged = sum(each.reason == self.classifier.sees_none for each in skipped)
        if unjudged:
            yield (
                f"{unjudged:,} image{' is' if unjudged == 1 else 's are'} in no metric, since the model gives these "
                "emotions a probability of 0 there: the metrics are optimistically biased."
            )
        shown = {labels.emotions[k] for k in predictions.y_true}
        absent = [emotion for emotion in labels.emotions if emotion not in shown]
        if absent:
            chosen = "these" if struck else "its"
            yield f"No image shows {', '.join(absent)}. The model still predicts any of {chosen} emotions."
        if spec.notice:
            yield spec.notice
        outside = note_of_outside(spec, self.listed.root, index.samples)
        if outside:
            yield outside
        yield from self._notes_of_crops(predictions)
        mismatch = note_of_mismatch(
            self.classifier.expects, self.classifier.image_shape, spec, self.listed.root, index.samples
        )
        if mismatch:
            yield mismatch
        for attribute in self.settings.by:
            if attribute not in attributes_of(index.samples):
                yield f"The dataset does not provide {attribute}."
        by = [attribute for attribute in self.settings.by if attribute in attributes_of(index.samples)]
        if by and 0 < predictions.n_leaked < len(predictions):
            yield f"The metrics by {', '.join(by)} exclude images that the model has seen."

    def _notes_of_crops(self, predictions: Predictions) -> Iterator[str]:
        boxes = note_of_boxes(self.listed.index.samples) if self.settings.crop is None else None
        if boxes:
            yield boxes
        if self.settings.crop is None:
            return
        if self.crops is None:
            reason = (
                "the model expects whole photographs"
                if self.classifier.expects == "photograph"
                else f"the images of {self.listed.spec.name} are face crops already"
            )
            yield f"Nothing was cropped: {reason}."
            return
        counts = self.crops.counts
        yield counts.note()
        if counts.n_without_face and self.settings.crop.largest:  # else faces would be added to photographs
            n_right = int((predictions.y_true == predictions.y_pred).sum())
            n = len(predictions) + counts.n_without_face
            yield (
                f"Images without a face are in no metric. Counting each as an error, the accuracy is {n_right / n:.3f} "
                f"of n = {n:,}."
            )

    def _notes_of_whole_photographs(self) -> Iterator[str]:
        manifest = self.classifier.bundle.manifest
        if self.settings.audit and self.crops and self.crops.counts.n_cropped and manifest.may_have_seen_crops:
            yield (
                "Whole photographs were compared with what the model has seen, which may be ready-made crops: faces "
                "that were cut out of these photographs are not recognized."
            )

    def _notes_of_absent_metrics(self) -> Iterator[str]:
        if self.absent:
            names = one_line(", ".join(self.absent))
            yield f"No plugin offers {names}, which was computed when the model was trained."

    def _notes_of_merged_classes(self) -> Iterator[str]:
        """Say which classes count as an emotion in the model's training, and are left out here."""
        labels = self.classifier.labels

        def meant(word: str) -> str:
            return canonical(word, labels.extra) or folded(word)

        left_out = set(map(meant, self.listed.index.left_out))
        merged = self.classifier.bundle.manifest.merged
        apart = {
            word: emotion for word, emotion in merged.items() if meant(word) in left_out and emotion in labels.emotions
        }
        if apart:
            told = ", ".join(one_line(f"{word} counted as {emotion}") for word, emotion in apart.items())
            maps = " ".join(f"--map {shlex.quote(one_line(f'{word}={emotion}'))}" for word, emotion in apart.items())
            yield f"In the model's training, {told}; here they are left out. {maps} includes them."


def _has_faces_to_crop(classifier: Classifier, listed: Listed) -> bool:
    """Tell whether a model wants face crops, and a dataset holds something else."""
    return classifier.expects == "face_crop" and listed.spec.expects == "photograph"


def _list(settings: Settings, classifier: Classifier, name: str, root: Root) -> Listed:
    """Look a dataset up, and list its images that show an emotion of the model's."""
    if name not in settings.registry.datasets.names() and root in (None, "") and is_table(name):
        name, root = TABLE_DATASET, name
    elif name == "folder" and is_table(root):
        name = TABLE_DATASET
    if name not in settings.registry.datasets.names() and root in (None, "") and _is_there(name):
        raise UnknownNameError(
            f"dataset {name!r}: expected a dataset's name, got a path.",
            hint=f"Read it as a folder per class: --on {shlex.quote(f'folder={name}')}",
        )
    spec = settings.registry.datasets.get(name, prefer=str(classifier.bundle.manifest.trained.get("plugin")))
    if spec.needs_root != (root not in (None, "")):
        taken, example = ("a folder", f"{name}=DIR") if spec.needs_root else ("no folder", name)
        raise ConfigError(
            f"dataset {name!r}: expected {taken}, got {root or 'none'}.", hint=f"On the command line: --on {example}"
        )
    folder = None if root in (None, "") else _existing(name, Path(str(root)))
    labels = classifier.labels
    for word, emotion in settings.map.items():
        if emotion != IGNORE and canonical(emotion, labels.extra) is None:
            raise ConfigError(
                f"map: expected an emotion or {IGNORE!r} for {word!r}, got {emotion!r}.",
                hint=f"Known are {', '.join([*EMOTIONS, *labels.extra])}.",
            )
    config = DataConfig(dataset=spec.name, root=folder, map=settings.map, options=settings.data_options)
    return Listed(spec, folder, index_shared(spec, config, labels, split=settings.split))


def _is_there(path: str) -> bool:
    try:
        return Path(path).expanduser().exists()
    except (OSError, RuntimeError, ValueError):  # a name too long, no such home, a null character
        return False


def _existing(name: str, root: Path) -> Path:
    try:
        root = root.expanduser()
        if root.exists():
            return root
        reason = "no such file or folder"
    except (OSError, RuntimeError) as error:  # a name too long, a parent that may not be searched, no such home
        reason = str(error)
    raise DataError(f"dataset {name!r}: {root} cannot be read ({reason}).", hint="Check the path.")


def _metrics(settings: Settings, classifier: Classifier, listed: Listed) -> tuple[list[MetricSpec], list[str]]:
    """Return the metrics to compute, and the names of those that nobody offers."""
    manifest, registry = classifier.bundle.manifest, settings.registry
    plugin = str(manifest.trained.get("plugin"))
    if settings.metrics:
        return [registry.metrics.get(name, prefer=plugin) for name in settings.metrics], []
    builtin, known = registry.metrics.of("builtins"), registry.metrics.names()
    measured = list(manifest.measured) if settings.trained_metrics else []
    names = [name for name in measured if name in known] or [spec.name for spec in builtin]
    specs = [registry.metrics.get(name, prefer=plugin) for name in names]
    if any(sample.votes for sample in listed.index.samples):  # what people reach stands beside the accuracy
        place = next((place for place, spec in enumerate(specs, 1) if spec.name == "accuracy"), len(specs))
        specs[place:place] = [spec for spec in builtin if spec.takes_votes and spec.name not in names[:place]]
    else:  # no rows of nothing
        specs = [spec for spec in specs if not spec.takes_votes]
    return list({spec.name: spec for spec in specs}.values()), [name for name in measured if name not in known]


def value_of(sample: Sample, attribute: str) -> str | None:
    """Return an image's value of an attribute; `group` is its person or source."""
    return sample.group if attribute == GROUP else sample.attributes.get(attribute)


def attributes_of(samples: Sequence[Sample]) -> list[str]:
    """Return the attributes that any of the images has."""
    has_groups = any(sample.group is not None for sample in samples)
    return sorted({word for sample in samples for word in sample.attributes} | ({GROUP} if has_groups else set()))


def check_attributes(listed: Sequence[Listed], wanted: Sequence[str]) -> None:
    """Refuse an attribute that no dataset has: it is a slip of the pen.

    Raises:
        ConfigError: There is one.
    """
    if not wanted:
        return
    known = sorted({word for each in listed for word in attributes_of(each.index.samples)})
    for attribute in wanted:
        if attribute not in known:
            names = ", ".join(dict.fromkeys(each.spec.name for each in listed))
            told = f"Known are {', '.join(known)}." if known else "The images of these datasets have no attributes."
            raise ConfigError(
                f"by: expected an attribute of the images of {names}, got {attribute!r}.",
                hint=f"{did_you_mean(attribute, known)} {told}".strip(),
            )
