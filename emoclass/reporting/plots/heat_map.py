"""The heat map of a cross-dataset evaluation: one row per model, one column per dataset, with value and sample size."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from emoclass.errors import OutputError
from emoclass.reporting.formatting import independent, words
from emoclass.reporting.plots.canvas import FAINT, INK, blank_figure, drawable, run_name
from emoclass.values.evaluation import Evaluation, EvaluationMatrix
from emoclass.values.results import MetricValue

WIDTH, HEIGHT, GAP = 1.9, 1.08, 0.2  # of a cell, in inches; the gap between blocks is a share of the height
TITLE_LENGTH = 22  # of a column, in signs
CAPTION_SIGNS = 15  # in an inch
DARKEST = 0.82  # of the color map's range: white text stays readable, and black text below the middle
UNDEFINED = "#eef0f4"


def draw_heat_map(found: EvaluationMatrix, metric: str | None = None) -> Figure:
    """Draw one metric of all models and datasets, each cell with its interval, emotions and images.

    Models that choose among the same emotions stand in one block: only these compare. Colors go from 0 to 1, or, where
    a value lies outside of it, from the smallest to the largest value.

    Args:
        found: The evaluation.
        metric: Which metric; None takes the first.

    Raises:
        ConfigError: It is not a single number in every cell.
    """
    figures = found.figures(metric)
    name = metric or found.metrics[0]
    low, high = _limits(figures)
    blocks = list(_blocks(found))
    rows, columns = len(found.models), len(found.datasets)
    height = rows + (len(blocks) - 1) * GAP
    longest = max(len(run_name(model)) for model in found.models)
    width = WIDTH * columns + 0.09 * max(longest, 20) + 0.4
    caption = textwrap.wrap(_caption(found, len(blocks), low, high), int(CAPTION_SIGNS * width))
    figure = blank_figure(width, HEIGHT * height + 1.1 + 0.15 * len(caption))
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set_xlim(0, columns)
    axes.set_ylim(height, 0)
    top = 0.0
    for block in blocks:
        for row in block:
            _tell_model(axes, top, found.matrix[row][0], found.models[row])
            for column, (value, cell) in enumerate(zip(figures[row], found.matrix[row], strict=True)):
                _draw_cell(axes, column, top, value, cell, cell.leak_adjusted.get(name), low, high)
            top += 1
        top += GAP
    for column, dataset in enumerate(found.datasets):
        axes.text(column + 0.5, -0.1, _folded(dataset), ha="center", va="bottom", color=INK, fontsize=10,
                  fontweight="bold", parse_math=False)  # fmt: skip
    with_intervals = any(value.ci_low is not None for row in figures for value in row)
    title = words(name).capitalize() + (", with 95 % intervals" if with_intervals else "")
    figure.suptitle(drawable(title), x=0.01, ha="left", color=INK, fontsize=12, fontweight="bold", parse_math=False)
    figure.supxlabel("\n".join(caption), x=0.01, ha="left", color=FAINT, fontsize=8.5)
    return figure


def heat_map_png(found: EvaluationMatrix, metric: str | None = None) -> bytes:
    """Return the heat map as a PNG file."""
    encoded = io.BytesIO()
    # No software name and version inside: the same numbers give the same bytes.
    draw_heat_map(found, metric).savefig(encoded, format="png", metadata={"Software": None})
    return encoded.getvalue()


def write_heat_map(found: EvaluationMatrix, path: Path, metric: str | None = None) -> None:
    """Draw the heat map into a PNG file.

    Raises:
        ConfigError: The metric is not a single number in every cell.
        OutputError: It cannot be written.
    """
    encoded = heat_map_png(found, metric)
    try:
        path.write_bytes(encoded)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}).", hint="Name a file in a folder that exists."
        ) from error


def _blocks(found: EvaluationMatrix) -> Iterator[list[int]]:
    """Yield the rows of models that choose among the same emotions, in the order in which they come."""
    tasks = [row[0].task for row in found.matrix]
    for each in dict.fromkeys(tasks):
        yield [row for row, own in enumerate(tasks) if own == each]


def _limits(figures: Sequence[Sequence[MetricValue]]) -> tuple[float, float]:
    values = [each.value for row in figures for each in row if each.value is not None]
    if not values or (min(values) >= 0 and max(values) <= 1):
        return 0.0, 1.0
    return min(values), max(values)


def _draw_cell(
    axes: Axes,
    left: float,
    top: float,
    value: MetricValue,
    cell: Evaluation,
    without_copies: MetricValue | None,
    low: float,
    high: float,
) -> None:
    share = None if value.value is None else (value.value - low) / ((high - low) or 1.0)
    color = UNDEFINED if share is None else colormaps["Blues"](DARKEST * share)
    axes.add_patch(Rectangle((left + 0.015, top + 0.03), 0.97, 0.94, facecolor=color, edgecolor="none"))
    ink = "white" if share is not None and share > 0.68 else INK
    middle = left + 0.5
    figure = "undefined" if value.value is None else f"{value.value:.3f}"
    axes.text(middle, top + 0.25, figure, ha="center", va="center", color=ink, fontsize=15 if share is not None else 10,
              fontweight="bold" if share is not None else "normal")  # fmt: skip
    if value.value is None or value.ci_low is None or value.ci_high is None:
        interval = "" if value.value is None else "no interval"
    else:
        interval = f"{value.ci_low:.3f} to {value.ci_high:.3f}"
    axes.text(middle, top + 0.49, interval, ha="center", va="center", color=ink, fontsize=9)
    evidence = f"{cell.basis}, n = {value.n_samples:,}{independent(value)}"
    axes.text(middle, top + 0.68, evidence, ha="center", va="center", color=ink,
              fontsize=8)  # fmt: skip
    seen = ""
    if without_copies is not None:
        other = "undefined" if without_copies.value is None else f"{without_copies.value:.3f}"
        seen = f"{other} without copies ({cell.n_leaked:,})"
    elif cell.n_leaked:
        seen = "all seen in training"
    axes.text(middle, top + 0.86, seen, ha="center", va="center", color=ink, fontsize=8)


def _tell_model(axes: Axes, top: float, cell: Evaluation, model: str) -> None:
    among = ", ".join(cell.labels) if len(cell.labels) <= 3 else f"{len(cell.labels)} emotions"
    axes.text(-0.06, top + 0.4, run_name(model), ha="right", va="center", color=INK, fontsize=10, fontweight="bold",
              parse_math=False)  # fmt: skip
    axes.text(-0.06, top + 0.65, drawable(f"among {among}"), ha="right", va="center", color=FAINT, fontsize=8.5,
              parse_math=False)  # fmt: skip


def _folded(dataset: str) -> str:
    """Return a column's title, the folder on a line of its own."""
    name, _, place = dataset.partition(" in ")
    return "\n".join(run_name(each, TITLE_LENGTH) for each in (name, place) if each)


def _caption(found: EvaluationMatrix, blocks: int, low: float, high: float) -> str:
    """Say how the picture is read."""
    said = ["Darker cells have larger values."]
    if blocks > 1:
        said.append("Models in one block predict the same emotions: compare within a block and down a column.")
    if any(cell.n_leaked for row in found.matrix for cell in row):
        said.append("Copies are of the model's training or validation images.")
    if (low, high) != (0.0, 1.0) and low < high:
        said.append(f"The color scale goes from {low:.3f} to {high:.3f}.")
    return " ".join(said)
