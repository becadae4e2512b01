"""How numbers and names are written for people, the same in every page and plot."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from emoclass.values.results import MetricValue

MADE = {"wilson": "Wilson score", "bootstrap": "bootstrap"}
"""How an interval was made, in words."""


def single_figures(metrics: Mapping[str, MetricValue]) -> dict[str, MetricValue]:
    """Return the metrics that are one number, defined or not, leaving out mappings and matrices."""
    return {
        name: value
        for name, value in metrics.items()
        if value.value is not None or value.reason or (value.matrix is None and not value.per_class)
    }


def number(value: float | None) -> str:
    """Format a value: three decimals, a dash for none, never a negative zero.

    Example:
        >>> number(0.68751), number(-0.0001), number(1234.5)
        ('0.688', '0.000', '1,234.500')
    """
    if value is None:
        return "\N{EN DASH}"
    text = f"{value:,.3f}"
    return text.removeprefix("-") if not text.strip("-0.,") else text


def duration(seconds: float) -> str:
    """Return a time for people.

    Example:
        >>> duration(0.42), duration(83.4), duration(3723)
        ('0.4 s', '1 min 23 s', '1 h 2 min')
    """
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def clock(seconds: float, decimals: int = 1) -> str:
    """Return a time within a video: minutes, seconds and tenths, with hours where there are any.

    Example:
        >>> clock(12.44), clock(3723.96), clock(83, 0)
        ('00:12.4', '1:02:04.0', '01:23')
    """
    units = round(seconds * 10**decimals)
    whole, rest = divmod(units, 10**decimals)
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"
    return f"{text}.{rest:0{decimals}d}" if decimals else text


def round_times(start: float, end: float) -> list[float]:
    """Return the times, in seconds, that an axis from `start` to `end` is marked with: three to seven, mostly.

    Example:
        >>> round_times(0, 19.7), round_times(61, 66)
        ([0, 5, 10, 15], [61, 62, 63, 64, 65, 66])
    """
    steps = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)
    step = next((step for step in steps if (end - start) / step <= 6), steps[-1])
    return [step * index for index in range(math.ceil(start / step - 1e-6), math.floor(end / step + 1e-6) + 1)]


def independent(value: MetricValue) -> str:
    """Return how many independent units a figure's images are, where these are fewer; it follows their number.

    Example:
        >>> independent(MetricValue(n_samples=180)), independent(MetricValue(n_samples=180, n_units=60))
        ('', ' (60 independent)')
    """
    return "" if value.n_units is None else f" ({value.n_units:,} independent)"


def words(name: str) -> str:
    """Return a metric's name as words."""
    return name.replace("_", " ")


def images(count: int, split: str) -> str:
    """Return how many images of which split, as words."""
    return f"{count:,} {split} image{'' if count == 1 else 's'}"


FILTERS: dict[str, Callable[..., Any]] = {"number": number, "duration": duration, "words": words}
NAMES = {"images": images, "made": MADE, "independent": independent}
"""What every page's template uses."""
