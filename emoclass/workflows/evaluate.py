"""Measure trained models on datasets that they were not trained on. Nothing here needs TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypedDict, Unpack

from emoclass.concurrency import MAX_THREADS, check_count
from emoclass.data.split import SPLITS
from emoclass.errors import ConfigError
from emoclass.inference.classifier import Classifier
from emoclass.inference.load import load
from emoclass.plugin.registry import Registry
from emoclass.progress import Progress
from emoclass.suggestions import check_keywords
from emoclass.values.evaluation import Evaluation
from emoclass.values.specs import SplitName
from emoclass.workflows.crop_steps import CropSettings, crop_config
from emoclass.workflows.evaluate_steps import Root, Settings, Trial, check_attributes

__all__ = ["evaluate"]

Datasets: TypeAlias = Mapping[str, Root] | Iterable[tuple[str, Root]]
Source: TypeAlias = str | Path | Classifier


class Options(TypedDict, total=False):
    """The keyword arguments of `evaluate` and `cross_evaluate`; `evaluate` says what each means."""

    metrics: str | Sequence[str] | None
    labels: str | Sequence[str] | None
    by: str | Sequence[str]
    split: SplitName | None
    map: Mapping[str, str] | None
    data_options: Mapping[str, Any] | None
    seed: int
    resamples: int
    audit: bool
    crop: CropSettings
    registry: Registry | None
    threads: int | None
    progress: Progress | None


def evaluate(source: Source, on: Datasets, **options: Unpack[Options]) -> list[Evaluation]:
    """Measure a trained model on other datasets, on those of its emotions that each of them shows.

    The model chooses among all of its emotions, also among those that a dataset does not show: probabilities are
    taken as they are, and not made to sum to 1 over the shared ones. With `labels` it chooses among these only, as
    `Classifier.among` says. Images are decoded as they are needed, so that memory does not grow with the dataset but
    for a few numbers an image.

    Of a model in its run folder, whose training images are still in their place, every image is held against these:
    what it has seen, as the same file or as an altered copy, is left out of the leak-adjusted metrics. Without the
    images, the hashes in the bundle tell, if it has any.

    Args:
        source: What `emoclass.load` takes, or gives.
        on: Dataset -> folder, None for a dataset that takes none; or such pairs, where a dataset comes twice. The path
            of a table, with None, stands for the dataset `table`.
        metrics: Which metrics; None takes those that were measured when the model was trained, or else the
            built-in ones, and where a dataset has votes the built-in ones of votes.
        labels: Only these of the model's emotions, in class order; None takes all.
        by: Attributes of the images, such as `gender`, or `group` for persons: metrics are also reported for each
            value.
        split: Only this one of the datasets' official splits; None takes all images.
        map: Class word -> emotion, or "ignore"; every dataset must have the words.
        data_options: Passed to the `load` of every dataset, such as `{"label": "mood"}` for a table.
        seed: Seed of the bootstrap.
        resamples: Resamples behind a bootstrap interval; 0 leaves these intervals out.
        audit: Whether to look for images that the model has seen.
        crop: Whether the faces of photographs are found and cropped first, for models of face crops; or the keys of
            `[data.crop]`, such as `{"min_face": 40}`.
        registry: The plugins; None discovers the installed ones.
        threads: Processor threads; None takes those that this process may use.
        progress: Progress callback.

    Returns:
        An evaluation for each dataset, in the order given.

    Raises:
        BundleError: There is no bundle, or it is damaged.
        ConfigError: No dataset, a folder that is missing or not taken, an attribute that no dataset has, or a setting
            out of range.
        PluginError: A plugin, or a dataset or metric that nobody offers.
        DataError: A dataset has none of the emotions, none of that split, or no image that can be read.

    Example:
        >>> found = evaluate("runs/mine", {"folder": "photos/"})  # doctest: +SKIP
        >>> found[0].metrics["accuracy"].value  # doctest: +SKIP
        0.75
    """
    name = source.name if isinstance(source, Classifier) else str(source)
    [row] = evaluate_all({name: source}, on, **options)
    return row


def evaluate_all(sources: Mapping[str, Source], on: Datasets, **options: Unpack[Options]) -> list[list[Evaluation]]:
    """Return a row of evaluations for each model."""
    check_keywords(options, Options)
    split, resamples, threads = options.get("split"), options.get("resamples", 1000), options.get("threads")
    if split is not None and split not in SPLITS:
        raise ConfigError(f"split: expected one of {', '.join(SPLITS)}, got {split!r}.")
    if not isinstance(resamples, int) or resamples < 0:
        raise ConfigError(f"resamples: expected a whole number from 0, got {resamples!r}.")
    if threads is not None:
        check_count("threads", threads, MAX_THREADS)
    pairs = _pairs(on)
    if not pairs:
        raise ConfigError("on: expected at least one dataset, got none.")
    places = [f"{name}={Path(root)}" if root else name for name, root in pairs]
    if len(set(places)) < len(places):
        raise ConfigError(f"on: expected each dataset and folder once, got {max(places, key=places.count)} twice.")
    labels, by, metrics = options.get("labels"), options.get("by", ()), options.get("metrics")
    registry = options.get("registry") or Registry.discover()
    settings = Settings(
        registry=registry,
        metrics=tuple(dict.fromkeys(word.strip() for word in _words(metrics or ()))),
        trained_metrics=len(sources) == 1,
        by=tuple(dict.fromkeys(word.strip() for word in _words(by))),
        split=split,
        map=options.get("map") or {},
        data_options=options.get("data_options") or {},
        seed=options.get("seed", 0),
        resamples=resamples,
        audit=options.get("audit", True),
        crop=crop_config(options.get("crop")),
        threads=threads,
        progress=options.get("progress") or Progress(),
    )
    trials = []  # all are listed before the first is predicted: most mistakes show here
    for name, source in sources.items():
        classifier = source if isinstance(source, Classifier) else load(source, registry=registry, threads=threads)
        if labels is not None:
            try:
                classifier = classifier.among(labels)
            except ConfigError as error:
                raise ConfigError(f"model {name}: {error.message}", hint=error.hint) from error
        trials.append([Trial.of(name, classifier, dataset, root, settings) for dataset, root in pairs])
    check_attributes([trial.listed for row in trials for trial in row], settings.by)
    return [[trial.evaluate() for trial in row] for row in trials]


def _pairs(on: Any) -> list[tuple[str, Root]]:
    """Return datasets and their folders.

    Raises:
        ConfigError: It is something else, such as the text of the command line's `--on`.
    """
    single = isinstance(on, str | bytes) or not isinstance(on, Iterable)
    items: list[Any] = [on] if single else list(on.items() if isinstance(on, Mapping) else on)
    for item in items:
        match item:
            case (str(), None | str() | Path()) if not single:
                continue
        hint = "Pass {'folder': 'photos/'}, for example; the value is None for a dataset that needs no folder."
        if isinstance(item, str):
            name, _, root = item.partition("=")
            hint = f"Pass {{{name!r}: {root or None!r}}} instead."
        raise ConfigError(f"on: expected a mapping of a dataset's name to its folder, got {item!r}.", hint=hint)
    return items


def _words(given: str | Sequence[str]) -> Sequence[str]:
    return given.split(",") if isinstance(given, str) else given
