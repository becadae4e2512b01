"""Tell on stderr what plugins do while they are loaded, where EMOCLASS_TRACE_PLUGINS asks for it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout

from emoclass.plugin.diagnosis import format_traceback

TRACE = "EMOCLASS_TRACE_PLUGINS"
"""The environment variable: 1 tells each import and each hook call."""


def tell(plugin: str, text: str) -> None:
    """Write a line about a plugin, where tracing is on."""
    if os.environ.get(TRACE, "0").lower() not in ("", "0", "false", "no", "off"):
        print(f"[plugin {plugin}] {text}", file=sys.stderr)


@contextmanager
def traced(plugin: str, step: str) -> Iterator[Callable[[str], None]]:
    """Tell how a step of a plugin ended, and how long it took: with what came of it, or with its traceback.

    What the plugin prints meanwhile goes to stderr: stdout is for results, such as the document of `--json`.

    Yields:
        A function that takes what came of it, in words.
    """
    outcome = ["done"]
    started = time.perf_counter()
    try:
        with redirect_stdout(sys.stderr):
            yield outcome.append
    except BaseException as error:
        tell(plugin, f"{step} failed ({_milliseconds_since(started)} ms)\n{format_traceback(error)}")
        raise
    tell(plugin, f"{step}: {outcome[-1]} ({_milliseconds_since(started)} ms)")


def _milliseconds_since(started: float) -> str:
    return f"{(time.perf_counter() - started) * 1000:.1f}"
