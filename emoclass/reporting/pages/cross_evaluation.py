"""The page of a cross-dataset evaluation: the heat map, and the metrics behind it."""

from __future__ import annotations

from pathlib import Path

from emoclass.errors import OutputError
from emoclass.reporting.formatting import FILTERS, NAMES, single_figures
from emoclass.reporting.pages.templates import embedded, template
from emoclass.reporting.plots.heat_map import heat_map_png
from emoclass.values.evaluation import Breakdown, EvaluationMatrix

SHOWN_VALUES = 50
"""Values of an attribute in a table: a dataset may have thousands of persons."""


def write_cross_page(found: EvaluationMatrix, path: Path, metric: str | None = None) -> None:
    """Write one HTML file that loads nothing from elsewhere.

    Args:
        found: The evaluation.
        path: The file to write.
        metric: Which metric the heat map shows; None takes the first.

    Raises:
        ConfigError: The metric is not a single number in every cell.
        OutputError: It cannot be written.
    """
    text = template("cross_evaluation.html.jinja", filters=FILTERS, names=NAMES).render(
        found=found,
        metric=metric or next(iter(found.metrics), None),
        plot=embedded(heat_map_png(found, metric)),
        singles=lambda row: list(dict.fromkeys(name for cell in row for name in single_figures(cell.metrics))),
        singles_of=_singles_of,
        shown_values=SHOWN_VALUES,
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise OutputError(f"page {path}: cannot be written ({error.strerror}).") from error


def _singles_of(found: Breakdown) -> list[str]:
    """Return the metrics that are a single number for each value of an attribute, accuracy first."""
    names = single_figures(next(iter(found.values.values())).metrics)
    return sorted(names, key=lambda name: name != "accuracy")
