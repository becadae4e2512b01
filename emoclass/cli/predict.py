"""`emoclass predict`: what a trained model sees in images."""

from __future__ import annotations

import gc
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emoclass.cli.output import print_note
from emoclass.errors import DataError, WholePhotographWarning
from emoclass.native_output import messages_aside

if TYPE_CHECKING:
    from emoclass.cli.face_predictions import FaceCounts
    from emoclass.cli.inputs import Inputs, Survey
    from emoclass.cli.pictures import Pictures
    from emoclass.cli.predictions import Outcome, Printer
    from emoclass.faces.find import FaceMode
    from emoclass.inference.classifier import Classifier
    from emoclass.reporting.pages.faces import FacesPage
    from emoclass.values.labels import LabelScheme

# Click keeps the lines of a paragraph that begins with a backspace character.
HELP = """Predict the emotions in images with a trained model.

A model of face crops finds the faces of photographs and classifies each.

SOURCE is a run folder, a bundle (a trained model on disk), or the name of a plugin with a pretrained model: PLUGIN,
PLUGIN:MODEL or PLUGIN:MODEL:NAME. An existing path takes precedence over a name. INPUT is an image, a folder (searched
recursively), a pattern such as '*.jpg', or - to read paths from stdin, one per line. Unreadable images are reported
with the reason, and the rest are still processed.

\b
emoclass predict runs/20260102-030405-happysad anna.jpg
emoclass predict faces family.jpg holiday/ --report page.html
emoclass predict happy-model photos/ --csv > emotions.csv
find . -name '*.png' | emoclass predict happy-model - --jsonl

Exits with code 1 if an image could not be read, no image was found, an output file could not be written, or
--require-face was given and an image has no face.
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
@click.option("--faces", type=click.Choice(["auto", "find", "never"]), help="Find faces in photographs and classify "
              "ready-made face crops as they are (auto, the default of models of face crops), find faces in every "
              "image, or never (the default of models of whole photographs).")  # fmt: skip
@click.option("--largest", is_flag=True, help="Classify only the largest face of each image.")
@click.option("--max-faces", type=click.IntRange(min=1), metavar="N", help="Classify only the N largest faces of each "
              "image.")  # fmt: skip
@click.option("--min-face", type=click.FloatRange(min=0), metavar="PIXELS", help="Ignore smaller faces: the square "
              "root of the box's area.")  # fmt: skip
@click.option("--min-detection", type=click.FloatRange(0, 1), metavar="SCORE", help="Ignore faces that the detector "
              "gives a lower score, from 0 to 1.")  # fmt: skip
@click.option("--detector", metavar="NAME", help="Find faces with this detector; see `emoclass detectors list`.")
@click.option("--require-face", is_flag=True, help="Exit with code 1 if no face was found in an image.")
@click.option("--annotate", metavar="DIR", type=Path, help="Save copies of the images, with each face's box and "
              "emotion, to this new or empty folder.")  # fmt: skip
@click.option("--explain", metavar="DIR", type=Path, help="Save each image, or each face, beside a heat map of the "
              "regions that the prediction depends on, to this new or empty folder. Takes about a second "
              "each.")  # fmt: skip
@click.option("--report", metavar="FILE", type=Path, help="Write an HTML page with the images, boxes, emotions and "
              "counts to this new file.")  # fmt: skip
@click.option("--threads", type=click.IntRange(1, 256), metavar="N", help="Number of CPU threads; all by default.")
def predict(
    source: str, inputs: tuple[str, ...], labels: str | None, top: int | None, faces: FaceMode | None,
    annotate: Path | None, explain: Path | None, report: Path | None, threads: int | None, require_face: bool,
    as_json: bool, as_jsonl: bool, as_csv: bool, **limits: Any,
) -> None:  # fmt: skip
    """Predict, print, and exit."""
    form = _form({"json": as_json, "jsonl": as_jsonl, "csv": as_csv})
    if inputs.count("-") > 1:
        raise click.UsageError("- (stdin) can be given only once.")
    if limits["largest"] and limits["max_faces"] is not None:
        raise click.UsageError(
            "--max-faces: expected either --largest or --max-faces, got both. Leave one of them out."
        )
    if "" in inputs:
        raise click.UsageError("INPUT: expected a path, got an empty string.")
    with redirect_stdout(sys.stderr), messages_aside(), _no_collection():
        from emoclass.cli.face_predictions import FaceCounts
        from emoclass.cli.inputs import Inputs
        from emoclass.data.images import FORMATS, quiet_decoders
        from emoclass.inference.load import load
        from emoclass.values.results import Unreadable

        folders = _prepared(annotate, explain)
        page = _page(report)
        classifier = load(source, threads=threads)
        if page is not None:
            page.framing = classifier.bundle.manifest.framing
        chosen = classifier if labels is None else classifier.among(labels)
        notes: list[str] = []  # for the page, too
        looking = _with_faces(chosen, faces, {**limits, "require_face": require_face}, notes)
    for note in notes:  # stderr was held back until now
        print_note(note)
    given = Inputs(inputs, folders)
    survey = given.survey()
    if form == "table" and not (survey.count or given.has_stdin):  # programs get a row for each problem
        found = "images: found none (" + "; ".join(f"{each.path} {each.reason}" for each in survey.problems) + ")."
        raise DataError(
            f"{found} {survey.left_out}" if survey.left_out else found,
            hint=f"Folders are searched for {FORMATS} files, except hidden ones.",
        )
    if survey.left_out:
        _note(survey.left_out, notes)
    counts = FaceCounts()
    printer = _printer(form, chosen.labels, top, survey, given, None if looking is None else counts)
    pictures = _pictures(classifier, annotate, explain)
    failed = 0
    try:
        with quiet_decoders():  # it restores the filters
            warnings.simplefilter("ignore", WholePhotographWarning)  # `_watched` says so
            for outcome in _outcomes(looking or chosen, given, survey, threads, notes, finds=looking is not None):
                counts.add(outcome)
                printer.write(outcome)
                if page is not None:
                    page.add(outcome, str(given.relative(outcome.path or "")))
                if isinstance(outcome, Unreadable):
                    failed += 1
                elif pictures is not None:
                    pictures.write(outcome, given.relative(outcome.path or ""))
    finally:
        printer.close()
        if pictures is not None:
            pictures.close()
    if looking is not None and form != "table":
        print_note(f"{counts.sentence()}.")
    if page is not None:
        page.write(
            model=chosen.name,
            labels=chosen.labels.emotions,
            summary=counts.sentence(),
            notes=notes,
        )
    is_missing = require_face and counts.without > 0
    sys.exit(1 if failed or is_missing or (pictures is not None and pictures.failed) else 0)


def _with_faces(
    classifier: Classifier, faces: FaceMode | None, limits: dict[str, Any], notes: list[str]
) -> Classifier | None:
    """Return the model with what finds faces for it; None where faces are not looked for."""
    asked = [name for name, value in limits.items() if value is not None and value is not False]
    mode = faces or ("auto" if classifier.expects == "face_crop" else "never")
    if mode == "never":
        if asked:
            names = ", ".join(f"--{name.replace('_', '-')}" for name in asked)
            raise click.UsageError(
                f"{names}: no faces are looked for"
                + (" with --faces never." if faces else ": the model is of whole photographs. Add --faces find.")
            )
        return None
    from emoclass.plugin.registry import Registry

    registry = Registry.discover()
    if faces is None and not asked and not registry.detectors.names():  # ready-made crops need no detector
        notes.append(
            "No face detector is installed: every image is taken for a ready-made face crop. For photographs, install "
            "one: pip install emoclass-yunet."
        )
        return None
    del limits["require_face"]
    limits = {name: value for name, value in limits.items() if value is not None}
    return classifier.with_faces(mode, registry=registry, **limits)


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


def _note(message: str, notes: list[str]) -> None:
    print_note(message)
    notes.append(f"{message[0].upper()}{message[1:]}")


def _page(report: Path | None) -> FacesPage | None:
    if report is None:
        return None
    from emoclass.reporting.pages.faces import FacesPage

    return FacesPage(report)


def _printer(
    form: str, labels: LabelScheme, top: int | None, survey: Survey, given: Inputs, counts: FaceCounts | None
) -> Printer:
    """Return what prints; `counts` is None where faces are not looked for."""
    from emoclass.cli.face_predictions import FaceCsv, FaceTable
    from emoclass.cli.output import printable, width
    from emoclass.cli.predictions import Csv, JsonLines, JsonList, Table

    if form != "table":
        rows = Csv if counts is None else FaceCsv
        return {"json": JsonList, "jsonl": JsonLines, "csv": rows}[form](labels, top)
    problems = [width(printable(each.path or "")) for each in survey.problems]
    longest = max([survey.longest, 40 if given.has_stdin else 0, *problems])
    single = survey.count == 1 and not survey.problems and not given.has_stdin
    if counts is not None:
        return FaceTable(labels, top, longest=longest, single=single, counts=counts)
    return Table(labels, top, longest=longest, single=single)


def _outcomes(
    classifier: Classifier,
    given: Inputs,
    survey: Survey,
    threads: int | None,
    notes: list[str],
    *,
    finds: bool,
) -> Iterator[Outcome]:
    """Yield what becomes of every input; on the way, show how far it is, and warn of the wrong kind of picture."""
    yield from survey.problems
    stream: Iterable[Outcome]
    if finds:
        stream = classifier.find_batches(given.paths(), threads=threads)
    else:
        paths = given.paths() if classifier.expects == "photograph" else _watched(given.paths(), classifier, notes)
        stream = classifier.predict_batches(paths, threads=threads)
    if survey.count > 1 and not given.has_stdin and sys.stderr.isatty() and not sys.stdout.isatty():
        from emoclass.cli.progress import TerminalProgress

        stream = TerminalProgress().track(stream, title="Predicting", total=survey.count)
    nothing = True
    for outcome in stream:
        nothing = False
        yield outcome
    if nothing and given.has_stdin:
        raise DataError("stdin: expected one path per line, got none.")


def _watched(paths: Iterable[str], classifier: Classifier, notes: list[str]) -> Iterator[str]:
    """Pass paths on; say once if one of the first leads to a whole photograph, where a face crop is expected."""
    from emoclass.data.crops import LOOKED_AT, looks_whole

    looked, said = 0, False
    for path in paths:
        if looked < LOOKED_AT and not said:
            looked += 1
            size = looks_whole(path, classifier.image_shape)
            if size is not None:
                said = True
                _note(
                    f"this model expects aligned face crops, and {path} ({size[0]}x{size[1]}) looks like a whole "
                    "photograph. Faces are not looked for: the image is classified as it is.",
                    notes,
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
