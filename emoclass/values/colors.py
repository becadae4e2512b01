"""The color of each emotion, the same on pictures and pages."""

from __future__ import annotations

from typing import TypeAlias

Color: TypeAlias = tuple[int, int, int]
"""Red, green and blue, each in [0, 255]."""

_OF_EMOTIONS: dict[str, Color] = {
    "happy": (255, 193, 7),
    "sad": (77, 157, 255),
    "angry": (240, 84, 79),
    "scared": (180, 140, 255),
    "surprised": (255, 138, 48),
    "disgusted": (104, 190, 90),
    "neutral": (190, 197, 207),
    "contemptuous": (236, 120, 190),
}

_OTHERS: tuple[Color, ...] = ((64, 200, 200), (214, 190, 140), (150, 170, 255), (200, 220, 90))


def color_of(emotion: str) -> Color:
    """Return an emotion's color: light enough for black letters on it.

    Example:
        >>> color_of("happy")
        (255, 193, 7)
    """
    return _OF_EMOTIONS.get(emotion, _OTHERS[sum(emotion.encode()) % len(_OTHERS)])
