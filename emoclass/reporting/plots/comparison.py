"""The picture of a comparison: the metrics of each run, and their differences from the first one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emoclass.errors import OutputError
from emoclass.evaluation.comparison import ComparisonTable, format_p
from emoclass.reporting.plots.canvas import FAINT, INK, RIGHT, RULE, blank_figure, drawable, plain_axes, run_name
from emoclass.values.results import MetricValue

ROW, GAP = 0.3, 0.75  # the height of a run's row, and of a metric's name between the rows; inches and rows
REFERENCE = FAINT


def draw_comparison(comparison: ComparisonTable) -> Figure:
    """Draw each run's metrics with their 95 % intervals, and below them its paired differences from the first run.

    The first run is gray, the others are blue. The dot of a difference in accuracy that is more than chance is filled,
    the others are hollow.
    """
    first, names = comparison.runs[0], [run_name(run.name) for run in comparison.runs]
    metrics, differences = list(first.metrics), comparison.differences
    above, below = len(metrics) * (len(names) + GAP), 2 * (len(differences) + GAP)
    figure = blank_figure(9.2, ROW * (above + below) + 1.5)
    axes, beneath = figure.subplots(2, 1, height_ratios=(max(above, 1), below))
    _title(axes, f"On the same {comparison.n_samples:,} test images; the first run in gray")
    _blocks(axes, metrics, names)
    axes.set_xlim(-0.02, 1.02)
    for block, metric in enumerate(metrics):
        for number, run in enumerate(comparison.runs):
            row = block * (len(names) + GAP) + number
            color = RIGHT if number else REFERENCE
            _draw(axes, row, run.metrics[metric], color, scale=1, limits=(0.0, 1.0))
            _tell(axes, row, _told(run.metrics[metric]))

    _title(beneath, "Difference from the first run")
    _blocks(beneath, ["accuracy", "macro F1"], names[1:])
    beneath.set_xlabel(_caption(comparison), color=FAINT, fontsize=9)
    limits = _limits([value for each in differences for value in (each.accuracy, each.macro_f1)])
    beneath.set_xlim(*limits)
    beneath.axvline(0, color=INK, linewidth=1.2, zorder=1)
    for block in range(2):
        for number, each in enumerate(differences):
            row = block * (len(differences) + GAP) + number
            value = each.macro_f1 if block else each.accuracy
            hollow = bool(block) or not each.more_than_chance
            _draw(beneath, row, value, RIGHT, scale=100, limits=limits, hollow=hollow)
            chance = "more than chance" if each.more_than_chance else "may be chance"
            said = "" if block else f"   {format_p(each.p_adjusted)}, {chance}"
            _tell(beneath, row, f"{_signed(value)}{said}", bold=not hollow)
    return figure


def write_comparison(comparison: ComparisonTable, path: Path) -> None:
    """Draw a comparison into a PNG file.

    Raises:
        OutputError: It cannot be written.
    """
    partial = path.with_name(f".partial-{path.name}")
    try:
        # No software name and version inside: the same numbers give the same bytes.
        draw_comparison(comparison).savefig(partial, format="png", metadata={"Software": None})
        partial.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}).", hint="Name a file in a folder that exists."
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _blocks(axes: Axes, titles: Sequence[str], names: Sequence[str]) -> None:
    """Lay out a block of rows for each title, a row a name."""
    plain_axes(axes)
    step = len(names) + GAP
    axes.set_ylim(len(titles) * step - GAP - 0.4, -1.15)
    rows = [block * step + number for block in range(len(titles)) for number in range(len(names))]
    axes.set_yticks(rows, list(names) * len(titles), parse_math=False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=RULE, linewidth=0.7)
    axes.set_axisbelow(True)
    for block, title in enumerate(titles):
        axes.text(-0.01, block * step - 0.75, drawable(title), transform=axes.get_yaxis_transform(), ha="right",
                  va="center", color=INK, fontsize=10, fontweight="bold", parse_math=False)  # fmt: skip


def _draw(
    axes: Axes,
    row: float,
    value: MetricValue,
    color: str,
    *,
    scale: float,
    limits: tuple[float, float],
    hollow: bool = False,
) -> None:
    """Draw a value as a dot on a line that is its interval; an arrowhead marks one beyond the limits."""
    if value.value is None:
        return
    low, high = limits
    if value.ci_low is not None and value.ci_high is not None and scale * value.ci_low < high:
        # No round caps: they would reach across a zero that the interval does not.
        ends = [max(scale * value.ci_low, low), min(scale * value.ci_high, high)]
        axes.plot(ends, [row, row], color=color, linewidth=5, alpha=0.3, solid_capstyle="butt")
    at = min(max(scale * value.value, low), high)
    marker = "o" if at == scale * value.value else ">" if scale * value.value > high else "<"
    axes.plot([at], [row], marker, color=color, markersize=7, markerfacecolor="white" if hollow else color,
              markeredgewidth=1.6, clip_on=False, zorder=3)  # fmt: skip


def _tell(axes: Axes, row: float, text: str, *, bold: bool = False) -> None:
    axes.text(1.03, row, text, transform=axes.get_yaxis_transform(), va="center", color=INK, fontsize=9,
              fontweight="bold" if bold else "normal", parse_math=False)  # fmt: skip


def _title(axes: Axes, text: str) -> None:
    axes.set_title(text, color=INK, fontsize=11, loc="left", fontweight="bold", parse_math=False)


def _told(value: MetricValue) -> str:
    if value.value is None:
        return f"undefined, n = {value.n_samples:,}"
    interval = "" if value.ci_low is None else f"   {value.ci_low:.3f} to {value.ci_high:.3f}"
    return f"{value.value:.3f}{interval}   n = {value.n_samples:,}"


def _signed(value: MetricValue) -> str:
    points = [100 * each for each in (value.value, value.ci_low, value.ci_high) if each is not None]
    said = [f"{each:+.1f}".replace("-", "\N{MINUS SIGN}") for each in points]
    return f"{said[0]}   {said[1]} to {said[2]}" if len(said) == 3 else said[0]


def _limits(values: Sequence[MetricValue]) -> tuple[float, float]:
    """Return the ends of the axis of differences: beyond all of them, and five points to either side at least."""
    ends = [100 * end for each in values for end in (each.value, each.ci_low, each.ci_high) if end is not None]
    return 1.08 * min(-5.0, *ends), 1.08 * max(5.0, *ends)


def _caption(comparison: ComparisonTable) -> str:
    """Say what the axis is, and which test the p-values are of."""
    several = len(comparison.differences)
    groups = comparison.n_groups
    test = "McNemar's exact test" if groups is None else f"a bootstrap over {groups:,} groups"
    corrected = f",\ncorrected for {several} comparisons" if several > 1 else ""
    return f"points with 95 % intervals; right of 0 is better; p of {test}{corrected}"
