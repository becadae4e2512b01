"""Checks of a model on disk: saved and loaded, and exported."""

from __future__ import annotations

from emoclass.errors import BundleError, ContractError, EmoclassError, MissingPackageError
from emoclass.testing.case import Case
from emoclass.testing.models import BATCHES, SIZES, TOLERANCE, built, first_labels, noise, scores_of, take_step
from emoclass.values.specs import ModelSpec


def check_saves_and_loads(case: Case[ModelSpec]) -> None:
    """A model that was trained for a step, saved, and loaded in Keras' safe mode, says what it said before.

    A trained model is handed around as a file; code in a file is never run.
    """
    import numpy as np

    from emoclass.training.build import load_model, save_model

    model = built(case, first_labels(3))
    take_step(case, model, first_labels(3))
    pixels = noise(case, 3)
    before = scores_of(case, model, pixels)
    save_model(model, case.scratch / "model.keras")
    try:
        loaded = load_model(case.scratch / "model.keras")
    except BundleError as error:
        case.fail(
            expected="a saved model to load in Keras' safe mode",
            got=_first_sentence(str(error.__cause__ or error.message).rpartition("Exception encountered: ")[2]),
            change="Use no Lambda layers; register layers of your own with keras.saving.register_keras_serializable.",
        )
    after = scores_of(case, loaded, pixels)
    if not np.allclose(before, after, atol=TOLERANCE):
        case.fail(
            expected="equal outputs after saving and loading",
            got=f"{before[0]} before and {after[0]} after",
            change="Keep all state in weights, and return it from get_config.",
        )


def _first_sentence(text: str) -> str:
    """Return the beginning of one of Keras' long messages, which go on with whole configurations."""
    return text.splitlines()[0].partition(". ")[0]


def check_exported_file_agrees(case: Case[ModelSpec]) -> None:
    """The exported LiteRT file gives the probabilities that Keras gives, after a step of training, for any batch.

    Such a file predicts in a fraction of a second, without TensorFlow.
    """
    import numpy as np

    from emoclass.inference.litert import LiteRTModel
    from emoclass.native_output import output_aside
    from emoclass.training.export import export_litert

    for size in SIZES[:2]:
        model = built(case, first_labels(size))
        take_step(case, model, first_labels(size))
        path = case.scratch / f"{size}.tflite"
        try:
            export_litert(model, case.spec.value_range, path)
        except ContractError as error:
            case.fail(
                expected="a model that can be exported to LiteRT",
                got=error.message.removeprefix(f"model {model.name!r}: expected ").partition(", got ")[2]
                or error.message,
                change=error.hint or "Use layers that LiteRT knows.",
            )
        with output_aside():  # LiteRT greets on stderr
            exported = LiteRTModel(path)
        for n in BATCHES:
            pixels = noise(case, n)
            ours, theirs = scores_of(case, model, pixels), exported.predict(pixels)
            difference = float(np.abs(ours - theirs).max())
            if not difference <= TOLERANCE:
                case.fail(
                    expected=f"the exported file to agree with Keras within {TOLERANCE:g}",
                    got=f"a difference of {difference:.2g} in a batch of {n}",
                    change="Find the layer that LiteRT computes differently, and replace it.",
                )


def check_pretrained_predicts(case: Case[ModelSpec]) -> None:
    """Every trained bundle that the plugin brings is whole, fits the description, and predicts as Keras does.

    It is what users of the plugin get who train nothing. One that was left out of the package, or changed since it was
    written, would be noticed by them only.
    """
    if not case.spec.pretrained:
        case.skip("it has no pretrained model")
    for name, ref in case.spec.pretrained.items():
        try:
            _check_pretrained(case, name, ref)
        except MissingPackageError:  # what needs no Keras was right
            raise
        except EmoclassError as error:
            case.fail(
                expected=f"pretrained {name!r} to be a whole bundle that predicts",
                got=error.message,
                change=error.hint or "Copy a run's bundle/ as it is.",
            )


def _check_pretrained(case: Case[ModelSpec], name: str, ref: str) -> None:
    import numpy as np

    from emoclass.bundle.manifest import KERAS
    from emoclass.bundle.read import read_bundle
    from emoclass.evaluation.predictions import scores_from_output
    from emoclass.inference.classifier import Classifier
    from emoclass.inference.pretrained import pretrained_folder
    from emoclass.native_output import output_aside

    bundle = read_bundle(pretrained_folder(ref))
    files = {each: bundle.file(each) for each in bundle.manifest.files}
    with output_aside():  # LiteRT greets on stderr
        classifier = Classifier(bundle)
    found, wanted = ((each.image_shape, each.expects) for each in (classifier, case.spec))
    if found != wanted:
        case.fail(
            expected=f"pretrained {name!r} to take what the description says, {wanted}",
            got=str(found),
            change="Describe the model that was trained, or train it again.",
        )
    pixels = noise(case, 3).astype(np.uint8)
    classifier.predict(np.broadcast_to(pixels[0], (*pixels.shape[1:3], 3)))
    if KERAS not in files:
        return
    from emoclass.training.build import load_model  # all before does without Keras
    from emoclass.training.export import BOUNDS

    low, high = bundle.manifest.files[KERAS].input_range
    with output_aside():  # TensorFlow remarks on layers that are used twice
        output = load_model(files[KERAS]).predict(pixels / np.float32(255) * (high - low) + low, verbose=0)
    differences = np.abs(classifier.scores(pixels) - scores_from_output(output, classifier.labels)).max(axis=1)
    quantization = bundle.manifest.trained.get("quantization")
    # A file of 8-bit integers keeps to the bound of a run that writes one, on average over the images.
    bound = BOUNDS[quantization["kind"]] if quantization else TOLERANCE
    difference = float(differences.mean() if quantization else differences.max())
    if not difference <= bound:
        case.fail(
            expected=f"the files of pretrained {name!r} to agree within {bound:g}",
            got=f"a difference of {difference:.2g}",
            change="Take both files from one run.",
        )


CHECKS = (check_saves_and_loads, check_exported_file_agrees, check_pretrained_predicts)
