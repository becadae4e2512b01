"""Measure a trained model on datasets that it was not trained on. Nothing here needs TensorFlow."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import numpy as np

from emoclass.auditing.seen import copies_of_seen, seen_by
from emoclass.bundle.manifest import Manifest
from emoclass.bundle.plain import one_line
from emoclass.bundle.read import Bundle
from emoclass.config import IGNORE, DataConfig
from emoclass.data.images import quiet_decoders
from emoclass.data.index import Index, index_shared
from emoclass.data.pixels import MAX_THREADS, available_threads, check_count, ordered_map, reader, skipped_file
from emoclass.data.split import SPLITS
from emoclass.errors import ConfigError, DataError, UnreadableImageError
from emoclass.evaluation.evaluate import evaluate as measure
from emoclass.evaluation.predictions import Predictions, shares_of_votes
from emoclass.inference.classifier import Classifier
from emoclass.inference.load import load
from emoclass.labels import EMOTIONS, LabelScheme, canonical
from emoclass.progress import Progress
from emoclass.registry import Registry
from emoclass.results import Evaluation, SkippedFile
from emoclass.specs import DatasetSpec, MetricSpec, Sample, SplitName

__all__ = ["evaluate"]

Root: TypeAlias = str | Path | None
_Listed: TypeAlias = tuple[DatasetSpec, Path | None, Index]


def evaluate(
    source: str | Path | Classifier,
    on: Mapping[str, Root] | Iterable[tuple[str, Root]],
    *,
    metrics: Sequence[str] | None = None,
    split: SplitName | None = None,
    map: Mapping[str, str] | None = None,
    seed: int = 0,
    resamples: int = 1000,
    audit: bool = True,
    registry: Registry | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> list[Evaluation]:
    """Measure a trained model on other datasets, on those of its emotions that each of them shows.

    The model chooses among all of its emotions, also among those that a dataset does not show: probabilities are
    taken as they are, and not made to sum to 1 over the shared ones. Images are decoded as they are needed, so that
    memory does not grow with the dataset but for a few numbers an image.

    Of a model in its run folder, whose training images are still in their place, every image is held against these:
    what it has seen, as the same file or as an altered copy, is left out of the leak-adjusted figures.

    Args:
        source: What `emoclass.load` takes, or gives.
        on: Dataset -> folder, None for a dataset that takes none; or such pairs, where a dataset comes twice.
        metrics: Which metrics; None takes those that were measured when the model was trained, or else the
            built-in ones.
        split: Only this one of the datasets' official splits; None takes all images.
        map: Class word -> emotion, or "ignore"; every dataset must have the words.
        seed: Seed of the bootstrap.
        resamples: Resamples behind a bootstrap interval; 0 leaves these intervals out.
        audit: Whether to look for images that the model has seen.
        registry: The plugins; None discovers the installed ones.
        threads: Processor threads; None takes those that this process may use.
        progress: Told how the work goes on.

    Returns:
        An evaluation for each dataset, in the order given.

    Raises:
        BundleError: There is no bundle, or it is damaged.
        ConfigError: No dataset, a folder that is missing or not taken, or a setting out of range.
        PluginError: A plugin, or a dataset or metric that nobody offers.
        DataError: A dataset has none of the emotions, none of that split, or no image that can be read.

    Example:
        >>> found = evaluate("runs/mine", {"folder": "photos/"})  # doctest: +SKIP
        >>> found[0].metrics["accuracy"].value  # doctest: +SKIP
        0.75
    """
    _check(split, resamples)
    registry = Registry.discover() if registry is None else registry
    progress = progress or Progress()
    if threads is not None:
        check_count("threads", threads, MAX_THREADS)
    classifier = source if isinstance(source, Classifier) else load(source, registry=registry, threads=threads)
    name = classifier.name if isinstance(source, Classifier) else str(source)
    specs, notes = _metrics(registry, classifier.bundle.manifest, metrics)
    pairs = list(on.items() if isinstance(on, Mapping) else on)
    if not pairs:
        raise ConfigError("on: expected a dataset at least, got none.")
    # All are listed before the first is predicted: most mistakes show here.
    listed = [_list(registry, classifier, dataset, root, split, map or {}) for dataset, root in pairs]
    measured = partial(measure, metrics=specs, seed=seed, n_resamples=resamples, progress=progress)
    found = []
    for each in listed:
        predictions, skipped = _predictions(classifier, each, split, threads, progress)
        if audit:
            leaked = _leaked(classifier.bundle, each, predictions.ids, registry, threads, progress)
            predictions = replace(predictions, leaked=leaked)
        others = predictions.without_leaked() if predictions.n_leaked else None
        spec, folder, index = each
        found.append(
            Evaluation(
                model=name,
                labels=classifier.labels.emotions,
                dataset=spec.name,
                root=folder,
                split=predictions.split,
                n_samples=len(predictions),
                metrics=measured(predictions),
                n_leaked=None if predictions.leaked is None else predictions.n_leaked,
                leak_adjusted=measured(others) if others else {},
                left_out=index.left_out,
                merged=index.merged,
                skipped=skipped,
                notes=(*_notes(classifier.bundle, each, predictions, audit), *notes),
            )
        )
    return found


def _check(split: str | None, resamples: int) -> None:
    if split is not None and split not in SPLITS:
        raise ConfigError(f"split: expected one of {', '.join(SPLITS)}, got {split!r}.")
    if resamples < 0:
        raise ConfigError(f"resamples: expected at least 0, got {resamples}.")


def _metrics(
    registry: Registry, manifest: Manifest, named: Sequence[str] | None
) -> tuple[list[MetricSpec], tuple[str, ...]]:
    """Return the metrics to compute, and what is to be told of those that cannot be."""
    absent: list[str] = []
    if named:
        names = list(dict.fromkeys(named))
    else:
        known = registry.metrics.names()
        names = [name for name in manifest.measured if name in known]
        absent = [name for name in manifest.measured if name not in known]
    names = names or [spec.name for spec in registry.metrics.of("builtins")]
    plugin = str(manifest.trained.get("plugin"))
    told = f"No plugin offers {one_line(', '.join(absent))}, which the model was measured by when it was trained."
    return [registry.metrics.get(name, prefer=plugin) for name in names], (told,) if absent else ()


def _list(
    registry: Registry, classifier: Classifier, name: str, root: Root, split: SplitName | None, map: Mapping[str, str]
) -> _Listed:
    """Look a dataset up, and list its images that show an emotion of the model's."""
    spec = registry.datasets.get(name, prefer=str(classifier.bundle.manifest.trained.get("plugin")))
    if spec.needs_root != (root not in (None, "")):
        taken, example = ("a folder", f"{name}=DIR") if spec.needs_root else ("no folder", name)
        raise ConfigError(
            f"dataset {name!r}: expected {taken}, got {root or 'none'}.", hint=f"On the command line: --on {example}"
        )
    folder = None if root in (None, "") else _existing(name, Path(str(root)))
    labels = classifier.labels
    for word, emotion in map.items():
        if emotion != IGNORE and canonical(emotion, labels.extra) is None:
            raise ConfigError(
                f"map: expected an emotion or {IGNORE!r} for {word!r}, got {emotion!r}.",
                hint=f"Known are {', '.join([*EMOTIONS, *labels.extra])}.",
            )
    config = DataConfig(dataset=spec.name, root=folder, map=map)
    return spec, folder, index_shared(spec, config, labels, split=split)


def _existing(name: str, root: Path) -> Path:
    try:
        root = root.expanduser()
        if root.exists():
            return root
        reason = "no such file or folder"
    except (OSError, RuntimeError) as error:  # a name too long, a parent that may not be searched, no such home
        reason = str(error)
    raise DataError(f"dataset {name!r}: {root} cannot be read ({reason}).", hint="Check the path.")


def _predictions(
    classifier: Classifier, listed: _Listed, split: SplitName | None, threads: int | None, progress: Progress
) -> tuple[Predictions, tuple[SkippedFile, ...]]:
    """Predict one dataset; return what could not be read beside the predictions."""
    spec, root, index = listed
    samples: list[Sample] = []
    scores: list[np.ndarray] = []
    skipped: list[SkippedFile] = []
    outcomes = _predict(classifier, spec, root, index.samples, threads or available_threads())
    with quiet_decoders(), closing(outcomes):
        for sample, outcome in progress.track(outcomes, title="Predicting", total=len(index.samples)):
            if isinstance(outcome, str):
                skipped.append(skipped_file(spec, sample, outcome))
            else:
                samples.append(sample)
                scores.append(outcome)
    if not samples:
        raise DataError(
            f"dataset {spec.name!r}: none of the {len(skipped)} files can be read, "
            f"{skipped[0].path} for one: {skipped[0].reason}."
        )
    labels = classifier.labels
    predictions = Predictions(
        ids=tuple(sample.id for sample in samples),
        y_true=np.array([labels.index(sample.emotion) for sample in samples]),
        y_score=np.stack(scores),
        labels=labels,
        groups=tuple(sample.group for sample in samples),
        split=split or "all",
        votes=shares_of_votes([sample.votes for sample in samples], labels),
    )
    return predictions, tuple(skipped)


def _predict(
    classifier: Classifier, spec: DatasetSpec, root: Path | None, samples: Iterable[Sample], threads: int
) -> Generator[tuple[Sample, np.ndarray | str]]:
    """Yield each sample with its scores, or with the reason why it cannot be read; decode a few batches ahead."""
    read = reader(spec, root)

    def decode(sample: Sample) -> np.ndarray | str:
        try:
            return classifier.pixels(read(sample))
        except UnreadableImageError as error:
            return error.reason

    source = iter(samples)
    batches = iter(lambda: list(islice(source, classifier.good_batch)), [])
    decoded = ordered_map(lambda batch: [(each, decode(each)) for each in batch], batches, threads, ahead=threads + 1)
    with closing(decoded):
        for batch in decoded:
            readable = [pixels for _, pixels in batch if not isinstance(pixels, str)]
            rows = iter(classifier.scores(np.stack(readable)) if readable else ())
            for sample, outcome in batch:
                yield sample, outcome if isinstance(outcome, str) else next(rows)


def _leaked(
    bundle: Bundle, listed: _Listed, ids: Sequence[str], registry: Registry, threads: int | None, told: Progress
) -> np.ndarray | None:
    """Return which images the model has seen, bool `(n,)`; None where its training images are not at hand."""
    trained = bundle.manifest.trained
    plugin, digest = str(trained.get("plugin")), str(trained.get("config"))
    seen = seen_by(bundle.path.parent, registry, plugin=plugin, config_digest=digest)
    if seen is None:
        return None
    spec, root, index = listed
    copies = copies_of_seen(seen, spec, root, index.samples, threads=threads, progress=told)
    return np.array([each in copies for each in ids])


def _notes(bundle: Bundle, listed: _Listed, predictions: Predictions, audit: bool) -> Iterator[str]:
    """Say what a reader of the figures must know."""
    spec, _, index = listed
    if index.merge_note:
        yield index.merge_note
    labels: LabelScheme = bundle.manifest.labels
    shown = {labels.emotions[index] for index in predictions.y_true}
    absent = [emotion for emotion in labels.emotions if emotion not in shown]
    if absent:
        yield f"No image shows {', '.join(absent)}. The model chooses among all of its emotions all the same."
    if spec.notice:
        yield spec.notice
    n, n_leaked = len(predictions), predictions.n_leaked
    if predictions.leaked is None:
        why = "the images that it was trained on are not at hand" if audit else "nobody looked"
        yield f"Whether the model was trained on some of these images is not known: {why}."
    elif n_leaked == n:
        yield (
            "All of these images are copies of the model's training or validation images: the figures say nothing of "
            "new ones."
        )
    elif n_leaked:
        yield (
            f"{n_leaked:,} of the {n:,} images are copies of the model's training or validation images: figures on "
            "them say little of new images. The leak-adjusted figures leave them out."
        )
