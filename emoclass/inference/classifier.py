"""Ask a bundle's model what it sees: one image, a few, or a stream of them."""

from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Self, TypeAlias, overload

import numpy as np

from emoclass.bundle.manifest import LITERT
from emoclass.bundle.read import Bundle
from emoclass.concurrency import MAX_THREADS, available_threads, check_count, ordered_map
from emoclass.data.crops import is_whole
from emoclass.errors import BundleError, UnreadableImageError, WholePhotographWarning
from emoclass.evaluation.predictions import scores_from_output
from emoclass.faces.find import FaceFinder, FaceMode
from emoclass.faces.frame import SHOWS_NOTHING, shows_nothing
from emoclass.inference.face_search import FaceSearch, check_search, choose_detector
from emoclass.inference.faces import find_stream, framed, judge_faces
from emoclass.inference.given import SINGLE, ImageLike, path_of, photograph, reader, several, take
from emoclass.inference.litert import LiteRTModel
from emoclass.inference.predictions import prediction
from emoclass.values.labels import LabelScheme, choose
from emoclass.values.results import FacePrediction, PictureFaces, Prediction, Unreadable
from emoclass.values.specs import Expects

if TYPE_CHECKING:
    from emoclass.plugin.registry import Registry

GOOD_BATCH = 2**20
"""Numbers in a batch of pixels. At 32 photographs of 256 by 256 a small network took 360 MB, at 4 of them 150 MB, and
neither was faster."""

MAX_BATCH = 4096
"""More images at a time take memory and save no time."""

_Taken: TypeAlias = tuple[str | None, Callable[[], np.ndarray] | UnreadableImageError]
_Outcome: TypeAlias = tuple[str | None, np.ndarray | UnreadableImageError]


class Classifier:
    """A trained model that predicts, without TensorFlow; several threads may share one.

    A pickled classifier, such as one that is passed to another process, is opened again from its bundle's folder,
    which has to be there and unchanged.

    Threads that share a classifier decode at the same time and take turns with the network. A photograph is the same
    to it as a path, as bytes, opened by Pillow, or as an array: all go through the decoder that training used. Only a
    JPEG file six times larger than the network's input differs slightly (by about 0.002) from the same file opened by
    Pillow, because such files are scaled down while they are decoded.

    Args:
        bundle: An opened bundle; the digest of its LiteRT file is compared before the file is used.
        threads: Processor threads for one run of the network; None takes those that this process may use.

    Attributes:
        bundle: The bundle.
        name: What the model is called.
        labels: The emotions that it chooses among, in class order.
        image_shape: `(height, width, channels)` of the network's input; images are stretched to it.
        expects: What a picture must show: `photograph` or `face_crop`.

    Raises:
        BundleError: The LiteRT file is missing, damaged, or another model than the manifest says.
        ConfigError: Threads that are no whole number from 1 to 256.
    """

    def __init__(self, bundle: Bundle, *, threads: int | None = None) -> None:
        manifest = bundle.manifest
        self.bundle = bundle
        self.name: str = manifest.name
        self.labels: LabelScheme = manifest.labels
        self.image_shape: tuple[int, int, int] = manifest.image.shape
        self.expects: Expects = manifest.expects
        self._search: FaceSearch | None = None  # made when faces are first looked for
        self._search_is_chosen = False  # by `with_faces`
        self._search_lock = threading.Lock()
        self._columns: list[int] | None = None  # of the network's classes, where the choice is among some
        self._threads = threads
        self._model = LiteRTModel(
            bundle.path / LITERT,
            content=bundle.content(LITERT),
            threads=available_threads() if threads is None else threads,
        )
        found = (self._model.input_shape, self._model.units, manifest.files[LITERT].input_range)
        expected = (self.image_shape, self.labels.units, (0.0, 255.0))
        if found != expected:
            raise BundleError(
                f"bundle {bundle.path}: {LITERT}: expected {_network(*expected)}, got {_network(*found)}.",
                hint="The manifest was changed, or the file is another model's.",
            )

    def __copy__(self) -> Self:
        view = object.__new__(type(self))
        view.__dict__.update(self.__dict__)  # it shares the network
        return view

    def __reduce__(self) -> tuple[Any, ...]:
        # With the manifest that was read, so that another model in the folder is refused by its digest.
        bundle = Bundle(self.bundle.path.absolute(), self.bundle.manifest)
        labels = None if self._columns is None else self.labels
        return _reopened, (type(self), bundle, self._threads, labels, self.chosen_search)

    def among(self, labels: str | Iterable[str] | LabelScheme) -> Classifier:
        """Return a view of the model that chooses among some of its emotions only; the model itself stays as it is.

        The other emotions are struck out, and the probabilities of those that remain are divided by their sum. An
        image to which the model gives none of them any probability cannot be judged: `predict` raises
        UnreadableImageError, and `predict_batches` gives an `Unreadable`.

        Args:
            labels: Two or more of the model's emotions, as a list, separated by commas, or as a scheme. Their order is
                the class order of the view: of two, the second is the positive one.

        Raises:
            ConfigError: Fewer than two, one twice, or one that the model does not know.

        Example:
            >>> load("faces").among("happy,sad").predict("anna.jpg").scores  # doctest: +SKIP
            {'happy': 0.92, 'sad': 0.08}
        """
        chosen = choose(labels, self.labels)
        view = self.__copy__()
        view.labels = chosen
        view._columns = [self.bundle.manifest.labels.index(emotion) for emotion in chosen.emotions]
        return view

    def with_faces(
        self,
        mode: FaceMode = "auto",
        *,
        detector: str | None = None,
        options: Mapping[str, Any] | None = None,
        largest: bool = False,
        min_face: float = 0.0,
        min_detection: float = 0.0,
        max_faces: int | None = None,
        registry: Registry | None = None,
    ) -> Classifier:
        """Return a view of the model whose `find` looks for faces in another way; the model itself stays as it is.

        Args:
            mode: `auto` tells ready-made face crops from photographs, `find` takes every picture for a photograph,
                `never` for a crop.
            detector: A detector's name; None takes the one that the model was measured with, or else `yunet`.
            options: Options of the detector.
            largest: Whether the largest face of each picture alone is judged.
            min_face: Smaller faces are left out: the square root of the box's area, in pixels of the picture.
            min_detection: Faces that the detector is less sure of are left out. Range: [0, 1].
            max_faces: So many faces of each picture are judged, the largest ones; None judges all.
            registry: The plugins; None discovers the installed ones.

        Raises:
            ConfigError: A value of another type or out of range, or an option that the detector does not take.
            PluginError: No detector is installed, or nobody offers the one that was named.

        Example:
            >>> load("faces").with_faces(largest=True).find("family.jpg")[0].label  # doctest: +SKIP
            'happy'
        """
        check_search(mode, min_face, min_detection, max_faces, largest=largest, options=options)
        finder = None
        if mode != "never":
            from emoclass.plugin.registry import Registry

            known = Registry.discover() if registry is None else registry
            spec = choose_detector(known, detector, self.bundle.manifest.detector)
            finder = FaceFinder(spec, options=options, min_score=min_detection, min_face=min_face, max_faces=max_faces)
        view = self.__copy__()
        view._search = FaceSearch(finder, mode, largest, self.bundle.manifest.framing, self.image_shape, self.expects)
        view._search_is_chosen = True
        return view

    def find(self, x: ImageLike) -> list[FacePrediction]:
        """Find the faces of a picture and classify each.

        A model of whole photographs judges the picture as it is, as `predict` does: it has one face, which is all of
        it. So has a ready-made face crop. `with_faces` sets how faces are looked for.

        Args:
            x: As for `predict`, but one picture.

        Returns:
            A prediction for each face, from left to right; none where no face was found.

        Raises:
            UnreadableImageError: The picture cannot be read, is a crop that shows nothing, or the model sees none of
                the emotions that `among` left in it.
            DataError: It is no picture.
            PluginError: No face detector is installed.

        Warns:
            WholePhotographWarning: The model expects whole photographs, and no face was looked for. After
                `with_faces`, there is no warning.

        Example:
            >>> [face.label for face in load("faces").find("family.jpg")]  # doctest: +SKIP
            ['happy', 'happy', 'surprised']
        """
        [(_, found)] = judge_faces(self, [(path_of(x), framed(self._face_search(), photograph(x)))])
        if isinstance(found, UnreadableImageError):
            raise found
        self._warn_of_no_search()
        return list(found.faces)

    def find_batches(
        self, items: Iterable[ImageLike], *, threads: int | None = None
    ) -> Iterator[PictureFaces | Unreadable]:
        """Find and classify the faces of a stream of pictures of any length.

        Pictures are decoded and searched in threads while the network works; memory is bounded as for
        `predict_batches`.

        Args:
            items: As for `predict`, but an iterable.
            threads: Threads that decode and search, 1 to 256; None takes one a processor.

        Returns:
            The faces of each item, in order; an `Unreadable` where it cannot be read or judged.

        Raises:
            ConfigError: A number of threads outside its range.
            DataError: A single picture instead of an iterable. While iterating: an item is no picture at all.
            PluginError: No face detector is installed.

        Warns:
            WholePhotographWarning: As `find` does, once a call.
        """
        if threads is not None:
            check_count("threads", threads, MAX_THREADS)
        search = self._face_search()  # says now that there is no detector
        stream = several(items, "find(x)")
        self._warn_of_no_search()
        return (
            Unreadable(path=path, reason=found.reason) if isinstance(found, UnreadableImageError) else found
            for path, found in find_stream(self, search, stream, threads or available_threads())
        )

    @property
    def chosen_search(self) -> FaceSearch | None:
        """How `with_faces` said that faces are looked for; None where it was not asked."""
        return self._search if self._search_is_chosen else None

    def _face_search(self) -> FaceSearch:
        """Return how faces are looked for: as `with_faces` said, or else as the model's description says."""
        with self._search_lock:
            if self._search is None:
                mode: FaceMode = "auto" if self.expects == "face_crop" else "never"
                self._search = self.with_faces(mode)._search
            assert self._search is not None
            return self._search

    def _warn_of_no_search(self) -> None:
        """Warn the caller of `find` and `find_batches` that a model of whole photographs looks for no faces."""
        if self.expects == "photograph" and not self._search_is_chosen:
            warnings.warn(
                "this model expects whole photographs, and looks for no faces: each image is classified as it is. "
                ".with_faces('find').find(image) finds the faces first; .predict(image) classifies the image.",
                WholePhotographWarning,
                stacklevel=3,
            )

    @property
    def sees_none(self) -> str:
        """Why an image cannot be judged to which the model gives none of `labels` any probability, in a few words."""
        return f"the model gives {', '.join(self.labels.emotions)} a probability of 0"

    @property
    def good_batch(self) -> int:
        """How many images the network is best given at once."""
        return min(32, max(1, GOOD_BATCH // math.prod(self.image_shape)))

    @overload  # text and bytes are iterables too, and are taken as one image
    def predict(self, x: ImageLike) -> Prediction: ...  # type: ignore[overload-overlap]
    @overload
    def predict(self, x: Iterable[ImageLike]) -> list[Prediction]: ...
    def predict(self, x: ImageLike | Iterable[ImageLike]) -> Prediction | list[Prediction]:
        """Classify an image, or each of several, as they are; `find` finds the faces of a photograph first.

        Args:
            x: A path, the bytes of an image file, a PIL image, an array of RGB pixels, uint8 `(height, width, 3)`
                in [0, 255] (for a model of gray images too), or an iterable of these. Several threads may give the
                same opened image; it is read, and stays as it is.

        Returns:
            A prediction, or a list of them for an iterable.

        Raises:
            UnreadableImageError: An image cannot be read, is a face crop of one color, or shows none of the emotions
                that `among` left; `predict_batches` goes on instead.
            DataError: It is nothing of the above, such as an array of another shape or type, or an open file.

        Warns:
            WholePhotographWarning: The model expects face crops, and an image is clearly a whole photograph. One
                warning a call.
        """
        if isinstance(x, SINGLE):
            watch = _Watch(self)
            [(_, answer)] = self._answer([(path_of(x), reader(x, self.image_shape, watch)())])
            watch.warn(stacklevel=3)
            if isinstance(answer, UnreadableImageError):
                raise answer
            return answer
        found = []
        for _, outcome in self._stream(several(x)):
            if isinstance(outcome, UnreadableImageError):
                raise outcome
            found.append(outcome)
        return found

    def predict_batches(
        self, items: Iterable[ImageLike], *, batch_size: int | None = None, threads: int | None = None
    ) -> Iterator[Prediction | Unreadable]:
        """Classify a stream of any length, decoding in threads while the network works.

        Items are taken from the stream no more than two batches, or two a thread, ahead of what was yielded, in the
        caller's thread, so that memory is bounded. Opened images are read there too, each before the next item is
        taken, so that a stream may close or change them afterwards. If the stream itself fails, what it gave before
        is answered first.

        Args:
            items: As for `predict`, but an iterable.
            batch_size: How many images the network is given at once, 1 to 4096; None takes 32 small ones, fewer large
                ones: more would take memory and save no time.
            threads: Threads that decode, 1 to 256; None takes one a processor.

        Returns:
            A prediction for each item, in order; an `Unreadable` where the image cannot be read or judged.

        Raises:
            ConfigError: A number of threads, or of images a batch, outside its range.
            DataError: A single image instead of an iterable. While iterating: an item is no image at all, such as an
                array of another shape or type.

        Warns:
            WholePhotographWarning: As `predict` does, while iterating.
        """
        for name, value, most in (("batch_size", batch_size, MAX_BATCH), ("threads", threads, MAX_THREADS)):
            if value is not None:
                check_count(name, value, most)
        stream = self._stream(several(items), batch_size, threads)
        return (
            each if isinstance(each, Prediction) else Unreadable(path=path, reason=each.reason) for path, each in stream
        )

    def _stream(
        self, items: Iterator[ImageLike], batch_size: int | None = None, threads: int | None = None
    ) -> Iterator[tuple[str | None, Prediction | UnreadableImageError]]:
        """Yield each item's path and what becomes of it, in order."""
        batch_size = self.good_batch if batch_size is None else batch_size
        threads = available_threads() if threads is None else threads
        # Several to a thread: handing crops over one by one would cost as much as decoding them.
        size = max(1, batch_size // max(8, threads))
        failed: list[Exception] = []
        watch = _Watch(self)
        taken = take(items, failed, lambda item: reader(item, self.image_shape, watch))
        pieces = iter(lambda: list(islice(taken, size)), [])
        ahead = max(2 * batch_size // size, 2 * threads)
        with closing(ordered_map(_decode_all, pieces, threads, ahead=ahead)) as decoded:
            outcomes = chain.from_iterable(decoded)
            while batch := list(islice(outcomes, batch_size)):
                watch.warn(stacklevel=4)
                yield from self._answer(batch)
        if failed:  # only now: what came before has its answers
            raise failed[0]

    def _answer(self, batch: list[_Outcome]) -> Iterator[tuple[str | None, Prediction | UnreadableImageError]]:
        if self.expects == "face_crop":
            batch = [(path, _judged(path, found)) for path, found in batch]
        readable = [(path, found) for path, found in batch if not isinstance(found, UnreadableImageError)]
        answers: Iterator[Prediction | UnreadableImageError] = iter(())
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
        return reader(x, self.image_shape)()

    def scores(self, pixels: np.ndarray) -> np.ndarray:
        """Return the probabilities of images that were decoded by `pixels` already.

        Shapes: uint8 `(n, *image_shape)` -> float64 `(n, len(labels))`. Range: [0, 1], rows sum to 1; NaN in a row for
        an image to which the model gives none of the emotions that `among` left any probability.

        Raises:
            DataError: Another shape or type.
            ContractError: The network gives no probabilities.
        """
        scores = scores_from_output(self._model.predict(pixels), self.bundle.manifest.labels)
        if self._columns is None:
            return scores
        kept = scores[:, self._columns]
        sums = kept.sum(axis=1, keepdims=True)
        rest: np.ndarray = kept / np.where(sums > 0, sums, np.nan)
        return rest

    def _predictions(self, paths: Sequence[str | None], pixels: np.ndarray) -> list[Prediction | UnreadableImageError]:
        return [
            UnreadableImageError(path or "image", self.sees_none)
            if np.isnan(row[0])
            else prediction(path, row, self.labels)
            for path, row in zip(paths, self.scores(pixels), strict=True)
        ]


class _Watch:
    """Looks at the sizes of images, and warns once where a model of face crops gets a whole photograph."""

    def __init__(self, classifier: Classifier) -> None:
        self._shape = classifier.image_shape
        self._is_done = classifier.expects != "face_crop"
        self._found: tuple[int, int] | None = None

    def __call__(self, size: tuple[int, int]) -> None:
        if not self._is_done and self._found is None and is_whole(size, self._shape):
            self._found = size

    def warn(self, *, stacklevel: int) -> None:
        """Warn in the caller's thread of what was seen in any."""
        if self._found is None or self._is_done:
            return
        self._is_done = True
        width, height = self._found
        warnings.warn(
            f"this model expects face crops, and an image of {width}x{height} pixels looks like a whole photograph; it "
            "was classified as it is. .find(image) finds the faces first, .find_batches(images) those of many.",
            WholePhotographWarning,
            stacklevel=stacklevel,
        )


def _judged(path: str | None, found: np.ndarray | UnreadableImageError) -> np.ndarray | UnreadableImageError:
    """Return a crop's pixels, or why it is not judged."""
    if isinstance(found, np.ndarray) and shows_nothing(found):
        return UnreadableImageError(path or "image", SHOWS_NOTHING)
    return found


def _reopened(
    kind: type[Classifier], bundle: Bundle, threads: int | None, labels: LabelScheme | None, search: FaceSearch | None
) -> Classifier:
    """Return what a pickled classifier was."""
    classifier = kind(bundle, threads=threads)
    if labels is not None:
        classifier = classifier.among(labels)
    classifier._search = search
    classifier._search_is_chosen = search is not None
    return classifier


def _network(shape: tuple[int, int, int], units: int, value_range: tuple[float, float]) -> str:
    height, width, channels = shape
    return (
        f"images {width} wide, {height} high, of {channels} channels in [{value_range[0]:g}, {value_range[1]:g}], and "
        f"{units} numbers out"
    )


def _decode_all(taken: list[_Taken]) -> list[_Outcome]:
    return [(path, read if isinstance(read, UnreadableImageError) else _decode(read)) for path, read in taken]


def _decode(read: Callable[[], np.ndarray]) -> np.ndarray | UnreadableImageError:
    try:
        return read()
    except UnreadableImageError as error:
        return error
