"""What a reader of figures must know of the predictions that they rest on; the same wherever the figures stand."""

from __future__ import annotations

from collections.abc import Iterator

from emoclass.evaluation.predictions import Predictions
from emoclass.evaluation.units import FEW_UNITS


def notes_of_predictions(predictions: Predictions) -> Iterator[str]:
    """Yield a sentence where images are not independent, where they are of few persons, and where all answers agree."""
    n, units = len(predictions), predictions.n_units
    if not predictions.independent:
        yield note_of_units(n, units)
    note = note_of_one_answer([predictions.labels.emotions[k] for k in set(predictions.y_pred.tolist())], n)
    if note:
        yield note


def note_of_units(n: int, units: int) -> str:
    """Say how many independent units images are, and whether these are few.

    Example:
        >>> note_of_units(180, 60)
        '180 images are 60 independent units: images of one person or source, and copies of one picture, count as one \
in intervals and tests.'
    """
    counted = f"{units:,} independent unit{'' if units == 1 else 's'}"
    note = (
        f"{n:,} images are {counted}: images of one person or source, and copies of one picture, count as one in "
        "intervals and tests."
    )
    if units < FEW_UNITS:
        note += f" Metrics on fewer than {FEW_UNITS} units say little about others, and their intervals are wide."
    return note


def note_of_one_answer(predicted: list[str], n: int, who: str = "The model") -> str | None:
    """Say that all images were predicted as the same emotion; None where they were not, or there is a single image.

    Example:
        >>> note_of_one_answer(["sad"], 64)
        "The model predicts 'sad' for all images: it does not distinguish emotions, whatever the metrics are."
    """
    if n < 2 or len(predicted) != 1:
        return None
    return (
        f"{who} predicts {predicted[0]!r} for all images: it does not distinguish emotions, whatever the metrics are."
    )


def note_of_copies(n_copies: int, n: int, *, images: str, of: str) -> str:
    """Say how many images a model has seen.

    Args:
        n_copies: How many of them are copies.
        n: How many there are.
        images: What they are: `test images`.
        of: What they are copies of: `training or validation images`.

    Example:
        >>> note_of_copies(1, 32, images="test images", of="training images")
        '1 of the 32 test images is a copy of training images: metrics on it say little about new images'
    """
    one = n_copies == 1
    return (
        f"{n_copies:,} of the {n:,} {images} {'is a copy' if one else 'are copies'} of {of}: metrics on "
        f"{'it' if one else 'them'} say little about new images"
    )


def note_of_leaks(n_copies: int, n: int, *, images: str, of: str) -> str:
    """Say how many images a model has seen, and what that means for its metrics; the arguments are as above.

    Example:
        >>> note_of_leaks(1, 32, images="test images", of="training images")
        '1 of the 32 test images is a copy of training images: metrics on it say little about new images. The \
leak-adjusted metrics leave it out.'
        >>> note_of_leaks(32, 32, images="test images", of="training images")
        'All of the 32 test images are copies of training images: the metrics say nothing about new images.'
    """
    if n_copies == n > 1:
        return f"All of the {n:,} {images} are copies of {of}: the metrics say nothing about new images."
    seen = note_of_copies(n_copies, n, images=images, of=of)
    return f"{seen}. The leak-adjusted metrics leave {'it' if n_copies == 1 else 'them'} out."
