"""The pictures of a report."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from emoclass.reporting.contents import BoxedPhotograph, Picture, ReportContents
from emoclass.reporting.formatting import independent, single_figures
from emoclass.reporting.plots.canvas import (
    FAINT,
    INK,
    RIGHT,
    RULE,
    WRONG,
    blank_figure,
    plain_axes,
    shorten,
    show,
    squares,
)
from emoclass.values.results import MetricValue

RIGHT_SYMBOL, WRONG_SYMBOL = "\N{CHECK MARK}", "\N{BALLOT X}"


def draw_examples(pictures: Sequence[Picture], labels: Sequence[str]) -> Figure:
    """Draw training images in rows of four, each titled with its label: "0 = happy".

    Args:
        pictures: The first 12 are drawn.
        labels: Emotion ids in class order.
    """
    pictures = pictures[:12]
    figure, grid = squares(len(pictures), columns=4, side=1.95, above=0.3)
    for axes, picture in zip(grid, pictures, strict=True):
        show(axes, picture.pixels)
        _title(axes, f"{labels.index(picture.emotion)} = {shorten(picture.emotion)}", size=10)
    return figure


def draw_boxed(photographs: Sequence[BoxedPhotograph]) -> Figure:
    """Draw photographs in rows of three with the faces that were found in them: cropped ones blue, others gray."""
    figure, grid = squares(len(photographs), columns=3, side=2.7, above=0.3)
    for axes, photograph in zip(grid, photographs, strict=True):
        show(axes, photograph.pixels)
        _title(axes, shorten(photograph.emotion), size=10)
        for (left, top, width, height), is_used in photograph.boxes:
            color, line, style = (RIGHT, 2.0, "-") if is_used else (FAINT, 1.2, "--")
            for edge, thickness in (("white", line + 1.6), (color, line)):  # seen on dark and on light skin
                place = Rectangle((left, top), width, height, fill=False)
                place.set(edgecolor=edge, linewidth=thickness, linestyle=style)
                axes.add_patch(place)
    return figure


def draw_curves(history: Mapping[str, Sequence[float]]) -> Figure:
    """Draw loss and, where it was measured, accuracy over the epochs, for training and validation.

    With `label_loss`, as in a run with teachers, the training loss has a panel of its own: validation has no such loss.

    Args:
        history: Column -> one number an epoch: `loss`, and any of `epoch`, `accuracy` and `label_loss`, and of
            `val_loss`, `val_accuracy` and `val_label_loss`.
    """
    titles = {"loss": "loss", "accuracy": "accuracy"}
    if history.get("label_loss"):
        titles = {"loss": "loss with teachers", "label_loss": "loss on labels", "accuracy": "accuracy"}
        history = {name: values for name, values in history.items() if name != "val_loss"}
    measured = [name for name in titles if history.get(name) or history.get(f"val_{name}")]
    figure = blank_figure({1: 5.2, 2: 8.6}.get(len(measured), 10.6), 3.5)
    for axes, name in zip(np.atleast_1d(figure.subplots(1, max(1, len(measured)))), measured, strict=False):
        plain_axes(axes)
        drawn = (
            ("training", history.get(name, ()), RIGHT, "-", "o"),
            ("validation", history.get(f"val_{name}", ()), WRONG, "--", "s"),
        )
        longest = 1
        for title, values, color, line, marker in drawn:
            if not values:
                continue
            epochs = list(history.get("epoch") or range(1, len(values) + 1))
            longest = max(longest, len(epochs))
            # Markers carry a short history, a single epoch above all; in a long one they would hide the line.
            axes.plot(epochs, values, line, color=color, label=title, marker=marker if longest <= 30 else "", ms=4)
            axes.set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5)
        axes.set_title(titles[name], color=INK, fontsize=11, loc="left", fontweight="bold")
        axes.set_xlabel("epoch", color=FAINT)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
        axes.set_ylim((0, 1.02) if name == "accuracy" else None)
        if name != "accuracy" and axes.get_ylim()[0] > 0:
            axes.set_ylim(0, 1.05 * axes.get_ylim()[1])  # the margin of a short history is too small for a dot
        axes.legend(frameon=False, labelcolor=INK, fontsize=9)
    return figure


def draw_metrics(metrics: Mapping[str, MetricValue]) -> Figure:
    """Draw each metric as a dot on a line that is its 95 % interval; an undefined one says so.

    The scale ends at 1; an arrowhead marks a value beyond it, with its number beside.

    Args:
        metrics: Name -> value; those that are only a mapping or a matrix are left out.
    """
    rows = single_figures(metrics)
    figure = blank_figure(8.6, 0.75 + 0.42 * max(1, len(rows)))
    axes = figure.subplots()
    plain_axes(axes)
    # At most from -1 to 1: one cross-entropy of 4 would squeeze all the others into a corner.
    ends = [end for value in rows.values() for end in (value.value, value.ci_low) if end is not None]
    low = max(-1.0, math.floor(4 * min([0.0, *ends])) / 4)
    axes.set_xlim(low - 0.02, 1.02)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), [shorten(name, 32) for name in rows], parse_math=False)
    axes.tick_params(axis="y", labelsize=10, length=0)
    axes.grid(axis="x", color=RULE, linewidth=0.7)
    for row, value in enumerate(rows.values()):
        if value.value is None:
            told = shorten(value.reason or "no reason given", 60)
            told = told if told.startswith("undefined") else f"undefined: {told}"
            axes.text(0.01, row, told, transform=axes.get_yaxis_transform(), va="center", color=FAINT, fontsize=9,
                      style="italic", parse_math=False)  # fmt: skip
            continue
        evidence = f"{value.value:.3f}"
        if value.ci_low is not None and value.ci_high is not None:
            if value.ci_low < 1:
                ends = [max(value.ci_low, low), min(value.ci_high, 1.0)]
                axes.plot(ends, [row, row], color=RIGHT, linewidth=5, alpha=0.3, solid_capstyle="round")
            evidence += f"   {value.ci_low:.3f} to {value.ci_high:.3f}"
        inside = min(max(value.value, low), 1.0)
        beyond = ">" if value.value > 1 else "<"
        axes.plot([inside], [row], "o" if inside == value.value else beyond, color=RIGHT, markersize=8, clip_on=False)
        evidence += f"   n = {value.n_samples:,}{independent(value)}"
        axes.text(1.03, row, evidence, transform=axes.get_yaxis_transform(),
                  va="center", color=INK, fontsize=9)  # fmt: skip
    return figure


def draw_confusion(value: MetricValue, labels: Sequence[str]) -> Figure:
    """Draw the confusion matrix: counts, and beneath each the share of its true class, which also colors the cell.

    Args:
        value: Its `matrix` holds counts `(n, n)`, rows = true class.
        labels: Emotion ids in class order.
    """
    counts = np.asarray(value.matrix, dtype=float)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    n = len(labels)
    side = max(2.6, 0.82 * n)
    figure = blank_figure(side + 2.1, side + 1.2)
    axes = figure.subplots()
    plain_axes(axes)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.15)
    for row, column in np.ndindex(n, n):
        share = f"{shares[row, column]:.0%}" if totals[row, 0] else "\N{EN DASH}"
        axes.text(column, row, f"{counts[row, column]:,.6g}\n{share}", ha="center", va="center", linespacing=1.4,
                  fontsize=13 if n <= 3 else 9, color="white" if shares[row, column] > 0.7 else INK)  # fmt: skip
    for index in range(n):  # the right answers, found without reading the axes
        axes.add_patch(Rectangle((index - 0.5, index - 0.5), 1, 1, fill=False, edgecolor=INK, linewidth=1.5))
    names = [shorten(label) for label in labels]
    axes.set_xticks(range(n), names, rotation=35 if n > 3 else 0, ha="right" if n > 3 else "center",
                    rotation_mode="anchor" if n > 3 else None, parse_math=False)  # fmt: skip
    axes.set_yticks(range(n), [f"{name}  ({int(t):,})" for name, t in zip(names, totals[:, 0], strict=True)],
                    parse_math=False)  # fmt: skip
    axes.tick_params(length=0, labelsize=10)
    axes.set_xlabel("predicted", color=FAINT, fontsize=11)
    axes.set_ylabel("true  (images)", color=FAINT, fontsize=11)
    return figure


def draw_predictions(pictures: Sequence[Picture], labels: Sequence[str]) -> Figure:
    """Draw test images with their prediction; mistakes differ in frame, symbol and bold title.

    Args:
        pictures: The first 32 are drawn.
        labels: Emotion ids in class order; their indices stand in the titles.
    """
    pictures = pictures[:32]
    # Long words need wide cells, or neighboring titles run into each other.
    longest = max((len(shorten(name)) for name in labels), default=0)
    columns, side = (8, 1.22) if longest <= 9 else (6, 1.65)
    figure, grid = squares(len(pictures), columns=columns, side=side, above=0.36, head=0.35)
    for axes, picture in zip(grid, pictures, strict=True):
        right = picture.predicted == picture.emotion
        show(axes, picture.pixels)
        _mark(axes, right)
        _title(
            axes,
            f"predicted: {shorten(picture.predicted or '?')}\ntrue: {shorten(picture.emotion)}",
            size=7.5,
            color=INK if right else WRONG,
            bold=not right,
        )
    wrong = sum(picture.predicted != picture.emotion for picture in pictures)
    figure.suptitle(
        f"{RIGHT_SYMBOL} {len(pictures) - wrong} correct (blue)      {WRONG_SYMBOL} {wrong} incorrect (orange)",
        fontsize=11,
        color=INK,
        y=1 - 0.08 / figure.get_figheight(),
    )
    return figure


def draw_single_predictions(pictures: Sequence[Picture]) -> Figure:
    """Draw single test images, each titled "predicted: sad", with its true label and its probabilities.

    Args:
        pictures: A handful; the first six are drawn.
    """
    pictures = pictures[:6]
    places = min(3, max((len(picture.scores or {}) for picture in pictures), default=0))
    tall = 0.22 * places
    figure, grid = squares(len(pictures), columns=3, side=2.3, above=0.5, below=tall + 0.12)
    width, height = figure.get_size_inches()
    for image, picture in zip(grid, pictures, strict=True):
        right = picture.predicted == picture.emotion
        place = image.get_position()
        # Beneath its picture: an inch of names, the bars, and room for the percentages.
        bars = figure.add_axes((place.x0 + 1.0 / width, place.y0 - (tall + 0.06) / height, 0.9 / width, tall / height))
        show(image, picture.pixels)
        _mark(image, right)
        _title(image, f"predicted: {shorten(picture.predicted or '?')}\ntrue: {shorten(picture.emotion)}", size=10,
               color=INK if right else WRONG, bold=not right)  # fmt: skip
        _draw_scores(bars, picture)
    return figure


def choose_single_predictions(pictures: Sequence[Picture], count: int = 6) -> tuple[Picture, ...]:
    """Choose a few test images so that right and wrong ones are among them, the emotions taking turns.

    Args:
        pictures: Test images with predictions. The choice depends on their order alone.
        count: How many at most.

    Returns:
        The chosen ones, in the order in which they came.
    """
    wrong = _taking_turns([i for i, p in enumerate(pictures) if p.predicted != p.emotion], pictures)
    right = _taking_turns([i for i, p in enumerate(pictures) if p.predicted == p.emotion], pictures)
    n_wrong = min(len(wrong), max(count // 2, count - len(right)))
    chosen = sorted(wrong[:n_wrong] + right[: count - n_wrong])
    return tuple(pictures[index] for index in chosen)


def write_plots(contents: ReportContents, folder: Path) -> Mapping[str, Path]:
    """Draw every picture that the run has data for into `plots/` of the run folder.

    Args:
        contents: What the report shows.
        folder: The run folder.

    Returns:
        Name -> file, such as `curves` -> `<folder>/plots/curves.png`.
    """
    result, labels = contents.result, contents.result.labels
    matrix = next((value for value in result.metrics.values() if value.matrix is not None), None)
    singles = choose_single_predictions(contents.test_batch)
    history = result.history
    jobs: list[tuple[str, bool, Callable[[], Figure]]] = [
        ("examples", bool(contents.examples), lambda: draw_examples(contents.examples, labels)),
        ("boxed", bool(contents.boxed), lambda: draw_boxed(contents.boxed)),
        ("curves", bool(history.get("loss") or history.get("val_loss")), lambda: draw_curves(history)),
        ("metrics", bool(single_figures(result.metrics)), lambda: draw_metrics(result.metrics)),
        ("single_predictions", bool(singles), lambda: draw_single_predictions(singles)),
        ("test_batch", bool(contents.test_batch), lambda: draw_predictions(contents.test_batch, labels)),
        ("confusion_matrix", matrix is not None, lambda: draw_confusion(matrix, labels)),  # type: ignore[arg-type]
    ]
    (folder / "plots").mkdir(parents=True, exist_ok=True)
    written = {}
    for name, has_data, draw in jobs:
        if has_data:
            written[name] = folder / "plots" / f"{name}.png"
            # No software name and version inside: the same numbers give the same bytes.
            partial = written[name].with_name(f".partial-{name}.png")
            draw().savefig(partial, format="png", metadata={"Software": None})
            partial.replace(written[name])
    return written


def _mark(axes: Axes, right: bool) -> None:
    """Frame a picture and put a symbol into its corner: color alone would leave some readers out."""
    color = RIGHT if right else WRONG
    for spine in axes.spines.values():
        spine.set(visible=True, edgecolor=color, linewidth=1.5 if right else 3.5)
    axes.text(0.06, 0.93, RIGHT_SYMBOL if right else WRONG_SYMBOL, transform=axes.transAxes, ha="left", va="top",
              fontsize=9, color="white", fontweight="bold",
              bbox={"boxstyle": "circle,pad=0.2", "facecolor": color, "edgecolor": "white"})  # fmt: skip


def _title(axes: Axes, text: str, *, size: float, color: str = INK, bold: bool = False) -> None:
    # Without parse_math=False a class named "a$b$" would be typeset as a formula, or fail as one.
    axes.set_title(text, fontsize=size, color=color, fontweight="bold" if bold else "normal", parse_math=False)


def _draw_scores(axes: Axes, picture: Picture) -> None:
    """Draw the three likeliest emotions as bars, the true one always among them."""
    ranked = sorted((picture.scores or {}).items(), key=lambda item: -item[1])
    shown = ranked[:3]
    if picture.emotion not in dict(shown):
        shown = ranked[:2] + [item for item in ranked if item[0] == picture.emotion]
    plain_axes(axes)
    axes.set_xlim(0, 1)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.set_yticks(range(len(shown)), [shorten(name) for name, _ in shown], parse_math=False)
    axes.tick_params(axis="y", length=0, labelsize=8.5)
    axes.barh(range(len(shown)), [1] * len(shown), color="#eef0f4", height=0.62)
    colors = [RIGHT if name == picture.emotion else WRONG if name == picture.predicted else FAINT for name, _ in shown]
    axes.barh(range(len(shown)), [score for _, score in shown], color=colors, height=0.62)
    for row, (_, score) in enumerate(shown):
        axes.text(1.03, row, f"{score:.0%}", va="center", fontsize=8.5, color=INK)


def _taking_turns(indices: Sequence[int], pictures: Sequence[Picture]) -> list[int]:
    """Return the indices so that each emotion's first come before any emotion's second."""
    seen: dict[str, int] = {}
    turns = []
    for index in indices:
        turn = seen.get(pictures[index].emotion, 0)
        seen[pictures[index].emotion] = turn + 1
        turns.append((turn, index))
    return [index for _, index in sorted(turns)]
