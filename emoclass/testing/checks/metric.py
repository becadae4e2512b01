"""Checks of a metric, on small predictions of which it is known what must come out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from emoclass.testing.case import Case
from emoclass.testing.checks import spec
from emoclass.values.specs import MetricSpec

if TYPE_CHECKING:
    from emoclass.evaluation.predictions import Predictions
    from emoclass.testing.examples import Values


def check_within_bounds(case: Case[MetricSpec]) -> None:
    """Every value is a number inside the spec's `bounds`, of the declared kind, whatever the predictions.

    Reports draw and compare by the bounds, and a value outside of them says that formula or bounds are wrong.
    Tried on random, tied, skewed and certain predictions, and on single images. Nothing is printed meanwhile.
    """
    from emoclass.testing.examples import SCHEMES, measured, usable, varied

    with case.silent("compute"):
        for labels in SCHEMES:
            for given in varied(labels):
                measured(case, given)
        usable(case)


def check_sample_order_does_not_matter(case: Case[MetricSpec]) -> None:
    """The same images in another order give the same value.

    A dataset's order says nothing about the model, and the bootstrap draws images in any order.
    """
    import numpy as np

    from emoclass.testing.examples import agree, measured, rows, said, shown, usable, varied

    for labels in usable(case):
        for given in varied(labels):
            order = np.random.default_rng(len(given)).permutation(len(given))
            before = measured(case, given)
            for other in (np.arange(len(given))[::-1], order):
                after = measured(case, rows(given, other))
                if not agree(before, after):
                    case.fail(
                        expected=f"{said(before, labels)} in any order, for {shown(given)}",
                        got=f"{said(after, labels)} in the order {other.tolist()}",
                        change="Do not depend on the order of the images.",
                    )


def check_perfect_inverted_constant(case: Case[MetricSpec]) -> None:
    """Certain and right is the best value that the bounds allow; certain and wrong is worse, a constant no better.

    A metric that rises where its `direction` says that less is better makes the worse model win. With direction
    `none` the answers need only be valid. A matrix has its rows for the true classes: perfect predictions fill its
    diagonal alone, and those that take each class for the next one the places beside it.
    """
    import numpy as np

    from emoclass.testing.examples import demanded, measured, perfect, said, scored, usable

    told_apart = False
    for labels in usable(case):
        classes = len(labels)
        for n in (4 * classes, 31):
            right = perfect(labels, n)
            best = demanded(case, right)
            wrong = scored(right, np.eye(classes)[(right.y_true + 1) % classes])
            uniform = scored(right, np.full((n, classes), 1 / classes))
            first = scored(right, np.eye(classes)[np.zeros(n, dtype=int)])
            others = [(each, measured(case, each)) for each in (wrong, uniform, first)]
            if case.spec.kind == "matrix":
                _check_filled(case, right, best, shift=0)
                _check_filled(case, wrong, demanded(case, wrong), shift=1)
            if case.spec.direction == "none" or case.spec.kind == "matrix":
                continue
            _check_best(case, right, best)
            for (given, found), what in zip(others, ("wrong", "uniform", "constant"), strict=True):
                if not isinstance(found, str):
                    loss = _check_no_better(case, given, found, best, what)
                    told_apart |= what == "wrong" and bool(np.nanmin(loss) > 1e-9)
    if not told_apart and case.spec.direction != "none" and case.spec.kind != "matrix":
        case.fail(
            expected="predictions that are all wrong to be worse than perfect ones",
            got=f"{said(best, labels)} for both",
            change="Correct the formula, or declare its direction as it is.",
        )


def _check_filled(case: Case[MetricSpec], given: Predictions, matrix: Values, *, shift: int) -> None:
    """Demand that a matrix has something where each true class meets the class `shift` places on, and nowhere else."""
    import numpy as np

    from emoclass.testing.examples import said, shown

    classes = len(given.labels)
    wanted = np.roll(np.eye(classes, dtype=bool), shift, axis=1)
    if np.any((matrix != 0) != wanted):
        places = "on the diagonal" if shift == 0 else "where each true class (row) meets the next class (column)"
        case.fail(
            expected=f"numbers {places} and 0 elsewhere, for {shown(given)}",
            got=said(matrix, given.labels),
            change="Let rows be the true and columns the predicted classes, in label order.",
        )


def _check_best(case: Case[MetricSpec], right: Predictions, best: Values) -> None:
    import numpy as np

    from emoclass.testing.examples import said, shown

    higher = case.spec.direction == "higher"
    bound = case.spec.bounds[1 if higher else 0]
    tolerance = 1e-9 if higher else 1e-6  # a loss may clip probabilities
    # NaN stands for None, which is no better than a number that is off
    if np.isnan(best).any() or (bound is not None and not np.allclose(best, bound, rtol=0, atol=tolerance)):
        case.fail(
            expected=f"{'a number' if bound is None else f'{bound:g}'} for perfect predictions"
            f" (direction {case.spec.direction!r}, bounds {case.spec.bounds}), {shown(right)}",
            got=said(best, right.labels),
            change="Correct the formula, or declare its direction and bounds as they are.",
        )


def _check_no_better(case: Case[MetricSpec], given: Predictions, found: Values, best: Values, what: str) -> Values:
    """Return by how much predictions are worse than perfect ones, and demand that they are no better.

    They may be as good: a constant is calibrated, and top-2 accuracy is 1 whatever happens between two emotions.
    """
    import numpy as np

    from emoclass.testing.examples import said, shown

    loss = (best - found) if case.spec.direction == "higher" else (found - best)
    if np.any(loss < -1e-6):  # never where NaN stands for None
        case.fail(
            expected=f"no better than {said(best, given.labels)}, the value of perfect predictions"
            f" (direction {case.spec.direction!r}), where all are {what}: {shown(given)}",
            got=said(found, given.labels),
            change="Correct the formula, or declare its direction as it is.",
        )
    return loss


def check_absent_class(case: Case[MetricSpec]) -> None:
    """Where no image shows one of the emotions, there is a number, None for it, or ValueError with the reason.

    Small test splits lack classes, and every bootstrap draws some that do. A division by zero, NaN or another error
    says that nobody thought of it.
    """
    import numpy as np

    from emoclass.testing.examples import SCHEMES, measured, plain, rows, scored, shown

    for labels in SCHEMES[:2]:
        for absent in range(len(labels)):
            full = plain(labels, 12, seed=absent)
            there = rows(full, (full.y_true != absent).nonzero()[0])
            for given in (there, scored(there, np.eye(len(labels))[there.y_true])):  # predicted, and not even that
                found = measured(case, given, strict=True)
                if not isinstance(found, str) or found.strip():
                    continue
                case.fail(
                    expected=f"a reason where no image shows {labels.emotions[absent]!r}, for {shown(given)}",
                    got="ValueError without a text",
                    change="Raise ValueError with the reason: the report shows it in place of the value.",
                )


def check_labels_are_followed(case: Case[MetricSpec]) -> None:
    """Another class order gives the same values: each emotion its own, a matrix its rows and columns.

    Users choose emotions and their order with `--labels`, so a metric reads the order from `labels` alone. With
    two labels a scalar may speak of the second, and is not compared.
    """
    import numpy as np

    from emoclass.testing.examples import agree, demanded, plain, relabeled, said, shown, usable

    for labels in usable(case):
        classes = len(labels)
        if case.spec.kind == "scalar" and classes == 2:
            continue
        given = plain(labels, 31)
        before = demanded(case, given)
        for order in ([*range(1, classes), 0], [*reversed(range(classes))]):
            other = relabeled(given, order)
            expected = before
            if case.spec.kind == "per_class":
                expected = before[order]
            elif case.spec.kind == "matrix":
                expected = before[np.ix_(order, order)]
            after = demanded(case, other)
            if not agree(expected, after):
                case.fail(
                    expected=f"{said(expected, other.labels)} in the class order {', '.join(other.labels.emotions)}, as"
                    f" the same images give {said(before, labels)} for {shown(given)}",
                    got=said(after, other.labels),
                    change="Take the order of the classes from labels.emotions, and every class the same way.",
                )


def check_weights(case: Case[MetricSpec]) -> None:
    """Weights of 1 change nothing, and an image of weight 2 counts as two images.

    Whoever calls the metric from Python may pass `sample_weight`: weights that are taken and not used give a wrong
    value without a word.
    """
    import numpy as np

    from emoclass.testing.examples import agree, demanded, measured, plain, rows, said, shown, usable

    for labels in usable(case):
        for n in (24, 31):
            given = plain(labels, n)
            weight = np.random.default_rng(n).integers(1, 4, n)
            repeated = np.repeat(np.arange(n), weight)
            comparisons = [
                (np.ones(n), demanded(case, given), "no weights give", "weights of 1"),
                (weight, demanded(case, rows(given, repeated)), "repeated images give", f"weights {weight.tolist()}"),
            ]
            for weights, expected, why, what in comparisons:
                found = measured(case, given, weights)
                if not agree(expected, found):
                    case.fail(
                        expected=f"{said(expected, labels)}, as {why}, for {shown(given)}",
                        got=f"{said(found, labels)} with {what}",
                        change="Use sample_weight, and let it stand for how often each image counts.",
                    )


def check_counts_give_the_value(case: Case[MetricSpec]) -> None:
    """The proportion of `counts`, through `transform`, is the value of `compute`.

    The interval is made of the counts: others would put it around another value.
    """
    from emoclass.errors import ContractError
    from emoclass.evaluation.evaluate import evaluate
    from emoclass.testing.examples import shown, usable, varied

    if case.spec.interval != "proportion":
        case.skip("its interval is not made of counts")
    for labels in usable(case):
        for given in varied(labels):
            try:
                evaluate(given, [case.spec], n_resamples=0)
            except ContractError as error:
                case.fail(
                    expected=f"counts and compute to agree for {shown(given)}",
                    got=f"this error: {error.message.removesuffix('.')}",
                    change=error.hint or "Count what compute divides, or return None where it is no proportion.",
                )


def check_weighted_gives_the_value(case: Case[MetricSpec]) -> None:
    """What `weighted` says of resamples is what `compute` says of the images that they hold.

    The interval is made of `weighted`: another figure would have another interval.
    """
    import numpy as np

    from emoclass.testing.examples import agree, measured, rows, said, shown, usable, varied, weighted

    if case.spec.weighted is None:
        case.skip("compute is called for each resample")
    for labels in usable(case):
        for given in varied(labels):
            n = len(given)
            drawn = [np.arange(n), *np.sort(np.random.default_rng(n).integers(0, n, (3, n)), axis=1)]
            found = weighted(case, given, np.stack([np.bincount(row, minlength=n) for row in drawn]))
            for row, ours in zip(drawn, found, strict=True):
                expected = measured(case, rows(given, row))
                undefined = isinstance(expected, str)
                if not (np.isnan(ours).all() if undefined else agree(expected, ours)):
                    case.fail(
                        expected=f"{'NaN' if undefined else said(expected, labels)} from weighted, as compute gives"
                        f" {said(expected, labels)} for {shown(rows(given, row))}",
                        got=said(ours, labels),
                        change="Let each image count as often as its weight says, and give NaN where compute raises"
                        " ValueError or gives None.",
                    )


def check_agrees_with_reference(case: Case[MetricSpec]) -> None:
    """The value is that of the function which the spec names as its `reference`.

    Two implementations seldom share a mistake. Compared is what is named as `sklearn.metrics.NAME`, or as
    `package.module:function` with the arguments of `compute`; other words are a citation.
    """
    from emoclass.testing.examples import agree, demanded, plain, said, shown, tied, usable
    from emoclass.testing.reference import UnusableReferenceError, find_reference

    if not case.spec.reference:
        case.skip("no reference is named")
    try:
        reference = find_reference(case.spec)
    except UnusableReferenceError as error:
        _unusable(case, error)
    if reference is None:
        case.skip("the reference is a citation, no code")
    for labels in usable(case):
        for given in (*(plain(labels, n, seed=n) for n in (24, 31, 60)), tied(labels, 40)):
            ours = demanded(case, given)
            try:
                theirs = reference(given)
            except UnusableReferenceError as error:
                _unusable(case, error)
            if not agree(theirs, ours):
                case.fail(
                    expected=f"{said(theirs, labels)}, as {case.spec.reference} says for {shown(given)}",
                    got=said(ours, labels),
                    change="Correct it (emoclass.predicted_classes decides ties), or name what it agrees with.",
                )


def _unusable(case: Case[MetricSpec], error: Exception) -> NoReturn:
    case.fail(
        expected=f"the reference {case.spec.reference!r} to be callable",
        got=str(error),
        change="Name sklearn.metrics.NAME, a function of your own with compute's arguments as package.module:function,"
        " or cite in words.",
    )


CHECKS = (
    *spec.CHECKS,
    *spec.CODE_CHECKS,
    check_within_bounds,
    check_sample_order_does_not_matter,
    check_perfect_inverted_constant,
    check_absent_class,
    check_labels_are_followed,
    check_weights,
    check_counts_give_the_value,
    check_weighted_gives_the_value,
    check_agrees_with_reference,
)
