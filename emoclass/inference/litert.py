"""Run an exported model."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from emoclass.concurrency import MAX_THREADS, check_count
from emoclass.errors import BundleError, DataError
from emoclass.native_output import stderr_without

GREETING = b"INFO: Created TensorFlow Lite XNNPACK delegate"
_has_greeted = False


class LiteRTModel:
    """A LiteRT file, as `emoclass.training.export` writes it; several threads may share one.

    LiteRT refuses files that are cut off or no model at all. A file with a few wrong bytes can still pass for a model
    and answer wrongly or, rarely, end the process: compare its digest first if it comes from elsewhere.

    Args:
        path: The `.tflite` file; it is read once and may go afterwards.
        content: What is in it, where that was read already.
        threads: Processor threads for one prediction; None leaves it to LiteRT, which takes one.

    Attributes:
        input_shape: Height, width and channels of an image.
        units: Numbers in the output of an image.

    Raises:
        BundleError: The file is missing or damaged, or a model of something else.
        ConfigError: Threads that are no whole number from 1 to 256.
    """

    def __init__(self, path: Path, *, content: bytes | None = None, threads: int | None = None) -> None:
        from ai_edge_litert.interpreter import Interpreter

        if threads is not None:
            check_count("threads", threads, MAX_THREADS)
        self._path = path
        self._lock = threading.Lock()  # an interpreter has room for one prediction
        self._batch: int | None = None
        try:
            # Given the path, LiteRT would map the file, and the process would die if it were cut short meanwhile.
            content = path.read_bytes() if content is None else content
            if not content:
                raise ValueError("it is empty")
            with _without_greeting():
                self._interpreter = Interpreter(model_content=content, num_threads=threads)
                self._input, self._output = _only_input_and_output(self._interpreter)
                self.input_shape: tuple[int, int, int] = tuple(self._input["shape_signature"][1:].tolist())
                self.units = int(self._output["shape_signature"][1])
                self._allocate(1)
        except OSError as error:
            raise BundleError(f"model {path}: cannot be read ({error.strerror or error}).") from error
        except Exception as error:  # LiteRT has ValueError, RuntimeError and others for damaged files
            raise BundleError(f"model {path}: cannot be loaded ({_first_line(error)}).") from error

    def predict(self, pixels: np.ndarray) -> np.ndarray:
        """Return the model's output for a batch of images, of any size that fits in memory.

        Args:
            pixels: uint8 or float32 `(batch, height, width, channels)` in [0, 255].

        Returns:
            float32 `(batch, units)`.

        Raises:
            DataError: Pixels of another shape or type.
            BundleError: The model fails on them.
        """
        if pixels.dtype not in (np.uint8, np.float32) or pixels.ndim != 4 or pixels.shape[1:] != self.input_shape:
            height, width, channels = self.input_shape
            raise DataError(
                f"pixels: expected uint8 or float32 (batch, {height}, {width}, {channels}), "
                f"got {pixels.dtype} {pixels.shape}."
            )
        if not len(pixels):  # some networks refuse an empty batch
            return np.empty((0, self.units), np.float32)
        with self._lock:
            try:
                self._allocate(len(pixels))
                self._interpreter.set_tensor(self._input["index"], np.ascontiguousarray(pixels, np.float32))
                self._interpreter.invoke()
                output: np.ndarray = self._interpreter.get_tensor(self._output["index"])
            except Exception as error:  # LiteRT has ValueError and RuntimeError
                raise BundleError(
                    f"model {self._path}: cannot predict {len(pixels)} images ({_first_line(error)})."
                ) from error
        return output

    def _allocate(self, batch: int) -> None:
        """Make room for a batch, unless the last one was as large."""
        if batch == self._batch:
            return
        self._batch = None  # none fits if what follows fails
        self._interpreter.resize_tensor_input(self._input["index"], (batch, *self.input_shape), strict=True)
        self._interpreter.allocate_tensors()
        self._batch = batch


@contextmanager
def _without_greeting() -> Iterator[None]:
    """Keep off stderr what LiteRT writes there, once a process, when it first makes room for a prediction."""
    global _has_greeted
    if _has_greeted:
        yield
        return
    with stderr_without(GREETING):
        yield
    _has_greeted = True


def _only_input_and_output(interpreter: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what LiteRT tells of the input and the output, if they are an image classifier's."""
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    found = [(each["dtype"].__name__, tuple(each["shape_signature"].tolist())) for each in (*inputs, *outputs)]
    match found:
        case [("float32", (-1, *image)), ("float32", (-1, units))] if len(image) == 3 and min(*image, units) > 0:
            return inputs[0], outputs[0]
    told = ", ".join(f"{dtype} {shape}" for dtype, shape in found)
    raise ValueError(f"expected float32 (-1, height, width, channels) to float32 (-1, units), got {told}")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
