"""Judge each face of a stream of pictures: the network sees the faces of many pictures at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from emoclass.concurrency import ordered_map
from emoclass.data.photograph import Photograph
from emoclass.errors import UnreadableImageError
from emoclass.inference.face_search import FaceSearch, FramedFaces
from emoclass.inference.given import ImageLike, photograph, take
from emoclass.inference.predictions import prediction
from emoclass.values.results import FacePrediction, PictureFaces

if TYPE_CHECKING:
    from emoclass.inference.classifier import Classifier

Framed: TypeAlias = tuple[str | None, FramedFaces | UnreadableImageError]
"""A picture's path, and its faces or why there are none to be had."""


def framed(search: FaceSearch, read: Callable[[], Photograph]) -> FramedFaces | UnreadableImageError:
    """Read a picture, and find and frame its faces."""
    try:
        return search(read())
    except UnreadableImageError as error:
        return error


def find_stream(
    classifier: Classifier, search: FaceSearch, items: Iterator[ImageLike], threads: int
) -> Iterator[tuple[str | None, PictureFaces | UnreadableImageError]]:
    """Yield each picture's path and faces, in order; pictures are decoded and searched in threads meanwhile."""
    failed: list[Exception] = []

    def prepare(one: tuple[str | None, Callable[[], Photograph] | UnreadableImageError]) -> Framed:
        path, read = one
        return path, read if isinstance(read, UnreadableImageError) else framed(search, read)

    with closing(ordered_map(prepare, take(items, failed, photograph), threads, ahead=2 * threads)) as prepared:
        batch: list[Framed] = []
        n_faces = 0
        for one in prepared:
            batch.append(one)
            n_faces += len(one[1].faces) if isinstance(one[1], FramedFaces) else 0
            # Pictures without faces must not pile up either: their answers are due.
            if max(n_faces, len(batch)) >= classifier.good_batch:
                yield from judge_faces(classifier, batch)
                batch, n_faces = [], 0
        yield from judge_faces(classifier, batch)
    if failed:  # only now: what came before has its answers
        raise failed[0]


def judge_faces(
    classifier: Classifier, batch: Sequence[Framed]
) -> Iterator[tuple[str | None, PictureFaces | UnreadableImageError]]:
    """Let the network see all faces of a few pictures, as many at a time as it is best given."""
    pixels = [found.pixels for _, found in batch if isinstance(found, FramedFaces)]
    every = np.concatenate(pixels) if pixels else np.empty(0)
    size = classifier.good_batch
    rows = chain.from_iterable(classifier.scores(every[at : at + size]) for at in range(0, len(every), size))
    for path, found in batch:
        if isinstance(found, UnreadableImageError):
            yield path, found
            continue
        scores = [next(rows) for _ in found.faces]
        if any(np.isnan(row[0]) for row in scores):
            yield path, UnreadableImageError(path or "image", classifier.sees_none)
            continue
        faces = tuple(
            FacePrediction(
                **dict(prediction(path, row, classifier.labels)),
                box=face.box,
                landmarks=face.landmarks,
                detection=None if found.ready_made else face.score,
            )
            for face, row in zip(found.faces, scores, strict=True)
        )
        width, height = found.size
        yield (
            path,
            PictureFaces(
                path=path,
                width=width,
                height=height,
                ready_made=found.ready_made,
                faces=faces,
                n_left_out=found.n_left_out,
            ),
        )
