"""What native libraries write past Python is turned aside, and restored."""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from emoclass.native_output import output_aside, stderr_without


def test_only_the_unwanted_lines_are_left_out(capfd):
    with stderr_without(b"INFO: hello"):
        os.write(2, b"INFO: hello there\nERROR: broken\n")
        os.write(1, b"result\n")
    assert capfd.readouterr() == ("result\n", "ERROR: broken\n")


def test_wanted_lines_are_shown_too_where_the_block_fails(capfd):
    with pytest.raises(ValueError, match="no"), stderr_without(b"INFO"):
        os.write(2, b"INFO\nERROR: broken\n")
        raise ValueError("no")
    assert capfd.readouterr().err == "ERROR: broken\n"


def test_output_is_shown_only_where_the_block_fails(capfd):
    with output_aside():
        os.write(2, b"remark\n")
    with pytest.raises(ValueError, match="no"), output_aside():
        os.write(2, b"reason\n")
        raise ValueError("no")
    assert capfd.readouterr().err == "reason\n"


def test_threads_leave_the_descriptors_as_they_were(capfd):
    def aside(number):
        with output_aside() if number % 2 else stderr_without(b"x"):
            os.write(2, b"x\n")

    before = os.fstat(1), os.fstat(2)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(aside, range(200)))
    assert [os.path.samestat(*pair) for pair in zip(before, (os.fstat(1), os.fstat(2)), strict=True)] == [True, True]
    assert capfd.readouterr().err == ""


def test_memory_takes_what_is_turned_aside_and_without_it_a_file_if_there_is_a_place(capfd, monkeypatch):
    def refuse():
        raise FileNotFoundError("no usable temporary directory")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    if hasattr(os, "memfd_create"):
        with stderr_without(b"INFO"):
            os.write(2, b"INFO\nkept\n")
        assert capfd.readouterr().err == "kept\n"
        monkeypatch.delattr(os, "memfd_create")
    with stderr_without(b"INFO"):
        os.write(2, b"INFO\n")
    assert capfd.readouterr().err == "INFO\n"
