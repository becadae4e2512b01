import errno
import io

import numpy as np
import pytest

from emoclass.training import checkpoint
from emoclass.training.checkpoint import read_checkpoint

ARRAYS = {"kernel": np.arange(12, dtype=np.float32).reshape(3, 4), "step": np.array(7), "state": np.array('{"a": 1}')}


def same(first, second):
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


def test_what_is_written_is_read_whatever_stood_there_before(tmp_path):
    path = tmp_path / "c.state"
    for factor in (3, 1, 2, 1):
        arrays = {**ARRAYS, "kernel": np.tile(ARRAYS["kernel"], factor)}
        checkpoint.write_checkpoint(path, arrays)
        assert same(read_checkpoint(path), arrays)


class NearlyFull(io.FileIO):
    """A file on a disk that takes so many more bytes."""

    room = 0

    def write(self, data):
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = min(len(data), self.room)
        NearlyFull.room -= taken
        return super().write(bytes(data)[:taken])


@pytest.mark.parametrize("already", [0, 1, 2])
def test_a_disk_that_fills_up_at_any_byte_leaves_the_last_checkpoint_whole(tmp_path, monkeypatch, already):
    path = tmp_path / "c.state"
    for _ in range(already):
        checkpoint.write_checkpoint(path, ARRAYS)
    checkpoint.write_checkpoint(tmp_path / "other.state", ARRAYS)
    size = (tmp_path / "other.state").stat().st_size
    newer = {**ARRAYS, "kernel": ARRAYS["kernel"] + 1}
    monkeypatch.setattr("pathlib.Path.open", lambda self, mode="r", **_: NearlyFull(self, mode.replace("b", "")))
    for room in (0, 1, size // 2, size - 1):
        NearlyFull.room = room
        with pytest.raises(checkpoint.OutputError, match=r"cannot be written \(No space left on device\)"):
            checkpoint.write_checkpoint(path, newer)
        assert not path.exists() if not already else same(read_checkpoint(path), ARRAYS)
