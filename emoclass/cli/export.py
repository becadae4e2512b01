"""`emoclass export`: a trained model in another format."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emoclass.cli.output import json_option, print_fields, print_json, print_note
from emoclass.errors import ConfigError, DataError, OutputError
from emoclass.keras_backend import require_keras

if TYPE_CHECKING:
    from emoclass.bundle.read import Bundle
    from emoclass.data.calibration import Pictures
    from emoclass.training.convert import Conversion, Format
    from emoclass.training.export import Quantization

# Click keeps the lines of a paragraph that begins with a backspace character.
HELP = """Export a trained model to another format, and compare it with the original.

SOURCE is a run folder, a bundle (a trained model on disk), or the name of a plugin with a pretrained model. The
exported model takes RGB or gray pixels in [0, 255], float32 (batch, height, width, channels). It is kept only if it
reproduces the probabilities of the original.

\b
emoclass export runs/20260102-030405-happysad --format onnx
emoclass export happy-model --format litert --quantize int8 --calibrate photos/
"""


FEW = 50
"""Pictures; of fewer, ranges are those of these very pictures, and each is two percentage points of accuracy."""

NAMED = 5
"""How many files that cannot be read are named."""

_CALIBRATING = "a folder per class, or a folder of images"


def _path(text: str) -> Path:
    if not text:  # Path("") is the folder that one happens to be in
        raise ConfigError("--calibrate and --out: expected a path, got an empty string.")
    return Path(text)


@click.command(help=HELP)
@click.argument("source")
@click.option("--format", "form", type=click.Choice(["litert", "onnx", "saved-model"]), required=True,
              help="The format: a LiteRT file, an ONNX file, or a TensorFlow SavedModel folder.")  # fmt: skip
@click.option("--quantize", type=click.Choice(["float16", "dynamic", "int8"]), help="Quantize the weights (LiteRT "
              "only); input and output stay float32.")  # fmt: skip
@click.option("--calibrate", metavar="DIR", type=_path, help="Images for the comparison and for int8 calibration: "
              f"{_CALIBRATING}.")  # fmt: skip
@click.option("--out", metavar="PATH", type=_path, help="Output path; named after the model by default. Nothing is "
              "overwritten.")  # fmt: skip
@json_option
def export(
    source: str, form: Format, quantize: Quantization | None, calibrate: Path | None, out: Path | None, as_json: bool
) -> None:
    """Export, compare, and print the result."""
    if quantize and form != "litert":
        raise ConfigError(f"--quantize {quantize}: expected --format litert, got {form}.")
    if quantize == "int8" and calibrate is None:
        raise ConfigError(
            "--quantize int8: expected --calibrate DIR, got none.", hint="Name a folder of images the model will see."
        )
    require_keras("tensorflow")  # writes all three formats, whatever Keras runs on
    from emoclass.bundle.read import read_bundle
    from emoclass.inference.load import find_bundle

    done, pictures = _convert(read_bundle(find_bundle(source)), form, out, quantize, calibrate)
    if as_json:
        print_json(_document(done, form, quantize, pictures))
    else:
        _print(done, quantize, pictures, from_folder=calibrate is not None)
    if calibrate is not None:
        _tell_of_pictures(pictures, quantize)


def _convert(
    bundle: Bundle, form: Format, out: Path | None, quantize: Quantization | None, calibrate: Path | None
) -> tuple[Conversion, Pictures]:
    from emoclass.training.quiet import import_keras_quietly

    import_keras_quietly()
    from emoclass.data.calibration import made_pictures, read_pictures
    from emoclass.inference.litert import LiteRTModel
    from emoclass.training.convert import SUFFIXES, check_free, convert
    from emoclass.training.export import check_onnx_packages

    if form == "onnx":
        check_onnx_packages()
    if out is None:
        stem = re.sub(r"[^\w-]+", "-", bundle.manifest.name).strip("-") or "model"
        out = Path(f"{stem}-{quantize}" if quantize else stem).with_suffix(SUFFIXES[form] or ".saved_model")
    shape = bundle.manifest.image.shape
    taken: OutputError | None = None
    try:
        check_free(out)
    except OutputError as error:  # raised below, with what is wrong with the pictures
        taken = error
    try:
        pictures = read_pictures(calibrate, bundle.manifest.labels, shape) if calibrate else made_pictures(shape)
    except DataError as error:
        message, hint = error.message, f"--calibrate takes {_CALIBRATING}."
        if taken:
            message, hint = f"{taken.message} And {message}", f"{taken.hint} {hint}"
        raise DataError(message, hint=hint) from error
    if taken:
        raise taken
    done = convert(bundle, form, out, pictures, read_litert=lambda path: LiteRTModel(path).predict, quantize=quantize)
    return done, pictures


def _document(done: Conversion, form: Format, quantize: Quantization | None, pictures: Pictures) -> dict[str, Any]:
    accuracy = None
    if done.accuracy is not None:
        accuracy = {"before": done.accuracy, "after": done.new_accuracy, "n_samples": done.labeled}
    return {
        "path": str(done.path),
        "format": form,
        "quantize": quantize,
        "bytes": done.bytes,
        "original_bytes": done.original_bytes,
        "verified": done.difference is not None,
        "n_images": done.images,
        "n_unreadable": len(pictures.unreadable),
        "difference": done.difference,
        "mean_difference": done.mean_difference,
        "accuracy": accuracy,
        "loses_accuracy": done.loses,
    }


def _print(done: Conversion, quantize: Quantization | None, pictures: Pictures, *, from_folder: bool) -> None:
    share = done.bytes / done.original_bytes
    kind = "images" if from_folder else "generated images"
    fields = {
        "Written": str(done.path),
        "Size": f"{done.bytes:,} bytes, {share:.0%} of model.keras ({done.original_bytes:,} bytes)",
    }
    if done.difference is None:
        fields["Verified"] = "no: onnxruntime is not installed"
    else:
        fields["Verified"] = (
            f"probabilities differ by {done.difference:.2g} at most, {done.mean_difference:.2g} on average"
        )
        fields["Compared on"] = f"{done.images} {kind}"
        if pictures.unreadable:
            fields["Compared on"] += f"; not read: {len(pictures.unreadable)}"
    if done.accuracy is not None and done.new_accuracy is not None:
        fields["Accuracy"] = f"{done.accuracy:.3f} before, {done.new_accuracy:.3f} after (n = {done.labeled})"
    print_fields(fields)
    if done.difference is None:
        print_note('the file was not compared with the original. To compare it: pip install "emoclass[onnx]"')
    if done.loses and done.accuracy is not None and done.new_accuracy is not None:
        lost = 100 * (done.accuracy - done.new_accuracy)
        print_note(
            f"{quantize or 'the export'} loses {lost:.1f} percentage points of accuracy on these {done.labeled} images."
        )


def _tell_of_pictures(pictures: Pictures, quantize: Quantization | None) -> None:
    if pictures.unlisted:
        print_note(pictures.unlisted)
    if pictures.unreadable:
        named = "; ".join(f"{each.path}: {each.reason}" for each in pictures.unreadable[:NAMED])
        more = len(pictures.unreadable) - NAMED
        print_note(f"not read: {named}" + (f"; and {more} more." if more > 0 else "."))
    if len(pictures) < FEW:
        rests = "the ranges of int8 and the comparison rest" if quantize == "int8" else "the comparison rests"
        count = "one image" if len(pictures) == 1 else f"{len(pictures)} images"
        print_note(f"{rests} on only {count}. Use {FEW} or more for a reliable estimate.")
