"""What a model has seen of a dataset that it is measured on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from emoclass.auditing.seen import Seen, copies_of_seen, seen_by, training_set_of
from emoclass.bundle.plain import one_line
from emoclass.bundle.read import Bundle
from emoclass.evaluation.predictions import Predictions
from emoclass.inference.dataset import Listed
from emoclass.progress import Progress
from emoclass.registry import Registry


def held_against_seen(
    predictions: Predictions,
    bundle: Bundle,
    listed: Listed,
    registry: Registry,
    *,
    threads: int | None,
    progress: Progress,
) -> tuple[Predictions, Sequence[str]]:
    """Mark the images that a model has seen, where that can be known; say what a reader must know of these, too."""
    unknown = "Whether the model was trained on some of these images is not known: the images that it was trained on "
    seen = _seen_images(bundle, listed, registry)
    if seen is None:
        return predictions, [unknown + "are not at hand."]
    copies = copies_of_seen(seen, listed.spec, listed.root, listed.index.samples, threads=threads, progress=progress)
    if 0 < copies.n_unreadable == len(seen.samples):
        return predictions, [unknown + "cannot be read any more."]
    marked = replace(predictions, leaked=np.array([each in copies.ids for each in predictions.ids]))
    notes = []
    if not seen.recorded:
        notes.append(
            f"The model was trained on {one_line(str(bundle.manifest.trained.get('dataset')))}: all training images of "
            f"{listed.spec.name}'s own split count as seen. Which others it has seen is not known."
        )
    if copies.n_unreadable:
        notes.append(
            f"{copies.n_unreadable:,} of the {len(seen.samples):,} images that the model was trained on cannot be read "
            "any more: copies of these are not found."
        )
    return marked, [*notes, *_notes_of_leaks(marked)]


def _seen_images(bundle: Bundle, listed: Listed, registry: Registry) -> Seen | None:
    """Return what a model has seen; None where its training images are not at hand.

    A model without its run folder has seen the training set of the dataset's own split, if it was trained on these
    images.
    """
    trained = bundle.manifest.trained
    plugin, digest = str(trained.get("plugin")), str(trained.get("config"))
    seen = seen_by(bundle.path.parent, registry, plugin=plugin, config_digest=digest)
    if seen is None and _images_of(str(trained.get("dataset")), registry) == _images_of(listed.spec.name, registry):
        seen = training_set_of(listed.spec, listed.root, bundle.manifest.labels)
    return seen


def _images_of(dataset: str, registry: Registry) -> str:
    """Return the dataset whose images one holds: its own name, unless it gives others' images other labels."""
    return next((spec.images_of for spec in registry.datasets if spec.name == dataset and spec.images_of), dataset)


def _notes_of_leaks(predictions: Predictions) -> Iterator[str]:
    n, n_leaked = len(predictions), predictions.n_leaked
    if n_leaked == n:
        yield (
            "All of these images are copies of the model's training or validation images: the figures say nothing of "
            "new ones."
        )
    elif n_leaked:
        yield (
            f"{n_leaked:,} of the {n:,} images are copies of the model's training or validation images: figures on "
            "them say little of new images. The leak-adjusted figures leave them out."
        )
