"""`emoclass predict`: what a trained model sees in images."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emoclass.cli.native import native_messages_aside
from emoclass.errors import DataError

if TYPE_CHECKING:
    from emoclass.cli.inputs import Inputs, Survey
    from emoclass.cli.pictures import Pictures
    from emoclass.cli.predictions import Printer
    from emoclass.inference.classifier import Classifier
    from emoclass.values.labels import LabelScheme
    from emoclass.values.results import Prediction, Unreadable

# Click keeps the lines of a paragraph that begins with a backspace character.
HELP = """Predict the emotions in images with a trained model.

SOURCE is a run folder, a bundle (a trained model on disk), or the name of a plugin with a pretrained model: PLUGIN,
PLUGIN:MODEL or PLUGIN:MODEL:NAME. An existing path takes precedence over a name. INPUT is an image, a folder (searched
recursively), a pattern such as '*.jpg', or - to read paths from stdin, one per line. Unreadable images are reported
with the reason, and the rest are still processed.

\b
emoclass predict runs/20260102-030405-happysad anna.jpg
emoclass predict happy-model photos/ --csv > emotions.csv
find . -name '*.png' | emoclass predict happy-model - --jsonl

Exits with code 1 if an image could not be read, no image was found, or an output image could not be written.
"""


@click.command(help=HELP)
@click.argument("source")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list instead of a table.")
@click.option("--jsonl", "as_jsonl", is_flag=True, help="Print one JSON object per line.")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values, one column per emotion.")
@click.option("--top", type=click.IntRange(min=1), metavar="K", help="Show only the K most likely emotions.")
@click.option("--labels", metavar="A,B,...", help="Restrict the model to these emotions, or to a named set such as "
              "basic5: other classes are dropped and the probabilities renormalized.")  # fmt: skip
@click.option("--annotate", metavar="DIR", type=Path, help="Save copies of the images, captioned with the emotion, to "
              "this new or empty folder.")  # fmt: skip
@click.option("--explain", metavar="DIR", type=Path, help="Save each image beside a heat map of the regions that the "
              "prediction depends on, to this new or empty folder. Takes about a second per image.")  # fmt: skip
@click.option("--threads", type=click.IntRange(1, 256), metavar="N", help="Number of CPU threads; all by default.")
def predict(
    source: str, inputs: tuple[str, ...], labels: str | None, top: int | None, annotate: Path | None,
    explain: Path | None, threads: int | None, **formats: bool,
) -> None:  # fmt: skip
    """Predict, print, and exit."""
    form = _form(formats)
    if inputs.count("-") > 1:
        raise click.UsageError("- (stdin) can be given only once.")
    if "" in inputs:
        raise click.UsageError("INPUT: expected a path, got an empty string.")
    with redirect_stdout(sys.stderr), native_messages_aside(), _no_collection():
        from emoclass.cli.inputs import Inputs
        from emoclass.data.images import quiet_decoders
        from emoclass.inference.load import load
        from emoclass.values.results import Prediction

        folders = _prepared(annotate, explain)
        classifier = load(source, threads=threads)
    chosen = classifier if labels is None else classifier.among(labels)
    given = Inputs(inputs, folders)
    survey = given.survey()
    if form == "table" and not (survey.count or given.has_stdin):  # programs get a row for each problem
        raise DataError(
            "images: found none (" + "; ".join(f"{each.path} {each.reason}" for each in survey.problems) + ").",
            hint="Folders are searched for JPEG, PNG, WebP, GIF, BMP and TIFF files by their names.",
        )
    printer = _printer(form, chosen.labels, top, survey, given)
    pictures = _pictures(classifier, annotate, explain)
    failed = 0
    try:
        with quiet_decoders():
            for outcome in _outcomes(chosen, given, survey, threads):
                printer.write(outcome)
                if not isinstance(outcome, Prediction):
                    failed += 1
                elif pictures is not None:
                    pictures.write(outcome, given.relative(outcome.path or ""))
    finally:
        printer.close()
        if pictures is not None:
            pictures.close()
    sys.exit(1 if failed or (pictures is not None and pictures.failed) else 0)


def _form(formats: dict[str, bool]) -> str:
    asked = [name.removeprefix("as_") for name, is_asked in formats.items() if is_asked]
    if len(asked) > 1:
        raise click.UsageError(f"{' and '.join(f'--{name}' for name in asked)} cannot be combined.")
    return asked[0] if asked else "table"


def _prepared(annotate: Path | None, explain: Path | None) -> tuple[Path, ...]:
    if annotate is None and explain is None:
        return ()
    from emoclass.cli.pictures import prepare

    return prepare(annotate, explain)


def _pictures(classifier: Classifier, annotate: Path | None, explain: Path | None) -> Pictures | None:
    if annotate is None and explain is None:
        return None
    from emoclass.cli.pictures import Pictures

    return Pictures(classifier, annotate, explain)


def _printer(form: str, labels: LabelScheme, top: int | None, survey: Survey, given: Inputs) -> Printer:
    from emoclass.cli.output import printable, width
    from emoclass.cli.predictions import Csv, JsonLines, JsonList, Table

    if form != "table":
        return {"json": JsonList, "jsonl": JsonLines, "csv": Csv}[form](labels, top)
    problems = [width(printable(each.path or "")) for each in survey.problems]
    longest = max([survey.longest, 40 if given.has_stdin else 0, *problems])
    single = survey.count == 1 and not survey.problems and not given.has_stdin
    return Table(labels, top, longest=longest, single=single)


def _outcomes(
    classifier: Classifier, given: Inputs, survey: Survey, threads: int | None
) -> Iterator[Prediction | Unreadable]:
    """Yield what becomes of every input; on the way, show how far it is, and warn of the wrong kind of picture."""
    yield from survey.problems
    paths = given.paths() if classifier.expects == "photograph" else _watched(given.paths(), classifier)
    stream: Iterable[Prediction | Unreadable] = classifier.predict_batches(paths, threads=threads)
    if survey.count > 1 and not given.has_stdin and sys.stderr.isatty() and not sys.stdout.isatty():
        from emoclass.cli.progress import TerminalProgress

        stream = TerminalProgress().track(stream, title="Predicting", total=survey.count)
    nothing = True
    for outcome in stream:
        nothing = False
        yield outcome
    if nothing and given.has_stdin:
        raise DataError("stdin: expected one path per line, got none.")


def _watched(paths: Iterable[str], classifier: Classifier) -> Iterator[str]:
    """Pass paths on; say once if one of the first leads to a whole photograph, where a face crop is expected."""
    from emoclass.cli.output import print_note
    from emoclass.data.crops import LOOKED_AT, looks_whole

    looked, said = 0, False
    for path in paths:
        if looked < LOOKED_AT and not said:
            looked += 1
            size = looks_whole(path, classifier.image_shape)
            if size is not None:
                said = True
                print_note(
                    f"this model expects aligned face crops, and {path} ({size[0]}x{size[1]}) looks like a whole "
                    "photograph. Faces are not detected: the image is classified as it is."
                )
        yield path


@contextmanager
def _no_collection() -> Iterator[None]:
    """Leave the garbage collector out while modules are imported, which stay: an eighth of the time of one image."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
