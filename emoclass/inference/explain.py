"""Which parts of a picture a prediction rests on, found by hiding them one after another."""

from __future__ import annotations

from itertools import product

import numpy as np

from emoclass.inference.classifier import Classifier

CELLS = 14
"""Rows and columns of places that are hidden, fewer where the network's input is smaller."""

GRAY = 128


def occlusion(classifier: Classifier, pixels: np.ndarray, emotion: str) -> np.ndarray:
    """Return by how much an emotion's probability drops where a gray patch hides the picture.

    The patch is three cells high and wide: about a fifth of the picture. It shows what this network's answer depends
    on, not what an emotion looks like; and two things that each suffice alone hide each other.

    Args:
        classifier: The model.
        pixels: uint8 of `classifier.image_shape`, as `classifier.pixels` gives it.
        emotion: Whose probability is watched.

    Returns:
        float64 `(rows, columns)`, the drop for a patch around each cell, in [-1, 1]; where it is negative, hiding
        makes the emotion likelier.

    Source:
        M. D. Zeiler, R. Fergus: Visualizing and Understanding Convolutional Networks, ECCV 2014, section 4.2.
    """
    index = classifier.labels.index(emotion)
    height, width, _ = pixels.shape
    rows, columns = (min(CELLS, side) for side in (height, width))
    tops, lefts = (np.linspace(0, side, n + 1).astype(int) for side, n in ((height, rows), (width, columns)))
    before = classifier.scores(pixels[None])[0, index]
    after: list[float] = []
    cells = list(product(range(rows), range(columns)))
    for first in range(0, len(cells), classifier.good_batch):
        places = cells[first : first + classifier.good_batch]
        hidden = np.repeat(pixels[None], len(places), axis=0)
        for image, (row, column) in zip(hidden, places, strict=True):
            top, bottom = tops[max(row - 1, 0)], tops[min(row + 2, rows)]
            left, right = lefts[max(column - 1, 0)], lefts[min(column + 2, columns)]
            image[top:bottom, left:right] = GRAY
        after += classifier.scores(hidden)[:, index].tolist()
    drop: np.ndarray = before - np.array(after).reshape(rows, columns)
    return drop
