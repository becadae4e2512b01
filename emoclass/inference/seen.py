"""What a model has seen of a dataset that it is measured on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from emoclass.auditing.seen import Copies, copies_among, copies_of_seen, seen_by, training_set_of
from emoclass.bundle.hashes import read_hashes
from emoclass.bundle.read import Bundle
from emoclass.data.leaks import copies_of_each_other
from emoclass.evaluation.notes import note_of_leaks
from emoclass.evaluation.predictions import Predictions
from emoclass.inference.dataset import Listed
from emoclass.plugin.registry import Registry
from emoclass.progress import Progress

UNKNOWN = "It is not known whether the model was trained on some of these images: "


def nobody_looked(bundle: Bundle) -> str:
    """Return what to tell where images are not held against what the model has seen."""
    own, *before = [*bundle.manifest.trained_on] or [""]
    trained_on = f" It was trained on {own}{', before that on ' if before else ''}{', '.join(before)}." if own else ""
    return f"{UNKNOWN}the search was skipped.{trained_on}"


def held_against_seen(
    predictions: Predictions,
    bundle: Bundle,
    listed: Listed,
    registry: Registry,
    *,
    threads: int | None,
    progress: Progress,
) -> tuple[Predictions, Sequence[str]]:
    """Mark copies of each other, and what a model has seen, where that can be known; say what a reader must know, too.

    What a run folder records is known. A model without one has seen the training set of the dataset's own split, if it
    was trained on these images; so has a model whose training started from such a one, or that had it for a teacher.
    Everything else is known by the hashes in the bundle, if it has any.
    """
    trained, complete = bundle.manifest.trained, bundle.manifest.hashes_are_complete
    recorded = seen_by(
        bundle.path.parent, registry, plugin=str(trained.get("plugin")), config_digest=str(trained.get("config"))
    )
    own, before = bundle.manifest.trained_on[:1], bundle.manifest.trained_on[1:]
    same = _images_of(listed.spec.name, registry)
    learned = [each for each in (*(() if recorded else own), *before) if _images_of(each, registry) == same]
    published = training_set_of(listed.spec, listed.root, bundle.manifest.labels) if learned else None
    seen = [each for each in (recorded, published) if each is not None]
    found = [
        copies_of_seen(each, listed.spec, listed.root, listed.index.samples, threads=threads, progress=progress)
        for each in seen
    ]
    n_seen, n_unreadable = sum(len(each.samples) for each in seen), sum(each.n_unreadable for each in found)

    # Comparing the images themselves finds more copies than comparing hashes, which are for those that are not here.
    has_learned = bundle.manifest.has_learned
    is_own_read = recorded is not None or (published is not None and learned[0] in own)
    are_others_read = not has_learned or (bool(before) and published is not None and set(before) <= set(learned))
    is_read = is_own_read and not n_unreadable and (are_others_read or not complete)
    hashes = None if is_read else read_hashes(bundle)
    if hashes is not None or not seen:
        found.append(
            copies_among(
                listed.spec, listed.root, listed.index.samples, threads=threads, hashes=hashes, progress=progress
            )
        )
    predictions = _with_clusters(predictions, found)

    notes = []
    if published is not None:
        who = "The model was" if learned[0] in own else f"The model {_learned_from(trained)} one that was"
        others = "" if hashes is not None and complete else " Which others it has seen is not known."
        notes.append(
            f"{who} trained on {learned[0]}: all training images of the official split of {listed.spec.name} count as "
            f"seen.{others}"
        )
    elif has_learned and not complete:
        on = f" (trained on {', '.join(before)})" if before else ""
        notes.append(
            f"The model {_learned_from(trained)} another trained model{on}: it is not known whether that one had seen "
            f"some of these images."
        )
    if hashes is not None:
        notes.append(_note_of_hashes(bundle, matched=bool(found[-1].ids)))
    elif not seen:
        return predictions, [*notes, UNKNOWN + "its training images are not available."]
    elif 0 < n_unreadable == n_seen:
        return predictions, [*notes, UNKNOWN + "its training images can no longer be read."]
    elif n_unreadable:
        notes.append(
            f"{n_unreadable:,} of the {n_seen:,} training images of the model can no longer be read: copies of these "
            f"are not found."
        )
    ids = frozenset[str]().union(*(each.ids for each in found))
    marked = replace(predictions, leaked=np.array([each in ids for each in predictions.ids]))
    return marked, [*notes, *_notes_of_leaks(marked, has_learned=has_learned)]


def _note_of_hashes(bundle: Bundle, *, matched: bool) -> str:
    n, n_without = bundle.manifest.n_hashed or (0, 0)
    some = f"the {n:,} images" if n else "the images"
    is_of_others = bundle.manifest.has_learned and bundle.manifest.hashes_are_complete
    others = ", and of those of the models that it learned from" if is_of_others else ""
    why = (
        "has no hash, since it is unreadable or shows"
        if n_without == 1
        else "have no hash, since they are unreadable or show"
    )
    without = f" {n_without:,} of them {why} too little." if n_without else ""
    return (
        f"The bundle has hashes of {some} that the model was trained and validated on{others}: images that match one "
        f"count as seen{'' if matched else '; none does'}.{without} Strongly altered copies are not recognized."
    )


def _learned_from(trained: Mapping[str, Any]) -> str:
    return "was fine-tuned from" if trained.get("start") else "had for a teacher"


def _with_clusters(predictions: Predictions, found: Sequence[Copies]) -> Predictions:
    """Mark the images that are copies of each other."""
    copies = copies_of_each_other(predictions.ids, [cluster for each in found for cluster in each.clusters])
    return replace(predictions, clusters=tuple(copies.get(each) for each in predictions.ids))


def _images_of(dataset: str, registry: Registry) -> str:
    """Return the dataset whose images one holds: its own name, unless it gives others' images other labels."""
    return next((spec.images_of for spec in registry.datasets if spec.name == dataset and spec.images_of), dataset)


def _notes_of_leaks(predictions: Predictions, *, has_learned: bool) -> Iterator[str]:
    if n_leaked := predictions.n_leaked:
        of = "the model's training or validation images" + ", or of those of a model that it learned from" * has_learned
        yield note_of_leaks(n_leaked, len(predictions), images="images", of=of)
