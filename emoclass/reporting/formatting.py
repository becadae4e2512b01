"""How numbers and names are written for people, the same in every page and plot."""

from __future__ import annotations

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
