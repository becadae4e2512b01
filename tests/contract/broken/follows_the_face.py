"""It smooths the box over the pictures that it has seen, as in a video."""

from emoclass import DetectorSpec, Face, hookimpl

CAUGHT_BY = "check_same_picture_same_faces"
MESSAGE = "after other pictures, got"


def look(picture):
    """Return the box of all that differs from the first pixel."""
    import numpy as np

    there = np.abs(picture.astype(int) - picture[0, 0]).max(axis=2) > 30
    rows, columns = there.any(axis=1).nonzero()[0], there.any(axis=0).nonzero()[0]
    if not len(rows):
        return None
    return (columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1)


class Smooth:
    def __init__(self):
        self.last = None

    def __call__(self, picture):
        box = look(picture)
        if box is None:
            return []
        before, self.last = self.last or box, box
        return [Face(box=tuple(0.98 * new + 0.02 * old for new, old in zip(box, before, strict=True)), score=0.9)]


def build():
    return Smooth()


@hookimpl
def register_detectors():
    return [
        DetectorSpec(
            name="follows-the-face",
            summary="Finds what stands out from the border.",
            build=build,
            landmarks=False,
            min_face=16,
            license="MIT",
            source="Made for a test.",
        )
    ]
