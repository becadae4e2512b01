"""It declares landmarks and gives none."""

from emoclass import DetectorSpec, Face, hookimpl

CAUGHT_BY = "check_landmarks_are_as_declared"
MESSAGE = "expected landmarks=True to be true for synthetic face 0 in 512x384 pixels, got landmarks None"


def look(picture):
    """Return the box of all that differs from the first pixel."""
    import numpy as np

    there = np.abs(picture.astype(int) - picture[0, 0]).max(axis=2) > 30
    rows, columns = there.any(axis=1).nonzero()[0], there.any(axis=0).nonzero()[0]
    if not len(rows):
        return None
    return (columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1)


def build():
    def detect(picture):
        box = look(picture)
        return [Face(box=box, score=0.9)] if box else []

    return detect


@hookimpl
def register_detectors():
    return [
        DetectorSpec(
            name="landmarks-promised",
            summary="Finds what stands out from the border.",
            build=build,
            landmarks=True,
            min_face=16,
            license="MIT",
            source="Made for a test.",
        )
    ]
