"""A worker: a process that decodes images, finds faces and classifies them for the service.

It reads messages from stdin and answers on stdout, one after the other. It trusts the service that started it, and
nothing else: images come from anywhere, and one that crashes a decoder ends this process only.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, BinaryIO

import numpy as np

from emoclass.data.images import opened, quiet_decoders, read_picture
from emoclass.errors import EmoclassError, UnreadableImageError, WholePhotographWarning
from emoclass.inference.classifier import Classifier
from emoclass.plugin.registry import Registry
from emoclass.serving.child import begin
from emoclass.serving.messages import (
    Answer,
    Asked,
    Close,
    Done,
    Frame,
    Images,
    Open,
    Start,
    packed_answer,
    read_message,
)
from emoclass.values.results import PictureFaces, Prediction, Unreadable
from emoclass.video.watcher import Watcher

ViewKey = tuple[Asked, bool]


class Worker:
    """The models, and the live sessions of this process.

    Args:
        start: What to serve.
    """

    def __init__(self, start: Start) -> None:
        self._registry = Registry.discover()
        self._max_pixels = start.max_pixels
        self._models = {name: Classifier(model.bundle, threads=1) for name, model in start.models.items()}
        self._live = {
            name: self._models[name] if model.live is model.bundle else Classifier(model.live, threads=1)
            for name, model in start.models.items()
        }
        self._watchers: dict[int, Watcher] = {}
        self._view = lru_cache(maxsize=64)(self._new_view)
        for classifier in {*self._models.values(), *self._live.values()}:
            classifier.scores(np.zeros((1, *classifier.image_shape), np.uint8))

    def answers(self, message: Any) -> Iterator[Answer]:
        """Yield the answers to a message."""
        match message:
            case Images():
                yield from self._images(message)
            case Open(session, asked, smoothing):
                self._watchers[session] = self._watcher(asked, smoothing)
            case Frame(session, data, time):
                yield self._frame(session, data, time)
            case Close(session):
                self._watchers.pop(session, None)

    def _new_view(self, key: ViewKey) -> tuple[Classifier, bool]:
        """Return a model as it was asked for, and whether faces are looked for; a few dozen views are kept."""
        asked, is_live = key
        classifier = (self._live if is_live else self._models)[asked.model]
        if asked.labels is not None:
            classifier = classifier.among(asked.labels)
        mode = asked.faces or ("find" if is_live else "auto" if classifier.expects == "face_crop" else "never")
        if mode == "never":
            return classifier, False
        if asked.faces is None and not is_live and not self._registry.detectors.names():
            return classifier, False  # as `emoclass predict`: ready-made crops need no detector
        return classifier.with_faces(
            mode,
            largest=asked.largest,
            max_faces=asked.max_faces,
            min_face=asked.min_face,
            min_detection=asked.min_detection,
            registry=self._registry,
        ), True

    def _images(self, message: Images) -> Iterator[Answer]:
        classifier, finds = self._view((message.asked, False))
        checked = [self._problem(data) for data in message.images]
        sound = [data for data, problem in zip(message.images, checked, strict=True) if problem is None]
        stream = classifier.find_batches(sound, threads=1) if finds else classifier.predict_batches(sound, threads=1)
        outcomes: Iterator[Prediction | PictureFaces | Unreadable] = iter(stream)
        for problem in checked:
            outcome = next(outcomes) if problem is None else Unreadable(reason=problem)
            yield _answer(outcome, message.asked.top)

    def _problem(self, data: bytes) -> str | None:
        """Return why an image is not decoded at all: it has too many pixels."""
        try:
            with opened(data, "image") as image:
                width, height = image.size
        except UnreadableImageError as error:
            return error.reason
        if width * height <= self._max_pixels:
            return None
        return f"too large ({width}x{height} pixels; at most {self._max_pixels / 1e6:g} million)"

    def _watcher(self, asked: Asked, smoothing: float) -> Watcher:
        classifier, _ = self._view((asked, True))
        return Watcher(classifier, smoothing=smoothing, registry=self._registry)

    def _frame(self, session: int, data: bytes, time: float) -> Answer:
        try:
            if (problem := self._problem(data)) is not None:
                return Answer(None, error=problem)
            pixels = np.asarray(read_picture(data))
        except UnreadableImageError as error:
            return Answer(None, error=error.reason)
        moment = self._watchers[session](pixels, time)
        document = {
            "width": moment.width,
            "height": moment.height,
            **moment.to_json(),
            "events": [event.to_json() for event in moment.events],
        }
        return Answer(document, n_faces=len(moment.persons))


def _answer(outcome: Prediction | PictureFaces | Unreadable, top: int | None) -> Answer:
    document = outcome.to_json()
    if isinstance(outcome, Unreadable):
        return Answer(document, error=outcome.reason)
    if top is not None:
        for part in (document, *document.get("faces", ())):
            if "scores" in part:
                part["scores"] = _likeliest(part["scores"], part["label"], top)
    return Answer(document, n_faces=1 if isinstance(outcome, Prediction) else len(outcome.faces))


def _likeliest(scores: Mapping[str, float], label: str, top: int) -> dict[str, float]:
    """Return the likeliest emotions, the label first."""
    return dict(sorted(scores.items(), key=lambda each: (each[0] != label, -each[1]))[:top])


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    start = read_message(requests)
    if start is None:
        return
    worker = Worker(start)
    message: Any = None
    while True:
        answers.write(packed_answer(Done()))
        answers.flush()
        message = read_message(requests)
        if message is None:
            return
        for answer in worker.answers(message):
            answers.write(packed_answer(answer))
            answers.flush()


def main() -> None:
    """Serve until stdin ends."""
    answers = begin()
    warnings.simplefilter("ignore", WholePhotographWarning)
    with quiet_decoders():
        warnings.simplefilter("ignore", WholePhotographWarning)
        try:
            _serve(sys.stdin.buffer, answers)
        except BrokenPipeError:
            os._exit(0)  # the service is gone
        except EmoclassError as error:
            print(f"worker: {error}", file=sys.stderr)
            sys.exit(1)


if __name__ == "__main__":
    main()
