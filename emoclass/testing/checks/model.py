"""Checks of a model: built, looked at, trained for a few steps, saved and exported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emoclass.errors import BundleError, ContractError
from emoclass.specs import ModelSpec
from emoclass.testing.case import Case
from emoclass.testing.models import (
    SIZES,
    attempted,
    built,
    first_labels,
    losses_of,
    noise,
    scores_of,
    settings,
    settings_kept,
    two_kinds,
)

if TYPE_CHECKING:
    import keras

BATCHES = (1, 3, 7)
TOLERANCE = 1e-4
"""How far probabilities may be apart that ought to be equal: float32 adds up in another order."""

STEPS = 20
LEARNING_RATES = (1e-3, 1e-2, 1e-4)
CUT_OFF = "Use nothing without a gradient on the way, such as round, argmax and stop_gradient, or freeze these weights."


def check_output(case: Case[ModelSpec]) -> None:
    """The output is one probability for two emotions and a distribution for more, for batches of any size.

    It depends on the picture alone: not on its neighbors in the batch, and not on chance. Tried with 2, 3 and 5
    emotions, batches of 1, 3 and 7, on noise, black and white. Building prints nothing.
    """
    import numpy as np

    from emoclass.training.build import build

    for size in SIZES:
        labels = first_labels(size)
        with settings_kept(), case.silent("build"):
            model = build(case.spec, labels, seed=0)
        alone = scores_of(case, model, noise(case, 1))
        for n in BATCHES:
            pixels = noise(case, 1) if n == 1 else np.concatenate([noise(case, 1), noise(case, n - 1, seed=1)])
            if n > 1:
                pixels[-1] = 0 if n == BATCHES[1] else 255
            scores = scores_of(case, model, pixels)
            where = f"for {size} emotions and a batch of {n}"
            if scores.shape != (n, labels.units):
                case.fail(
                    expected=f"output {(n, labels.units)} {where}",
                    got=str(scores.shape),
                    change="Size the last layer with labels.units.",
                )
            if not np.isfinite(scores).all() or scores.min() < 0 or scores.max() > 1:
                case.fail(
                    expected=f"probabilities in [0, 1] {where}",
                    got=f"values from {scores.min():.4g} to {scores.max():.4g}",
                    change="End the model with activation=labels.head.",
                )
            if size > 2 and not np.allclose(scores.sum(axis=1), 1, atol=TOLERANCE):
                case.fail(
                    expected=f"probabilities that sum to 1 {where}",
                    got=f"a sum of {scores.sum(axis=1)[0]:.4g}",
                    change="End the model with activation=labels.head, which is softmax beyond two emotions.",
                )
            if not np.allclose(scores[0], alone[0], atol=TOLERANCE):
                case.fail(
                    expected="a picture's output to depend on the picture alone",
                    got=f"{alone[0]} alone and {scores[0]} in a batch of {n}",
                    change="Draw nothing at random and use no batch statistics when training=False.",
                )


def check_same_seed_same_weights(case: Case[ModelSpec]) -> None:
    """One seed gives the same initial weights every time, and another seed gives others.

    A run that cannot be repeated proves nothing, and seeds that change nothing hide how much chance there is.
    """
    import numpy as np

    labels = first_labels(2)
    first, again, other = (built(case, labels, seed=seed).get_weights() for seed in (1, 1, 2))
    for position, (one, two) in enumerate(zip(first, again, strict=True)):
        if not np.array_equal(one, two):
            case.fail(
                expected="the same weights from the same seed",
                got=f"others in weight {position} of shape {one.shape}",
                change="Draw only from initializers, and give them seeds that derive from seed.",
            )
    if first and all(np.array_equal(one, two) for one, two in zip(first, other, strict=True)):
        case.fail(
            expected="other weights from another seed",
            got="the same",
            change="Derive the initializers' seeds from seed instead of fixing them.",
        )


def check_layer_names_repeat(case: Case[ModelSpec]) -> None:
    """Two builds in one process name their layers alike.

    Keras counts default names across a process: a second build would say conv2d_3, and reports and saved weights
    would differ from run to run.
    """
    first, second = ([layer.name for layer in built(case, first_labels(3)).layers] for _ in range(2))
    if first != second:
        names = [f"{one!r} and then {two!r}" for one, two in zip(first, second, strict=False) if one != two]
        case.fail(
            expected="the same layer names in every build",
            got=", ".join(names[:3]) or f"{len(first)} and then {len(second)} layers",
            change="Give every layer a name.",
        )


def check_builds_share_nothing(case: Case[ModelSpec]) -> None:
    """Two builds have no weights in common, and building leaves Keras' settings as they were.

    Cross-validation builds many models in one process: each must begin anew.
    """
    import numpy as np

    with settings_kept() as before:
        one, two = (attempted(case, first_labels(2)) for _ in range(2))
        after = settings()
    for name, value in after.items():
        if value != before[name]:
            case.fail(
                expected=f"Keras' {name} to stay {before[name]}",
                got=str(value),
                change="Set dtype on layers instead of for the whole process.",
            )
    if one is two:
        case.fail(expected="a new model from every build", got="the same object twice", change="Build it anew.")
    shared = {id(variable): variable.path for variable in one.variables}.keys() & {id(each) for each in two.variables}
    if shared:
        paths = [variable.path for variable in two.variables if id(variable) in shared]
        case.fail(
            expected="weights of its own in every build",
            got=f"{', '.join(paths[:3])} in both",
            change="Make the layers inside build.",
        )
    kept = [np.copy(weight) for weight in two.get_weights()]
    losses_of(case, one, first_labels(2), 1e-2, steps=1)
    if not all(np.array_equal(a, b) for a, b in zip(kept, two.get_weights(), strict=True)):
        case.fail(
            expected="training one build to leave another as it is",
            got="other weights in the second after a step of the first",
            change="Share no state between builds.",
        )


def check_learns(case: Case[ModelSpec]) -> None:
    """The loss on eight pictures of two plain kinds falls by a tenth within 20 steps of Adam, and all weights move.

    A model whose gradients are cut off, or that sees its input in the wrong range, never learns anything, or learns
    with its last layer alone. Learning rates of 0.001, 0.01 and 0.0001 are tried.
    """
    import numpy as np

    tried: list[str] = []
    still: list[str] = []
    for rate in LEARNING_RATES:
        model = built(case, first_labels(2))
        if not model.trainable_variables:
            case.fail(expected="weights to train", got="none", change="Leave the layers trainable.")
        before = [np.array(weight) for weight in model.trainable_variables]
        try:
            losses = losses_of(case, model, first_labels(2), rate, steps=STEPS)
        except ValueError as error:
            if "No gradients" not in str(error):
                raise
            case.fail(expected="gradients that reach the weights", got="none for any of them", change=CUT_OFF)
        if min(losses[-3:]) < 0.9 * losses[0]:
            pairs = zip(model.trainable_variables, before, strict=True)
            still = [weight.path for weight, was in pairs if np.array_equal(weight, was)]
            if not still:
                return _check_kinds_are_told_apart(case, model)
        tried.append(f"{losses[0]:.3g} to {min(losses[-3:]):.3g} at {rate:g}")
    if still:
        case.fail(
            expected="training to move every trainable weight",
            got=f"{', '.join(still[:3])} as before",
            change=CUT_OFF,
        )
    case.fail(
        expected=f"the loss on eight separable pictures to fall by a tenth within {STEPS} steps",
        got=", ".join(tried),
        change="Check that gradients reach the weights and that the input is read in value_range.",
    )


def _check_kinds_are_told_apart(case: Case[ModelSpec], model: keras.Model) -> None:
    """The loss of one unit of softmax falls, too: Keras takes it from what is behind the activation."""
    pixels, y_true = two_kinds(case)
    seen = {mode: scores_of(case, model, pixels, training=mode)[:, 0] for mode in (False, True)}
    means = [(scores[y_true == 0].mean(), scores[y_true == 1].mean()) for scores in seen.values()]
    if not any(second > first for first, second in means):
        case.fail(
            expected="a model that learned to tell the two kinds of pictures apart",
            got=f"{means[0][0]:.4g} for one and {means[0][1]:.4g} for the other",
            change="End the model with activation=labels.head, which is sigmoid for two emotions.",
        )


def check_saves_and_loads(case: Case[ModelSpec]) -> None:
    """A saved model, loaded in Keras' safe mode, says exactly what it said before.

    A trained model is handed around as a file; code in a file is never run.
    """
    import numpy as np

    from emoclass.training.build import load_model, save_model

    model = built(case, first_labels(3))
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
    """The exported LiteRT file gives the probabilities that Keras gives, for batches of any size.

    Predictions come from that file, without TensorFlow.
    """
    import numpy as np

    from emoclass.inference.litert import LiteRTModel
    from emoclass.training.export import export_litert
    from emoclass.training.quiet import output_aside

    for size in SIZES[:2]:
        model = built(case, first_labels(size))
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
                    change="Find the layer that LiteRT computes otherwise, and replace it.",
                )


CHECKS = (
    check_output,
    check_same_seed_same_weights,
    check_layer_names_repeat,
    check_builds_share_nothing,
    check_learns,
    check_saves_and_loads,
    check_exported_file_agrees,
)
