"""How `emoclass video` shows what it sees: a progress line, JSON lines, and a summary."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import click

from emoclass.cli.output import print_table, printable, prints_unicode, say, to_json
from emoclass.reporting.folders.video import EVENTS, FRAMES, PERSONS
from emoclass.reporting.formatting import clock, duration
from emoclass.values.colors import color_of
from emoclass.values.video import EmotionEvent, Moment, WatchedVideo
from emoclass.workflows.video import ANNOTATED, REPORT
from emoclass.workflows.watch import Watching

SHOWN = 12
"""Persons and events in the summary; the tables have all."""

_REDRAWN = 0.2
"""Seconds between two states of the progress line."""


class Lines:
    """Prints frames, events and persons as JSON, one a line; `kind` says what a line is."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching
        self._events = 0

    def write(self, moment: Moment) -> None:
        """Print a frame, and the events that became complete with it."""
        _print_line("frame", moment.to_json())
        self._print_events(moment.events)
        sys.stdout.flush()

    def close(self) -> None:
        """Print the rest of the events, and the persons; the video is closed."""
        self._print_events(tuple(self._watching.events[self._events :]))
        for person in self._watching.persons:
            _print_line("person", person.to_json())

    def _print_events(self, events: tuple[EmotionEvent, ...]) -> None:
        self._events += len(events)
        for event in events:
            _print_line("event", event.to_json())


def _print_line(kind: str, document: Mapping[str, Any]) -> None:
    click.echo(to_json({"kind": kind, **document}))


class ProgressLine:
    """Shows on a terminal how far a video is watched, how fast, and how many persons there are.

    Args:
        watching: The video.
        start: Where it was begun, in seconds; None for the beginning.
        end: Where it will be ended; None for the end.
        quiet: Whether to show nothing.
    """

    def __init__(self, watching: Watching, start: float | None, end: float | None, *, quiet: bool) -> None:
        self._start = start or 0.0
        self._end = min((each for each in (end, watching.duration) if each is not None), default=None)
        self._draws = sys.stderr.isatty() and not quiet
        self._began = self._drawn = time.monotonic()
        self._persons = 0
        if not self._draws and not quiet:
            length = "" if self._end is None else f" ({duration(max(0.0, self._end - self._start))})"
            say(f"Watching {watching.name}{length}", err=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def update(self, moment: Moment) -> None:
        """Tell of the next moment."""
        self._persons = max([self._persons, *(person.person for person in moment.persons)])
        now = time.monotonic()
        if self._draws and now - self._drawn >= _REDRAWN:
            self._drawn = now
            click.echo(f"\r\x1b[K{self._line(moment, now)}", err=True, nl=False)

    def close(self) -> None:
        """Remove the line."""
        if self._draws:
            self._draws = False
            click.echo("\r\x1b[K", err=True, nl=False)

    def _line(self, moment: Moment, now: float) -> str:
        done = moment.time - self._start
        speed = f"{done / max(now - self._began, 1e-3):.1f}x real time"
        persons = f"{self._persons} person{'' if self._persons == 1 else 's'}"
        parts = [clock(moment.time, 0), speed, persons]
        if self._end is not None and self._end > self._start:
            share = min(1.0, done / (self._end - self._start))
            columns = max(10, min(36, shutil.get_terminal_size((80, 24)).columns - 60))
            full = round(share * columns)
            bar = "█" * full + "░" * (columns - full) if prints_unicode() else "#" * full + "-" * (columns - full)
            left = (now - self._began) * (1 - share) / share if share else 0.0
            parts[0] = f"{bar} {share:4.0%}  {parts[0]} / {clock(self._end, 0)}"
            parts.append(f"{clock(left, 0)} left")
        return "Watching " + "  ".join(parts)


def print_summary(video: WatchedVideo, *, annotated: bool) -> None:
    """Print what was seen: the persons, the events, and where everything is."""
    frames = f"{_count(video.frames, 'frame')} of {video.width}x{video.height}"
    found = f"{_count(len(video.persons), 'person')}, {_count(len(video.events), 'event')}"
    name = click.style(printable(video.name), bold=True)
    click.echo(f"{name}: {duration(video.end - video.start)}, {frames}, {found}")
    if video.persons:
        click.echo()
        _print_persons(video)
    if video.events:
        click.echo()
        _print_events(video)
    with_model = f"with the model {printable(video.model)}"
    click.echo(f"\nWatched in {duration(video.took)}: {video.speed:.1f} times real time, {with_model}")
    assert video.folder is not None
    say(f"Report: {video.folder / REPORT}")
    if annotated:
        say(f"Video:  {video.folder / ANNOTATED}")
    say(f"Tables: {', '.join(str(video.folder / name) for name in (FRAMES, EVENTS, PERSONS))}")


def _print_persons(video: WatchedVideo) -> None:
    """Print a line for each person: when, which emotions for how long, and on a terminal the events in color."""
    shown = sorted(video.persons, key=lambda person: -person.visible)[:SHOWN]
    emotions = [emotion for emotion in video.labels if any(person.seconds[emotion] >= 0.05 for person in shown)]
    header = ["person", "from", "to", *emotions]
    rows = []
    for person in sorted(shown, key=lambda person: person.person):
        shares = [f"{person.seconds[each] / person.visible:.0%}" if person.seconds[each] else "" for each in emotions]
        rows.append([str(person.person), clock(person.start), clock(person.end), *shares])
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    room = min(40, shutil.get_terminal_size((80, 24)).columns - sum(widths) - 2 * len(widths) - 1)
    draws = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and prints_unicode() and room >= 10
    click.secho("  ".join(cell.rjust(width) for cell, width in zip(header, widths, strict=True)), bold=True)
    for row in rows:
        line = "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(f"{line}  {_strip(video, int(row[0]), room)}" if draws else line.rstrip())
    if len(video.persons) > SHOWN:
        click.secho(f"The {SHOWN} of {len(video.persons):,} persons who are visible longest.", dim=True)


def _strip(video: WatchedVideo, person: int, columns: int) -> str:
    """Return a person's events as blocks in the colors of the emotions."""
    step = (video.end - video.start) / columns
    cells = [click.style("\N{MIDDLE DOT}", dim=True)] * columns
    for event in video.events:
        if event.person == person and step > 0:
            first, last = (int((time - video.start) / step) for time in (event.start, event.end))
            for column in range(first, min(columns, last + 1)):
                cells[column] = click.style("\N{LOWER HALF BLOCK}", fg=color_of(event.emotion))
    return "".join(cells)


def _print_events(video: WatchedVideo) -> None:
    longest = sorted(video.events, key=lambda event: -event.seconds)[:SHOWN]
    rows = [
        (clock(event.start), clock(event.end), f"person {event.person}", event.emotion, f"peak {event.peak:.2f}")
        for event in sorted(longest, key=lambda event: (event.start, event.person))
    ]
    print_table(rows)
    if len(video.events) > SHOWN:
        click.secho(f"The {SHOWN} longest of {len(video.events):,} events.", dim=True)


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
