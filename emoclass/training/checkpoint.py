"""Save the whole state of a training after every epoch, and go on from it as if nothing had happened.

Keras saves weights and optimizer; what it leaves out is the state of its seed generators (a resumed run would drop
and augment differently) and of callbacks (early stopping would forget how long it has been waiting).
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import keras
import numpy as np

from emoclass.errors import OutputError

_PLAIN = (bool, int, float, str, type(None))


class Checkpoint(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes the state after every epoch, away from the training thread; must be the last callback.

    Args:
        path: The file, replaced atomically.
        callbacks: The other callbacks, whose state belongs to the training.

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

    def restore(self, model: keras.Model) -> None:
        """Bring weights, optimizer and seed generators back from the file, if there is one.

        Raises:
            OutputError: The file is damaged, or belongs to another model.
        """
        if not self._path.exists():
            return
        try:
            self._restored = read_checkpoint(self._path)
            state = json.loads(str(self._restored["state"]))
            variables = _variables(model)
            for position, variable in enumerate(variables):
                variable.assign(self._restored[f"variable_{position}"])
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise OutputError(f"checkpoint {self._path}: cannot be read ({error}).", hint="Start a new run.") from error
        self.epochs_done = state["epochs_done"]
        self.stopped = state["stopped"]

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
    """Return the arrays of a checkpoint file by their names."""
    with path.open("rb") as file:
        return {str(name): np.load(file) for name in np.load(file)}
