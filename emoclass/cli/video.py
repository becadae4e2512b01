"""`emoclass video`: who shows which emotion when, in a video file or live."""

from __future__ import annotations

import re
import sys
from contextlib import ExitStack, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emoclass.cli.output import print_note
from emoclass.errors import OutputError
from emoclass.native_output import messages_aside

if TYPE_CHECKING:
    from emoclass.video.write import Codec

# Click keeps the lines of a paragraph that begins with a backspace character.
HELP = """Watch a video: who shows which emotion when.

Finds the faces, follows each person from frame to frame, classifies the faces, and smooths the result over time.
MODEL is what 'emoclass predict' takes. A name without a variant, such as faces, takes the pretrained model that is
called fast, where there is one. INPUT is a video file; with --live it is an address (rtsp, rtsps, udp, tcp) or a
camera.

DIR gets frames.csv (a row for each face and frame), events.csv, persons.csv, timeline.png, report.html, video.json, and
with --annotate annotated.mp4. Ctrl-C ends early; the files are complete up to there. A person's number identifies
nobody: who leaves and comes back gets another one.

\b
emoclass video faces clip.mp4 --out clip/
emoclass video faces clip.mp4 --out clip/ --annotate
emoclass video faces lecture.mkv --out lecture/ --every 1 --start 10:00 --end 25:00
emoclass video faces rtsp://camera/stream --live --out live/ --jsonl

Exits with code 1 if the video or an output file could not be read or written.
"""


class Clock(click.ParamType[float]):
    """A time within a video: seconds, MM:SS or HH:MM:SS."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return it in seconds."""
        if isinstance(value, float):
            return value
        if not re.fullmatch(r"(\d+:){0,2}\d+(\.\d*)?", value, re.ASCII):
            self.fail(f"expected seconds, MM:SS or HH:MM:SS, got {value!r}.", param, ctx)
        seconds = 0.0
        for part in value.split(":"):
            seconds = 60 * seconds + float(part)
        return seconds


@click.command(help=HELP)
@click.argument("model")
@click.argument("source", metavar="INPUT")
@click.option("--out", type=Path, metavar="DIR", help="The folder to write: new, or empty. Required without --jsonl.")
@click.option("--annotate", is_flag=True, help="Also write annotated.mp4: the video with boxes, labels and its sound.")
@click.option(
    "--codec", type=click.Choice(["vp9", "h264"]), default="vp9", show_default=True, help="How it is encoded."
)
@click.option("--jsonl", is_flag=True, help="Print one JSON object per line on stdout while the video is watched: "
              "frames, events, and at the end persons.")  # fmt: skip
@click.option("--live", is_flag=True, help="INPUT is a stream or a camera.")
@click.option("--start", type=Clock(), metavar="TIME", help="Leave out what comes before: seconds, MM:SS or HH:MM:SS.")
@click.option("--end", type=Clock(), metavar="TIME", help="Leave out what comes after.")
@click.option("--every", type=click.FloatRange(min=0), default=0.0, metavar="SECONDS", help="Classify each person only "
              "so often, and follow the faces in between. By default in every frame.")  # fmt: skip
@click.option("--smoothing", type=click.FloatRange(min=0), metavar="SECONDS", help="Time constant of the smoothing; "
              "0.3 by default, 0 for none.")  # fmt: skip
@click.option("--labels", metavar="A,B,...", help="Restrict the model to these emotions, or to a named set such as "
              "basic5.")  # fmt: skip
@click.option("--largest", is_flag=True, help="Watch only the largest face of each frame.")
@click.option("--min-face", type=click.FloatRange(min=0), default=0.0, metavar="PIXELS", help="Ignore smaller faces: "
              "the square root of the box's area.")  # fmt: skip
@click.option("--min-detection", type=click.FloatRange(0, 1), default=0.0, metavar="SCORE", help="Ignore faces that "
              "the detector gives a lower score.")  # fmt: skip
@click.option("--detector", metavar="NAME", help="Find faces with this detector; see `emoclass detectors list`.")
@click.option("--threads", type=click.IntRange(1, 256), metavar="N", help="Number of CPU threads; all by default.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def video(
    model: str, source: str, out: Path | None, annotate: bool, codec: Codec, jsonl: bool, live: bool,
    smoothing: float | None, quiet: bool, **settings: Any,
) -> None:  # fmt: skip
    """Watch, write, and say what was seen."""
    if out is None and (annotate or not jsonl):
        raise click.UsageError("--out: expected a folder to write to, got none.")
    from emoclass.cli.interrupts import stopping
    from emoclass.cli.watching import Lines, ProgressLine, print_summary

    with ExitStack() as stack:
        typed = stack.enter_context(stopping())
        with redirect_stdout(sys.stderr), messages_aside():
            from emoclass.reporting.folders.video import VideoFolder
            from emoclass.video.watcher import SMOOTHING
            from emoclass.workflows.video import STOPPED, Recording, in_words
            from emoclass.workflows.watch import watch

            folder = None if out is None else VideoFolder(out)
            settings["smoothing"] = SMOOTHING if smoothing is None else smoothing
            try:
                watching = stack.enter_context(watch(source, model, live=live, **settings))
            except BaseException:
                if folder is not None:
                    folder.discard()
                raise
            recording = None
            if folder is not None:
                sound = None if not annotate else "" if live else source
                words = in_words(watching, **settings)
                recording = stack.enter_context(
                    Recording(folder, watching, words, annotate=sound, codec=codec, start=settings["start"])
                )
        told = len(watching.notes)
        for note in watching.notes:
            print_note(note)
        lines = Lines(watching) if jsonl else None
        progress = stack.enter_context(ProgressLine(watching, settings["start"], settings["end"], quiet=quiet))
        unread: Exception | None = None  # nobody reads the lines any more, as with `| head`
        for moment in watching:
            if recording is not None:
                recording.add(moment)
            try:
                if lines is not None:
                    lines.write(moment)
            except (OSError, OutputError) as error:
                unread = error
            progress.update(moment)
            if typed.is_set() or unread is not None:
                break
        progress.close()
        found = None
        if recording is not None:
            found = recording.finish(is_interrupted=typed.is_set() or unread is not None)
        watching.close()
        if unread is not None:
            raise unread
        if lines is not None:
            lines.close()
    for note in (watching.notes if found is None else found.notes)[told:]:
        if note != STOPPED:
            print_note(note)
    if found is not None and lines is None:
        print_summary(found, annotated=annotate)
    if typed.is_set():
        click.echo("Interrupted: everything up to there was written.", err=True)
        sys.exit(130)
