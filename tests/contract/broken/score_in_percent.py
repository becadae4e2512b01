"""Its faces are made past the constructor, with scores up to 100."""

from emoclass import DetectorSpec, Face, hookimpl

CAUGHT_BY = "check_faces_are_valid"
MESSAGE = "score: Input should be less than or equal to 1"


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
        return [Face.model_construct(box=box, score=90.0, landmarks=None)] if box else []

    return detect


@hookimpl
def register_detectors():
    return [
        DetectorSpec(
            name="score-in-percent",
            summary="Finds what stands out from the border.",
            build=build,
            landmarks=False,
            min_face=16,
            license="MIT",
            source="Made for a test.",
        )
    ]
