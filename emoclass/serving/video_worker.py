"""A process that watches one video for the service, and ends.

It trusts the service that started it, and nothing else: videos come from anywhere. One that crashes a decoder, fills
the memory or never ends does so here. The process may write no files, and has lower priority than the workers.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import BinaryIO

import numpy as np

from emoclass.concurrency import available_threads
from emoclass.data.images import quiet_decoders
from emoclass.errors import ConfigError, EmoclassError, MissingPackageError, WholePhotographWarning
from emoclass.inference.classifier import Classifier
from emoclass.inference.pretrained import DEFAULT
from emoclass.plugin.registry import Registry
from emoclass.serving.child import begin
from emoclass.serving.messages import AskedVideo, Done, VideoAnswer, packed_answer, read_message
from emoclass.serving.models import ServedModel
from emoclass.serving.settings import MIB, Limits
from emoclass.workflows.watch import Watching, watch, watched_video

THREADS = 4
"""At most: each has two frames in memory, and other requests need processors, too."""

NICENESS = 10
"""Images and live sessions come first."""

_CHOOSE_PART = "Send a part of it, or choose one with start and end."


class _TooMuchError(EmoclassError):
    """The video is beyond a limit."""


def answer(given: AskedVideo, data: bytes, classifier: Classifier, registry: Registry) -> VideoAnswer:
    """Watch a video.

    Args:
        given: How.
        data: Its file.
        classifier: `given.model.live`.
        registry: The plugins.
    """
    began, asked = time.monotonic(), given.asked
    try:
        with watch(
            data,
            classifier,
            labels=asked.labels,
            largest=asked.largest,
            min_face=asked.min_face,
            min_detection=asked.min_detection,
            every=given.every,
            smoothing=given.smoothing,
            start=given.start,
            end=given.end,
            threads=min(available_threads(), THREADS),
            registry=registry,
        ) as watching:
            _check_header(given, watching)
            frames = list(_frames(given, watching))
    except MemoryError:
        return VideoAnswer(422, detail="video: it takes too much memory.", hint="Send one with smaller frames.")
    except EmoclassError as error:
        statuses = {_TooMuchError: 413, MissingPackageError: 501, ConfigError: 400}
        detail = error.message.removesuffix(".") + "."
        return VideoAnswer(statuses.get(type(error), 422), detail=detail, hint=error.hint)
    video = watched_video(watching, took=time.monotonic() - began)
    notes = [*_notes(given.model), *video.notes]
    document = {**video.to_json(), "model": given.model.live_name, "notes": notes}
    del document["source"]
    if not given.moments:
        return VideoAnswer(200, json.dumps(document).encode())
    return VideoAnswer(200, b'%s, "moments": [%s]}' % (json.dumps(document).encode()[:-1], b", ".join(frames)))


def _notes(model: ServedModel) -> list[str]:
    if model.live is model.bundle:
        return []
    accurate = f"{model.live_name.rpartition(':')[0]}:{DEFAULT}"
    return [f"the model is {model.live_name}, which is faster and less accurate than {accurate}."]


def _check_header(given: AskedVideo, watching: Watching) -> None:
    """Refuse at once what is too much by its header. Headers may be wrong: `_frames` counts what really comes."""
    limits, (width, height) = given.limits, watching.size
    if width * height > limits.max_video_pixels:
        most = f"{limits.max_video_pixels / 1e6:.3g} million"
        raise _TooMuchError(
            f"video: too large ({width}x{height} pixels; at most {most}).", "Send one with smaller frames."
        )
    ends = [end for end in (given.end, watching.duration) if end is not None]
    if ends:
        _check_seconds(min(ends) - (given.start or 0.0), limits)


def _check_seconds(seconds: float, limits: Limits) -> None:
    if seconds > limits.max_video_seconds:
        most = f"{limits.max_video_seconds:g} s"
        raise _TooMuchError(f"video: too long ({seconds:.1f} s; at most {most}).", _CHOOSE_PART)


def _frames(given: AskedVideo, watching: Watching) -> Iterator[bytes]:
    """Watch all frames, and yield those that are to be told."""
    limits, size = given.limits, 0
    for moment in watching:
        _check_seconds(moment.time - watching.totals.start, limits)
        if watching.totals.frames > limits.max_video_frames:
            raise _TooMuchError(f"video: more than {limits.max_video_frames:,} frames.", _CHOOSE_PART)
        if given.moments:
            told = json.dumps(moment.to_json()).encode()
            size += len(told)
            if size > limits.max_video_answer:
                raise _TooMuchError(
                    f"video: its frames take more than {limits.max_video_answer / MIB:g} MiB in the answer.",
                    "Ask without moments, or choose a part with start and end.",
                )
            yield told


def _restrict(limits: Limits) -> None:
    """Let the system forbid what no video needs."""
    with suppress(AttributeError, OSError):
        os.nice(NICENESS)
    if sys.platform == "linux":
        import resource

        seconds = int(limits.max_watch_seconds * (os.cpu_count() or 1)) + 60  # should the service be gone
        for kind, most in (
            (resource.RLIMIT_FSIZE, 0),  # no file is written
            (resource.RLIMIT_CORE, 0),  # nor what a crash leaves behind
            (resource.RLIMIT_DATA, limits.max_video_memory),
            (resource.RLIMIT_CPU, seconds),
        ):
            hard = resource.getrlimit(kind)[1]
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (most, most))


def _serve(requests: BinaryIO, send: Callable[[VideoAnswer | Done], None]) -> None:
    given = read_message(requests)
    if given is None:
        return
    registry, classifier = Registry.discover(), Classifier(given.model.live)
    classifier.scores(np.zeros((1, *classifier.image_shape), np.uint8))
    _restrict(given.limits)
    send(Done())
    data = bytearray()
    while part := read_message(requests):
        data += part
        send(Done())
    if part is None:
        return
    threading.Thread(target=_end_with, args=(requests,), daemon=True).start()
    send(answer(given, bytes(data), classifier, registry))
    send(Done())


def _end_with(requests: BinaryIO) -> None:
    """End this process when stdin ends: the service is gone."""
    requests.read(1)
    os._exit(0)


def main() -> None:
    """Watch one video."""
    answers = begin()

    def send(message: VideoAnswer | Done) -> None:
        answers.write(packed_answer(message))
        answers.flush()

    with quiet_decoders():
        warnings.simplefilter("ignore", WholePhotographWarning)
        with suppress(BrokenPipeError):
            _serve(sys.stdin.buffer, send)
    os._exit(0)  # without waiting for the thread that reads stdin


if __name__ == "__main__":
    main()
