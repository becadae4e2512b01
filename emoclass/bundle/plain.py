"""What a stranger's document may hold: text that can be printed, numbers that are numbers, and no depths."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

MAX_DEPTH, MAX_KEY, MAX_TEXT = 20, 200, 10_000


def check_plain(value: Any, depth: int = 0) -> Any:
    """Return JSON types as they are, if there is nothing in them that harms a terminal or a reader.

    Control codes move the cursor or rename the window of whoever sees them printed, and lone surrogates cannot be
    printed at all. Lines may end within a text, since metrics explain themselves at length; never within a key.

    Raises:
        ValueError: A text that cannot be printed or is endless, a number that is none, or too many levels.
    """
    if depth > MAX_DEPTH:
        raise ValueError(f"expected at most {MAX_DEPTH} levels")
    if isinstance(value, str):
        if len(value) > MAX_TEXT or not value.replace("\n", "").replace("\t", "").isprintable():
            raise ValueError(f"expected printable text of at most {MAX_TEXT} characters, got {_start(value)}")
    elif isinstance(value, Mapping):
        for key, each in value.items():
            if not isinstance(key, str) or len(key) > MAX_KEY or not key.isprintable():
                raise ValueError(f"expected printable names of at most {MAX_KEY} characters, got {_start(key)}")
            check_plain(each, depth + 1)
    elif isinstance(value, list | tuple):
        for each in value:
            check_plain(each, depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"expected numbers, got {value}")
    elif isinstance(value, int) and abs(value) >= 2**64:  # thousands of digits cannot even be printed
        raise ValueError("expected numbers below 2**64")
    return value


def one_line(text: object, limit: int = 300) -> str:
    r"""Return a text as one short line without control codes, to be shown in an error.

    Example:
        >>> one_line("red: \x1b[31m\nand a second line")
        'red: ?[31m and a second line'
    """
    line = "".join(each if each.isprintable() else "?" for each in " ".join(str(text)[: 10 * limit].split()))
    return line if len(line) <= limit else f"{line[:limit]}..."


def _start(value: object) -> str:
    text = repr(value[:40] if isinstance(value, str) else value)
    return one_line(text, 60)
