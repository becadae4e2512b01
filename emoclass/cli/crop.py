"""`emoclass crop`: the faces of a folder of photographs, as aligned crops."""

from __future__ import annotations

import shlex
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emoclass.cli.output import data_option, json_option, parse_data_options, print_json, print_note, printable, say

if TYPE_CHECKING:
    from emoclass.values.results import CroppedFolder

# Click keeps the lines of a paragraph that begins with a backspace character.
HELP = """Find the faces in photographs, and write each as an aligned crop.

PHOTOS is a folder, searched with all folders below it, a single file, or a table such as labels.csv. The crops are PNG
files without metadata, in the same folder structure: DIR/happy/anna.jpg.png; of several faces, from left to right,
DIR/happy/party.jpg-1.png and so on. DIR/crops.csv lists the source, the box, the landmarks and the detection score of
each. An image that is a face crop already is written as it is. Of a table, DIR/labels.csv has the label of each crop,
and where the table has the boxes of faces, these are cropped. Run again, the same command continues: with new
photographs, with those whose files changed, and with those whose crops are missing. No other file is overwritten.

\b
emoclass crop photos/ --out crops/
emoclass crop photos/ --out crops/ --largest --min-face 40
emoclass crop labels.csv --out crops/            also writes crops/labels.csv
emoclass crop photos/ --out crops/ --model faces --size 256
"""


@click.command(help=HELP)
@click.argument("photos", metavar="PHOTOS")
@click.option(
    "--out",
    required=True,
    metavar="DIR",
    help="The folder for the crops: new, empty, or one with the same settings.",
)
@click.option("--largest", is_flag=True, help="Crop only the largest face of each photograph.")
@click.option(
    "--min-face", type=click.FloatRange(min=0), default=0.0, metavar="PIXELS", help="Leave out smaller faces."
)
@click.option("--min-detection", type=click.FloatRange(0, 1), default=0.0, metavar="SCORE", help="Leave out faces "
              "with a lower detection score.")  # fmt: skip
@click.option("--max-faces", type=click.IntRange(min=1), metavar="N", help="Crop at most N faces of a photograph, the "
              "largest ones.")  # fmt: skip
@click.option("--detector", metavar="NAME", help="The face detector; 'emoclass detectors list' shows those that are "
              "installed.")  # fmt: skip
@click.option("--model", metavar="NAME", help="Frame the faces as this model expects them: an installed model, a run "
              "folder or a bundle.")  # fmt: skip
@click.option("--framing", type=click.FloatRange(0.3, 4), metavar="SIDE", help="The side of the "
              "square crop, in heights of the face's box; 1.2 by default.")  # fmt: skip
@click.option("--size", type=click.IntRange(8, 4096), default=1024, show_default=True, metavar="PIXELS", help="Scale "
              "larger crops down to this side.")  # fmt: skip
@click.option("--threads", type=click.IntRange(1, 256), metavar="N", help="Number of CPU threads; all by default.")
@data_option
@json_option
@click.option("--quiet", is_flag=True, help="Show no progress.")
def crop(
    photos: str,
    out: str,
    framing: float | None,
    data_options: tuple[str, ...],
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> None:
    """Crop, and say what was written and what was left out."""
    settings["data_options"] = parse_data_options(data_options) or None
    try:
        with redirect_stdout(sys.stderr):  # what a plugin prints is no result
            from emoclass.cli.progress import TerminalProgress
            from emoclass.progress import Progress
            from emoclass.workflows.crop import crop as crop_folder

            if framing is not None:
                settings["framing"] = {"side": framing}
            found = crop_folder(photos, out, progress=Progress() if quiet else TerminalProgress(), **settings)
    except KeyboardInterrupt:
        click.echo(f"\nInterrupted. The same command continues: {shlex.join(['emoclass', *sys.argv[1:]])}", err=True)
        sys.exit(130)
    if found.passed_over:
        print_note(found.passed_over)
    if as_json:
        print_json(found.to_json())
    else:
        _print(found)
    sys.exit(1 if found.n_unreadable else 0)


def _print(found: CroppedFolder) -> None:
    from emoclass.faces.frame import SHOWS_NOTHING
    from emoclass.values.faces import is_no_face

    before = f" ({found.n_before:,} of them before)" if found.n_before else ""
    say(f"{_counted(found.n_photographs, 'file')}{before}, {_counted(found.n_faces, 'face')}")
    for count, what in (
        (found.n_changed, "Cropped again, since the files changed: {}"),
        (found.n_restored, "Cropped again, since crops were missing: {}"),
        (found.n_gone, "Not counted, since they are gone: {}. Crops of them stay in the folder."),
    ):
        if count:
            say(what.format(_counted(count, "photograph")))
    ready_made = "face crop already, written as it is"
    if found.n_ready_made > 1:
        ready_made = "face crops already, written as they are"
    told = [
        (found.n_without_face, "without a face"),
        (found.n_ready_made, ready_made),
        (found.n_unreadable, "unreadable or blank"),
    ]
    for count, what in told:
        if count:
            say(f"{count:>7,} {what}")
    if found.n_left_out:
        say(f"Left out as too small, too uncertain or not among the largest: {_counted(found.n_left_out, 'face')}")
    for each in found.skipped:
        if not is_no_face(each.reason):
            prefix = "Blank" if each.reason == SHOWS_NOTHING else "Unreadable"
            click.echo(f"{prefix}: {printable(each.path)}: {printable(each.reason)}", err=True)
    for note in found.notes:
        print_note(note)
    say(f"Crops: {found.folder}")
    click.echo(f"Table: {printable(str(Path(found.table)))}")
    if found.labels is not None:
        say(f"Labels: {found.labels}")


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
