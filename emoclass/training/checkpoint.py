"""Save the whole state of a training after every epoch, and go on from it as if nothing had happened.

Keras saves weights and optimizer; what it leaves out is the state of its seed generators (a resumed run would drop
and augment differently) and of callbacks (early stopping would forget how long it has been waiting).
"""

from __future__ import annotations

import io
import json
import math
import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import keras
import numpy as np

from emoclass.errors import OutputError

_PLAIN = (bool, int, float, str, type(None))

_BEFORE = (".last", ".partial")
"""Suffixes of the files that may hold the state before the last one; see `_write`."""

_MAX_HEADER = 10_000
"""Bytes; NumPy's own limit for the header of an array."""


class Checkpoint(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes the state after every epoch, away from the training thread; must be the last callback.

    Args:
        path: The file, replaced atomically.
        callbacks: The other callbacks, whose state belongs to the training.

    Attributes:
        epochs_done: How many epochs the restored state has behind it.
        stopped: Whether the training had been stopped then.
        fallback: Why the state before the last one was restored, in a sentence; None where it was the last.

    Raises:
        OutputError: The file could not be written (raised in the training thread, an epoch later at most).
    """

    def __init__(self, path: Path, callbacks: Sequence[keras.callbacks.Callback]) -> None:
        super().__init__()
        self._path = path
        self._callbacks = list(callbacks)
        self._writer = ThreadPoolExecutor(1)
        self._pending: Future[None] | None = None
        self._restored: dict[str, np.ndarray] = {}
        self.epochs_done = 0
        self.stopped = False
        self.fallback: str | None = None

    def restore(self, model: keras.Model) -> None:
        """Bring weights, optimizer and seed generators back from the file, if there is one.

        Where it is damaged, the state before it is restored, which is kept beside it.

        Raises:
            OutputError: The file is damaged or belongs to another model, and so does the one before it.
        """
        if not self._path.exists():
            return
        reason: Exception | None = None
        for path in (self._path, *(self._path.with_suffix(suffix) for suffix in _BEFORE)):
            if not path.exists():
                continue
            try:
                self._restored = read_checkpoint(path)
                state = json.loads(str(self._restored["state"]))
                for position, variable in enumerate(_variables(model)):
                    variable.assign(self._restored[f"variable_{position}"])
                self.epochs_done, self.stopped = int(state["epochs_done"]), bool(state["stopped"])
            except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
                reason = reason or error
                continue
            if reason is not None:
                self.fallback = (
                    f"The last checkpoint is damaged ({reason}): the training continues from the one before it, after "
                    f"{self.epochs_done} epoch{'' if self.epochs_done == 1 else 's'}."
                )
            return
        self._restored = {}
        raise OutputError(f"checkpoint {self._path}: cannot be read ({reason}).", hint="Start a new run.") from reason

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Give the other callbacks their state back, after they have begun."""
        if self._restored:
            for number, states in enumerate(json.loads(str(self._restored["state"]))["callbacks"]):
                for name, value in states.items():
                    setattr(self._callbacks[number], name, _from_plain(value, self._restored))
        self._restored = {}

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Copy the state, and leave the writing to the other thread."""
        self.wait()
        arrays = {f"variable_{i}": variable.numpy() for i, variable in enumerate(_variables(self.model))}
        callbacks = [_plain_state(f"callback_{i}", each, arrays) for i, each in enumerate(self._callbacks)]
        state = {"epochs_done": epoch + 1, "stopped": bool(self.model.stop_training), "callbacks": callbacks}
        arrays["state"] = np.array(json.dumps(state))
        self._pending = self._writer.submit(write_checkpoint, self._path, arrays)

    def wait(self) -> None:
        """Wait until what was handed over is on disk."""
        if self._pending is not None:
            pending, self._pending = self._pending, None
            pending.result()

    def close(self) -> None:
        """Finish writing and end the thread."""
        try:
            self.wait()
        finally:
            self._writer.shutdown()


def _variables(model: keras.Model) -> list[Any]:
    """Return weights, seed generators and the optimizer's variables, in an order that a rebuilt model repeats."""
    return [*model.variables, *model.optimizer.variables]


def _plain_state(prefix: str, callback: keras.callbacks.Callback, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return a callback's attributes that are plain values; arrays go to `arrays` and leave their names."""
    state: dict[str, Any] = {}
    for name, value in vars(callback).items():
        if name in ("params", "_model", "validation_data"):
            continue
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, _PLAIN):
            state[name] = value
        elif isinstance(value, np.ndarray):
            arrays[f"{prefix}.{name}"] = value.copy()
            state[name] = {"array": f"{prefix}.{name}"}
        elif isinstance(value, list) and value and all(isinstance(each, np.ndarray) for each in value):
            names = [f"{prefix}.{name}.{i}" for i in range(len(value))]
            arrays.update(zip(names, (each.copy() for each in value), strict=True))
            state[name] = {"arrays": names}
    return state


def _from_plain(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(value, dict) and "array" in value:
        return arrays[value["array"]]
    if isinstance(value, dict) and "arrays" in value:
        return [arrays[name] for name in value["arrays"]]
    return value


def write_checkpoint(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write the arrays one behind the other, names first, and put the file in the place of the last one atomically.

    Two costs are saved that showed in the time of an epoch: an .npz would checksum every byte, and a new file
    would need new pages; so the file before the last is kept, and written over.
    """
    spare, last = path.with_suffix(".partial"), path.with_suffix(".last")
    try:
        with spare.open("r+b" if spare.exists() else "wb", buffering=0) as file:
            # Written over half, the file of the state before is too short, so that nobody takes it for whole.
            file.truncate(max(0, file.seek(0, os.SEEK_END) - 1))
            file.seek(0)
            for array in (np.array(list(arrays)), *arrays.values()):
                _put(file, array)
            file.truncate()
        last.unlink(missing_ok=True)
        with suppress(OSError):  # no file yet, or a file system without hard links
            os.link(path, last)
        spare.replace(path)
        with suppress(FileNotFoundError):
            last.replace(spare)
    except OSError as error:
        spare.unlink(missing_ok=True)
        raise OutputError(f"checkpoint {path}: cannot be written ({error.strerror or error}).") from error


def _put(file: io.FileIO, array: np.ndarray) -> None:
    """Write an array as `np.save` would, which loses the error of a disk that fills up at the very end."""
    array = np.asarray(array, order="C")
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(array))
    for left in (header.getbuffer(), array.reshape(-1).view(np.uint8).data):
        while left:
            left = left[file.write(left) :]


def read_checkpoint(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a checkpoint file by their names.

    No more memory is taken than the file has bytes, whatever its headers say: it may come from a stranger.

    Raises:
        ValueError: It is damaged, cut off, or no checkpoint.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        names = _get(file, size)
        if names.dtype.kind != "U" or names.ndim != 1:
            raise ValueError("expected names at its beginning")
        return {str(name): _get(file, size) for name in names}


def _get(file: BinaryIO, size: int) -> np.ndarray:
    """Read an array that `_put` wrote; unlike `np.load`, neither an archive nor what is larger than the file."""
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("expected arrays in format 1.0")
    shape, in_columns, dtype = np.lib.format.read_array_header_1_0(file, max_header_size=_MAX_HEADER)
    if in_columns or dtype.hasobject:
        raise ValueError(f"expected plain numbers or text, got {dtype}")
    count = math.prod(shape)
    left = size - file.tell()
    if min(shape, default=0) < 0 or count * dtype.itemsize > left:
        raise ValueError(f"cut off: expected {count * dtype.itemsize:,} bytes, got {left:,}")
    data = bytearray(count * dtype.itemsize)
    if file.readinto(data) < len(data):  # type: ignore[attr-defined]
        raise ValueError("cut off")
    return np.frombuffer(data, dtype).reshape(shape)
