"""Predict a whole dataset, a few batches at a time."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from emoclass.concurrency import available_threads, ordered_map
from emoclass.data.images import quiet_decoders
from emoclass.data.index import Index
from emoclass.data.pixels import reader, skipped_file
from emoclass.errors import DataError, UnreadableImageError
from emoclass.evaluation.predictions import Predictions, numbers_of_votes, shares_of_votes
from emoclass.inference.classifier import Classifier
from emoclass.progress import Progress
from emoclass.values.results import SkippedFile
from emoclass.values.specs import DatasetSpec, Sample, SplitName


@dataclass(frozen=True)
class Listed:
    """A dataset's images for a model.

    Attributes:
        spec: The dataset.
        root: Its folder; None where it takes none.
        index: The images that show an emotion of the model's.
    """

    spec: DatasetSpec
    root: Path | None
    index: Index


def predict_dataset(
    classifier: Classifier, listed: Listed, *, split: SplitName | None, threads: int | None, progress: Progress
) -> tuple[Predictions, tuple[SkippedFile, ...]]:
    """Predict one dataset; return what could not be read or judged beside the predictions.

    Raises:
        DataError: That is so of all images.
    """
    samples: list[Sample] = []
    scores: list[np.ndarray] = []
    skipped: list[SkippedFile] = []
    outcomes = _predict(classifier, listed, threads or available_threads())
    with quiet_decoders(), closing(outcomes):
        for sample, outcome in progress.track(outcomes, title="Predicting", total=len(listed.index.samples)):
            if isinstance(outcome, str):
                skipped.append(skipped_file(listed.spec, sample, outcome))
            else:
                samples.append(sample)
                scores.append(outcome)
    if not samples:
        raise DataError(
            f"dataset {listed.spec.name!r}: none of the {len(skipped)} files can be read and classified; the first is "
            f"{skipped[0].path}: {skipped[0].reason}."
        )
    labels = classifier.labels
    votes = [sample.votes for sample in samples]
    predictions = Predictions(
        ids=tuple(sample.id for sample in samples),
        y_true=np.array([labels.index(sample.emotion) for sample in samples]),
        y_score=np.stack(scores),
        labels=labels,
        groups=tuple(sample.group for sample in samples),
        split=split or "all",
        votes=shares_of_votes(votes, labels),
        n_votes=numbers_of_votes(votes, labels),
    )
    return predictions, tuple(skipped)


def _predict(classifier: Classifier, listed: Listed, threads: int) -> Generator[tuple[Sample, np.ndarray | str]]:
    """Yield each sample with its scores, or with the reason why it has none; decode a few batches ahead."""
    read = reader(listed.spec, listed.root)

    def decode(sample: Sample) -> np.ndarray | str:
        try:
            return classifier.pixels(read(sample))
        except UnreadableImageError as error:
            return error.reason

    source = iter(listed.index.samples)
    batches = iter(lambda: list(islice(source, classifier.good_batch)), [])
    decoded = ordered_map(lambda batch: [(each, decode(each)) for each in batch], batches, threads, ahead=threads + 1)
    with closing(decoded):
        for batch in decoded:
            readable = [pixels for _, pixels in batch if not isinstance(pixels, str)]
            rows = iter(classifier.scores(np.stack(readable)) if readable else ())
            for sample, outcome in batch:
                found = outcome if isinstance(outcome, str) else next(rows)
                yield sample, classifier.sees_none if not isinstance(found, str) and np.isnan(found[0]) else found
