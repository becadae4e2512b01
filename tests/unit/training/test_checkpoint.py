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


@pytest.mark.parametrize("share", [0, 0.3, 0.9, 1])
def test_a_file_that_is_written_over_half_is_not_taken_for_whole(tmp_path, monkeypatch, share):
    """What is left of the state before would be a mixture of two epochs."""
    path = tmp_path / "c.state"
    for _ in range(2):
        checkpoint.write_checkpoint(path, ARRAYS)
    spare = path.with_suffix(".partial")
    assert same(read_checkpoint(spare), ARRAYS)
    NearlyFull.room = int(share * (spare.stat().st_size - 1))
    monkeypatch.setattr("pathlib.Path.unlink", lambda self, missing_ok=False: None)  # a killed process removes nothing
    with monkeypatch.context() as patch, pytest.raises(checkpoint.OutputError):
        patch.setattr("pathlib.Path.open", lambda self, mode="r", **_: NearlyFull(self, mode.replace("b", "")))
        checkpoint.write_checkpoint(path, {**ARRAYS, "kernel": ARRAYS["kernel"] + 1})
    with pytest.raises(ValueError):
        read_checkpoint(spare)


def test_what_a_stranger_wrote_takes_no_more_memory_than_the_file_has_bytes(tmp_path):
    path = tmp_path / "c.state"
    np.savez_compressed(path.with_suffix(".npz"), np.zeros(10**6))
    path.with_suffix(".npz").rename(path)
    with pytest.raises(ValueError, match="magic"):
        read_checkpoint(path)
    for shape in ((9 * 10**18,), (3, 10**11), (-1,)):
        with path.open("wb") as file:
            checkpoint._put(file, np.array(["kernel"]))
            np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
            file.write(bytes(64))
        with pytest.raises(ValueError, match="cut off"):
            read_checkpoint(path)
    with path.open("wb") as file:
        np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="plain numbers"):
        read_checkpoint(path)


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
