"""Text that may hold anything, such as the names of files, made safe to show."""

from __future__ import annotations

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


def _is_shown(character: str) -> bool:
    # A joiner makes one emoji of several; spaces are of many kinds in the names of screenshots.
    return character.isprintable() or character == "\N{ZERO WIDTH JOINER}" or unicodedata.category(character) == "Zs"
