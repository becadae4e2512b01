"""What may have been meant by a name that nothing bears."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def did_you_mean(
    name: str, known: Iterable[str], *, most: int = 1, cutoff: float = 0.6, instead: str = "", capital: bool = True
) -> str:
    """Return a question that names what may have been meant.

    Args:
        name: What was written.
        known: What there is.
        most: How many close names are offered.
        cutoff: How alike they must be. Range: [0, 1].
        instead: What to return where none is.
        capital: Whether the question begins a sentence.

    Example:
        >>> did_you_mean("hapy", ["happy", "sad"])
        "Did you mean 'happy'?"
        >>> did_you_mean("x", ["happy", "sad"], instead="Known: happy, sad.")
        'Known: happy, sad.'
    """
    import difflib

    close = difflib.get_close_matches(name, list(known), n=most, cutoff=cutoff)
    return f"{'D' if capital else 'd'}id you mean {' or '.join(map(repr, close))}?" if close else instead


def sentence(text: str) -> str:
    """Return a text with a period at its end, unless it ends a sentence already.

    Example:
        >>> sentence("got 0"), sentence("did you mean 'happy'?")
        ('got 0.', "did you mean 'happy'?")
    """
    return text if text.endswith((".", "?", "!")) else f"{text}."


def check_keywords(given: Mapping[str, Any], known: type) -> None:
    """Refuse keyword arguments that a function does not take, as Python would.

    Args:
        given: The arguments that its `**` collected.
        known: The typed dictionary of those that it takes.

    Raises:
        TypeError: One of them is not among these.
    """
    for name in given:
        if name not in known.__annotations__:
            guess = did_you_mean(name, known.__annotations__, cutoff=0.5)
            raise TypeError(f"unexpected keyword argument {name!r}. {guess}".rstrip())
