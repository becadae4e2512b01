"""Text that may hold anything, such as the names of files, made safe to show."""

from __future__ import annotations

import os
import sys
import unicodedata


def printable(text: str) -> str:
    r"""Return a text in which whatever could command a terminal, or is no text, is spelled out.

    Example:
        >>> print(printable("a\x1b[31mb\n.png"))
        a\x1b[31mb\n.png
    """
    if text.isprintable():
        return text
    return "".join(each if _is_shown(each) else each.encode("unicode_escape").decode() for each in text)


def why_not_utf8(path: str) -> tuple[str, str] | None:
    """Return why a path cannot be written as UTF-8, and what to do; None where it can.

    Either its name holds other bytes, or Python takes the names of files for another encoding than UTF-8.
    """
    try:
        path.encode()
        return None
    except UnicodeEncodeError:
        pass
    try:
        os.fsencode(path).decode()
    except UnicodeError:
        return "its name is not UTF-8", "Rename it."
    encoding = sys.getfilesystemencoding()
    return (
        f"its name is UTF-8, and this environment's encoding of file names is {encoding}",
        "Set the environment variable PYTHONUTF8=1, or a UTF-8 locale such as LC_ALL=C.UTF-8.",
    )


def _is_shown(character: str) -> bool:
    # A joiner makes one emoji of several; spaces are of many kinds in the names of screenshots.
    return character.isprintable() or character == "\N{ZERO WIDTH JOINER}" or unicodedata.category(character) == "Zs"
