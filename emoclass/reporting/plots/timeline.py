"""The picture of a video: the probabilities of each person over time, and the events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from emoclass.reporting.formatting import clock, round_times
from emoclass.reporting.plots.canvas import FAINT, INK, RULE, blank_figure, drawable, plain_axes
from emoclass.values.colors import color_of
from emoclass.values.video import EmotionEvent, PersonSummary

MOST_PERSONS = 12
"""Persons in the picture: those who are visible longest."""

ROW = 0.95
"""The height of a person's row, in inches."""


@dataclass(frozen=True)
class Course:
    """A person's probabilities over time, in stretches of time without a gap.

    Attributes:
        person: What there is to say of the person.
        step: Seconds from one value to the next.
        stretches: When each begins, in seconds, and the smoothed probabilities, float64 `(n, emotions)`.
        events: The person's.
    """

    person: PersonSummary
    step: float
    stretches: tuple[tuple[float, np.ndarray], ...]
    events: tuple[EmotionEvent, ...]


def draw_timeline(courses: Sequence[Course], emotions: Sequence[str], start: float, end: float, title: str) -> Figure:
    """Draw a row for each person: the smoothed probabilities as stacked areas, and above them the events.

    Args:
        courses: The persons; the `MOST_PERSONS` who are visible longest are drawn.
        emotions: Those of the model, in class order.
        start: Where the video begins, in seconds.
        end: Where it ends.
        title: What stands above.
    """
    shown = sorted(courses, key=lambda each: -each.person.visible)[:MOST_PERSONS]
    shown.sort(key=lambda each: each.person.person)
    figure = blank_figure(9.2, ROW * max(1, len(shown)) + 1.25)
    every = figure.subplots(max(1, len(shown)), 1, sharex=True, squeeze=False)[:, 0]
    # Without parse_math=False a video named "a$b$.mp4" would be typeset as a formula, or fail as one.
    figure.suptitle(drawable(title), color=INK, fontsize=11, x=0.01, ha="left", fontweight="bold", parse_math=False)
    for axes in every:
        plain_axes(axes)
        axes.set(xlim=(start, max(end, start + 0.1)), ylim=(0, 1.22), yticks=[])
    for axes, course in zip(every, shown, strict=False):
        _draw_person(axes, course, emotions)
    if not shown:
        every[0].text(0.5, 0.5, "no person was found", color=FAINT, ha="center", va="center",
                      transform=every[0].transAxes)  # fmt: skip
    ticks = round_times(start, end)
    every[-1].set_xticks(ticks, [clock(tick, 0 if end - start > 6 else 1) for tick in ticks])
    handles = [Patch(facecolor=_color(emotion), label=drawable(emotion)) for emotion in emotions]
    legend = figure.legend(handles=handles, loc="outside lower center", ncols=min(9, len(emotions)), frameon=False)
    for text in legend.get_texts():
        text.set(color=INK, fontsize=9, parse_math=False)
    return figure


def _draw_person(axes: Axes, course: Course, emotions: Sequence[str]) -> None:
    for begin, scores in course.stretches:
        # Each value stands for a step of time: a stretch of one value is still seen.
        times = begin + course.step * np.arange(len(scores) + 1)
        values = np.vstack([scores, scores[-1:]])
        axes.stackplot(times, values.T, colors=[_color(emotion) for emotion in emotions], linewidth=0)
    for event in course.events:
        axes.broken_barh([(event.start, event.seconds)], (1.06, 0.14), facecolor=_color(event.emotion), linewidth=0)
    axes.axhline(1.0, color=RULE, linewidth=0.6)
    axes.set_ylabel(f"person\n{course.person.person}", rotation=0, ha="right", va="center", color=INK, fontsize=9)


def _color(emotion: str) -> tuple[float, float, float]:
    red, green, blue = color_of(emotion)
    return red / 255, green / 255, blue / 255
