"""The page of a video: each person over time, key frames, and events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from emoclass.reporting.formatting import clock, duration, round_times
from emoclass.reporting.pages.faces import css_color, jpeg
from emoclass.reporting.pages.templates import template
from emoclass.reporting.plots.timeline import Course
from emoclass.values.video import Moment, WatchedVideo

MOST_PERSONS, MOST_EVENTS = 20, 300
"""Persons and events on the page; all are in the tables."""

FRAME_SIDE, PORTRAIT_SIDE = 480, 96
"""Pixels of a key frame's longer side, and of a face."""

WIDTH, HEIGHT = 1000, 100
"""Of a timeline's drawing, in its own units; the page stretches it."""


@dataclass(frozen=True)
class ShownPerson:
    """A person on the page.

    Attributes:
        course: The probabilities over time, and the events.
        portrait: The face, where one was kept.
        areas: Color and outline of each emotion's area, in SVG.
        bars: Color, left, width in percent, and title of each event.
    """

    course: Course
    portrait: str | None
    areas: tuple[tuple[str, str], ...]
    bars: tuple[tuple[str, float, float, str], ...]


@dataclass(frozen=True)
class ShownFrame:
    """A key frame on the page: a JPEG file in base64, and boxes in percent of it."""

    source: str
    moment: Moment
    boxes: tuple[tuple[float, float, float, float], ...]


def video_page(
    video: WatchedVideo,
    courses: Sequence[Course],
    portraits: Mapping[int, Image.Image],
    frames: Sequence[tuple[Image.Image, Moment]],
    settings: Mapping[str, str],
) -> str:
    """Return the page: one HTML file that loads nothing from elsewhere.

    Args:
        video: What was watched.
        courses: The persons' probabilities over time.
        portraits: A face of each person, as far as they are kept.
        frames: Key frames, and what was seen in them.
        settings: Name -> value, in words.
    """
    shown = sorted(courses, key=lambda each: -each.person.visible)[:MOST_PERSONS]
    shown.sort(key=lambda each: each.person.person)
    begin, end = video.start, max(video.end, video.start + 0.1)
    return template(
        "video.html.jinja", filters={"clock": clock, "duration": duration}, names={"css_color": css_color}
    ).render(
        video=video,
        persons=[_person(course, portraits.get(course.person.person), video.labels, begin, end) for course in shown],
        ticks=[(100 * (tick - begin) / (end - begin), tick) for tick in round_times(begin, end)],
        decimals=0 if end - begin > 6 else 1,
        frames=[ShownFrame(jpeg(picture, FRAME_SIDE), moment, _boxes(moment)) for picture, moment in frames],
        events=video.events[:MOST_EVENTS],
        settings=settings,
        width=WIDTH,
        height=HEIGHT,
    )


def _person(
    course: Course, portrait: Image.Image | None, emotions: Sequence[str], begin: float, end: float
) -> ShownPerson:
    scale = WIDTH / (end - begin)
    outlines: dict[str, list[str]] = {emotion: [] for emotion in emotions}
    for start, scores in course.stretches:
        # Each value stands for a step of time: a stretch of one value is still seen.
        x = (start - begin + course.step * np.arange(len(scores) + 1)) * scale
        x = np.clip(x, 0, WIDTH)
        tops = np.cumsum(np.vstack([scores, scores[-1:]]), axis=1)
        tops = np.hstack([np.zeros((len(tops), 1)), tops / tops[:, -1:]])
        for index, emotion in enumerate(emotions):
            lower, upper = (HEIGHT * (1 - tops[:, side]) for side in (index, index + 1))
            points = [*zip(x, upper, strict=True), *reversed(list(zip(x, lower, strict=True)))]
            outlines[emotion].append("M" + "L".join(f"{px:.1f} {py:.1f}" for px, py in points) + "Z")
    bars = tuple(
        (
            css_color(event.emotion),
            100 * (event.start - begin) / (end - begin),
            100 * event.seconds / (end - begin),
            f"{event.emotion}, {clock(event.start)} to {clock(event.end)}, peak {event.peak:.2f}",
        )
        for event in course.events
    )
    areas = tuple((css_color(emotion), "".join(paths)) for emotion, paths in outlines.items() if paths)
    return ShownPerson(course, None if portrait is None else jpeg(portrait, PORTRAIT_SIDE), areas, bars)


def _boxes(moment: Moment) -> tuple[tuple[float, float, float, float], ...]:
    """Return the part of each box that lies in the frame, in percent of its width and height."""
    boxes = []
    for person in moment.persons:
        left, top, width, height = person.box
        lefts, rights = (min(max(100 * x / moment.width, 0.0), 100.0) for x in (left, left + width))
        tops, bottoms = (min(max(100 * y / moment.height, 0.0), 100.0) for y in (top, top + height))
        boxes.append((lefts, tops, rights - lefts, bottoms - tops))
    return tuple(boxes)
