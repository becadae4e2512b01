"""Checks of a model: built, looked at, and trained for a few steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emoclass.testing.case import Case
from emoclass.testing.checks import saved_model, spec
from emoclass.testing.models import (
    BATCHES,
    SIZES,
    TOLERANCE,
    attempted,
    built,
    first_labels,
    losses_of,
    noise,
    scores_of,
    settings,
    settings_kept,
    take_step,
    two_kinds,
)
from emoclass.values.specs import ModelSpec

if TYPE_CHECKING:
    import keras

TRIES = ((1e-3, 20), (1e-2, 20), (1e-4, 20), (3e-3, 100))
"""Learning rates and numbers of steps; the last is for those that begin slowly, as sigmoid layers do."""

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
                    expected="the output for an image to depend on that image alone",
                    got=f"{alone[0]} alone and {scores[0]} in a batch of {n}",
                    change="Draw nothing at random and use no batch statistics when training=False.",
                )


def check_same_seed_same_weights(case: Case[ModelSpec]) -> None:
    """One seed gives the same initial weights every time, and another seed gives others, unless all are constant.

    A run that cannot be repeated proves nothing, and seeds that change nothing hide how much chance there is.
    """
    import numpy as np

    labels = first_labels(2)
    first, again, other = (built(case, labels, seed=seed).get_weights() for seed in (1, 1, 2))
    shapes = [[weight.shape for weight in weights] for weights in (first, again, other)]
    if shapes != [shapes[0]] * 3:
        case.fail(
            expected="weights of the same shapes from every seed",
            got=" and ".join(str(each[:4]) for each in shapes[::2]),
            change="Let the seed decide the initial weights, and nothing else.",
        )
    for position, (one, two) in enumerate(zip(first, again, strict=True)):
        if not np.array_equal(one, two):
            case.fail(
                expected="the same weights from the same seed",
                got=f"others in weight {position} of shape {one.shape}",
                change="Draw only from initializers, and give them seeds that derive from seed.",
            )
    drawn = [position for position, weight in enumerate(first) if weight.size and np.ptp(weight) > 0]
    if drawn and all(np.array_equal(first[position], other[position]) for position in drawn):
        case.fail(
            expected="other weights from another seed",
            got="the same",
            change="Derive the initializers' seeds from seed instead of fixing them.",
        )


def check_layer_names_repeat(case: Case[ModelSpec]) -> None:
    """Two builds in one process name their layers and weights alike, those of nested models too.

    Keras counts default names across a process: a second build would say conv2d_3, and reports and saved weights
    would differ from run to run.
    """
    first, second = (_names(built(case, first_labels(3))) for _ in range(2))
    if first != second:
        names = [f"{one!r} and then {two!r}" for one, two in zip(first, second, strict=False) if one != two]
        case.fail(
            expected="the same layer names in every build",
            got=", ".join(names[:3]) or f"{len(first)} and then {len(second)} layers",
            change="Give every layer a name.",
        )


def _names(model: keras.Model) -> list[str]:
    """Return the names of layers and weights; the input's is left out, as nothing is stored or reported under it."""
    layers = [layer.name for layer in model.layers if type(layer).__name__ != "InputLayer"]
    own = f"{model.name}/"  # the model's own name leads the paths, and may be counted
    return [*layers, *(weight.path.removeprefix(own) for weight in model.weights)]


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
    take_step(case, one, first_labels(2))
    if not all(np.array_equal(a, b) for a, b in zip(kept, two.get_weights(), strict=True)):
        case.fail(
            expected="training one build to leave another as it is",
            got="other weights in the second after a step of the first",
            change="Share no state between builds.",
        )


def check_learns(case: Case[ModelSpec]) -> None:
    """The loss on eight pictures of two plain kinds falls by a tenth within a few steps of Adam, and all weights move.

    A model whose gradients are cut off, or that sees its input in the wrong range, never learns anything, or learns
    with its last layer alone. Tried are 20 steps with learning rates of 0.001, 0.01 and 0.0001, and 100 with 0.003.
    """
    import numpy as np

    tried: list[str] = []
    still: list[str] = []
    for rate, steps in TRIES:
        model = built(case, first_labels(2))
        if not model.trainable_variables:
            case.fail(expected="weights to train", got="none", change="Leave the layers trainable.")
        before = [np.array(weight) for weight in model.trainable_variables]
        try:
            losses = losses_of(case, model, first_labels(2), rate, steps=steps)
        except ValueError as error:
            if "No gradients" not in str(error):
                raise
            case.fail(expected="gradients that reach the weights", got="none for any of them", change=CUT_OFF)
        if min(losses[-3:]) < 0.9 * losses[0]:
            pairs = zip(model.trainable_variables, before, strict=True)
            still = [weight.path for weight, was in pairs if np.array_equal(weight, was)]
            if not still:
                return _check_kinds_are_told_apart(case, model)
        tried.append(f"{losses[0]:.3g} to {min(losses[-3:]):.3g} in {steps} steps at {rate:g}")
    if still:
        case.fail(
            expected="training to move every trainable weight",
            got=f"{', '.join(still[:3])} as before",
            change=CUT_OFF,
        )
    case.fail(
        expected="the loss on eight separable pictures to fall by a tenth",
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


CHECKS = (
    *spec.CHECKS,
    *spec.CODE_CHECKS,
    check_output,
    check_same_seed_same_weights,
    check_layer_names_repeat,
    check_builds_share_nothing,
    check_learns,
    *saved_model.CHECKS,
)
