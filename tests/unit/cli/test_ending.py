"""The end of a command that loaded TensorFlow."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import atexit, sys, types
from emoclass.cli.ending import ending_at_once


class Slow:
    def __del__(self):
        print("taken apart")


if sys.argv[1] == "loaded":
    sys.modules["tensorflow"] = types.ModuleType("tensorflow")
kept = Slow()
with ending_at_once():
    atexit.register(print, "cleared up")
    print("done")
    if sys.argv[2] != "returns":
        sys.exit(int(sys.argv[2]))
"""


@pytest.mark.parametrize(
    ("loaded", "end", "taken_apart", "code"),
    [("loaded", "returns", False, 0), ("loaded", "0", False, 0), ("loaded", "3", True, 3), ("not", "0", True, 0)],
)
def test_a_command_that_succeeded_writes_out_and_clears_up_but_takes_nothing_apart(
    loaded: str, end: str, taken_apart: bool, code: int
) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, loaded, end], stdout=subprocess.PIPE, text=True, check=False)
    assert done.stdout.split("\n")[:-1] == ["done", "cleared up"] + ["taken apart"] * taken_apart
    assert done.returncode == code
