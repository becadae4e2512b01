"""Ask a bundle's model what it sees: one image, a few, or a stream of them."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeAlias, overload

import numpy as np
from PIL import Image

from emoclass.bundle.manifest import LITERT
from emoclass.bundle.read import Bundle
from emoclass.data.images import read_bytes, read_image, to_pixels
from emoclass.data.pixels import available_threads, ordered_map
from emoclass.errors import BundleError, ConfigError, DataError, UnreadableImageError
from emoclass.evaluation.decision import predicted_classes
from emoclass.evaluation.predictions import scores_from_output
from emoclass.inference.litert import LiteRTModel
from emoclass.labels import LabelScheme
from emoclass.results import Prediction, Unreadable
from emoclass.specs import Expects

ImageLike: TypeAlias = str | os.PathLike[str] | bytes | Image.Image | np.ndarray
"""A file's path, an encoded image, an opened one, or uint8 RGB pixels `(height, width, 3)`."""

GOOD_BATCH = 2**20
"""Numbers in a batch of pixels. At 32 photographs of 256 by 256 a small network took 360 MB, at 4 of them 150 MB, and
neither was faster."""

_SINGLE = (str, os.PathLike, bytes, Image.Image, np.ndarray)
_EXPECTED = "expected a path, bytes, a PIL image or an array of RGB pixels, uint8 (height, width, 3)"
_Outcome: TypeAlias = tuple[str | None, np.ndarray | UnreadableImageError]


class Classifier:
    """A trained model that predicts, without TensorFlow; several threads may share one.

    Threads that share a classifier decode at the same time and take turns with the network. A photograph is the same
    to it as a path, as bytes, opened by Pillow, or as an array: all go through the decoder that training used. Only a
    JPEG file six times larger than the network's input differs slightly (by about 0.001) from the same file opened by
    Pillow, because such files are scaled down while they are decoded.

    Args:
        bundle: An opened bundle; the digest of its LiteRT file is compared before the file is used.
        threads: Processor threads for one run of the network; None takes those that this process may use.

    Attributes:
        bundle: The bundle.
        name: What the model is called.
        labels: The emotions, in class order.
        image_shape: `(height, width, channels)` of the network's input; images are stretched to it.
        expects: What a picture must show: `photograph` or `face_crop`.

    Raises:
        BundleError: The LiteRT file is missing, damaged, or another model than the manifest says.
        ConfigError: Fewer threads than one.
    """

    def __init__(self, bundle: Bundle, *, threads: int | None = None) -> None:
        manifest = bundle.manifest
        self.bundle = bundle
        self.name: str = manifest.name
        self.labels: LabelScheme = manifest.labels
        self.image_shape: tuple[int, int, int] = manifest.image.shape
        self.expects: Expects = manifest.expects
        self._model = LiteRTModel(bundle.file(LITERT), threads=available_threads() if threads is None else threads)
        found = (self._model.input_shape, self._model.units, manifest.files[LITERT].input_range)
        expected = (self.image_shape, self.labels.units, (0.0, 255.0))
        if found != expected:
            raise BundleError(
                f"bundle {bundle.path}: {LITERT}: expected input, units and range {expected}, as the labels and the "
                f"image of the manifest say, got {found}."
            )

    @property
    def good_batch(self) -> int:
        """How many images the network is best given at once."""
        return min(32, max(1, GOOD_BATCH // math.prod(self.image_shape)))

    @overload  # text and bytes are iterables too, and are taken as one image
    def predict(self, x: ImageLike) -> Prediction: ...  # type: ignore[overload-overlap]
    @overload
    def predict(self, x: Iterable[ImageLike]) -> list[Prediction]: ...
    def predict(self, x: ImageLike | Iterable[ImageLike]) -> Prediction | list[Prediction]:
        """Classify an image, or each of several.

        Args:
            x: A path, the bytes of an image file, a PIL image, an array of RGB pixels, uint8 `(height, width, 3)`
                in [0, 255] (for a model of gray images too), or an iterable of these.

        Returns:
            A prediction, or a list of them for an iterable.

        Raises:
            UnreadableImageError: An image cannot be read; `predict_batches` goes on instead.
            DataError: It is nothing of the above, such as an array of another shape or type.
        """
        if isinstance(x, _SINGLE):
            path = os.fspath(x) if isinstance(x, str | os.PathLike) else None
            return self._predictions([path], self.pixels(x)[None])[0]
        if not isinstance(x, Iterable):
            raise DataError(f"image: {_EXPECTED}, or an iterable of these, got {type(x).__name__}.")
        found = []
        for _, outcome in self._stream(x):
            if isinstance(outcome, UnreadableImageError):
                raise outcome
            found.append(outcome)
        return found

    def predict_batches(
        self, items: Iterable[ImageLike], *, batch_size: int | None = None, threads: int | None = None
    ) -> Iterator[Prediction | Unreadable]:
        """Classify a stream of any length, decoding in threads while the network works.

        Items are taken from the stream no more than two batches ahead of what was yielded, in the caller's thread, so
        that memory is bounded.

        Args:
            items: As for `predict`.
            batch_size: How many images the network is given at once; None takes 32 small ones, fewer large ones:
                more would take memory and save no time.
            threads: Threads that decode; None takes one a processor.

        Returns:
            A prediction for each item, in order; an `Unreadable` where the image cannot be read.

        Raises:
            ConfigError: Fewer than one thread or image a batch.
            DataError: While iterating: an item is no image at all, such as an array of another shape or type.
        """
        for name, value in (("batch_size", batch_size), ("threads", threads)):
            if value is not None and value < 1:
                raise ConfigError(f"{name}: expected at least 1, got {value}.")
        stream = self._stream(items, batch_size, threads)
        return (
            each if isinstance(each, Prediction) else Unreadable(path=path, reason=each.reason) for path, each in stream
        )

    def _stream(
        self, items: Iterable[ImageLike], batch_size: int | None = None, threads: int | None = None
    ) -> Iterator[tuple[str | None, Prediction | UnreadableImageError]]:
        """Yield each item's path and what becomes of it, in order."""
        batch_size = self.good_batch if batch_size is None else batch_size
        threads = available_threads() if threads is None else threads
        size = max(1, batch_size // 8)  # handing crops over one by one would cost as much as decoding them
        source = iter(items)
        pieces = iter(lambda: list(islice(source, size)), [])
        ahead = max(2 * batch_size // size, 2 * threads)
        with closing(ordered_map(self._decode_all, pieces, threads, ahead=ahead)) as decoded:
            outcomes = chain.from_iterable(decoded)
            while batch := list(islice(outcomes, batch_size)):
                yield from self._answer(batch)

    def _answer(self, batch: list[_Outcome]) -> Iterator[tuple[str | None, Prediction | UnreadableImageError]]:
        readable = [(path, found) for path, found in batch if not isinstance(found, UnreadableImageError)]
        answers: Iterator[Prediction] = iter(())
        if readable:
            paths, pixels = zip(*readable, strict=True)
            answers = iter(self._predictions(paths, np.stack(pixels)))
        for path, found in batch:
            yield path, found if isinstance(found, UnreadableImageError) else next(answers)

    def pixels(self, x: ImageLike) -> np.ndarray:
        """Return an image as the network gets it: uint8 of `image_shape`.

        Raises:
            UnreadableImageError: It cannot be read.
            DataError: It is nothing that `predict` takes.
        """
        if isinstance(x, str | os.PathLike):
            path = os.fspath(x)
            return read_image(read_bytes(Path(path), path=path), self.image_shape, path=path)
        if isinstance(x, bytes):
            return read_image(x, self.image_shape)
        if isinstance(x, np.ndarray | Image.Image):
            return to_pixels(_from_array(x) if isinstance(x, np.ndarray) else x, self.image_shape)
        raise DataError(f"image: {_EXPECTED}, got {type(x).__name__}.")

    def scores(self, pixels: np.ndarray) -> np.ndarray:
        """Return the probabilities of images that were decoded by `pixels` already.

        Shapes: uint8 `(n, *image_shape)` -> float64 `(n, len(labels))`.

        Raises:
            DataError: Another shape or type.
            ContractError: The network gives no probabilities.
        """
        return scores_from_output(self._model.predict(pixels), self.labels)

    def _predictions(self, paths: Sequence[str | None], pixels: np.ndarray) -> list[Prediction]:
        return [prediction(path, row, self.labels) for path, row in zip(paths, self.scores(pixels), strict=True)]

    def _decode_all(self, items: list[ImageLike]) -> list[_Outcome]:
        return [self._decode(item) for item in items]

    def _decode(self, item: Any) -> _Outcome:
        """Return an item's path, if it has one, and its pixels or why there are none."""
        path = os.fspath(item) if isinstance(item, str | os.PathLike) else None
        try:
            return path, self.pixels(item)
        except UnreadableImageError as error:
            return path, error


def prediction(path: str | None, scores: np.ndarray, labels: LabelScheme) -> Prediction:
    """Return probabilities, float64 `(len(labels),)`, as a prediction."""
    best = int(predicted_classes(scores[None])[0])
    values = scores.tolist()
    return Prediction(
        path=path,
        label=labels.emotions[best],
        probability=values[best],
        scores=dict(zip(labels.emotions, values, strict=True)),
    )


def among(found: Prediction, labels: LabelScheme) -> Prediction | Unreadable:
    """Return a prediction as if there were only some of the emotions: their probabilities, made to sum to 1.

    Where the model gives none of them any probability, nothing can be said.
    """
    scores = np.array([found.scores[emotion] for emotion in labels.emotions])
    if not scores.sum() > 0:
        return Unreadable(path=found.path, reason=f"the model sees none of {', '.join(labels.emotions)}")
    return prediction(found.path, scores / scores.sum(), labels)


def _from_array(pixels: np.ndarray) -> Image.Image:
    if pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.size:
        return Image.fromarray(np.ascontiguousarray(pixels))
    hint = None
    if pixels.ndim == 4:
        hint = "Give several images as a list: predict(list(images))."
    elif pixels.dtype != np.uint8:
        hint = "Pixels are whole numbers in [0, 255]; convert them, knowing their range, with .astype('uint8')."
    elif pixels.ndim == 2 or pixels.shape[-1:] == (1,):
        hint = "Repeat a gray image's channel three times, or use PIL.Image.fromarray."
    elif pixels.shape[-1:] == (4,):
        hint = "PIL.Image.fromarray(pixels) says what the fourth channel is."
    raise DataError(
        f"array: expected RGB pixels, uint8 (height, width, 3), got {pixels.dtype} {pixels.shape}.", hint=hint
    )
