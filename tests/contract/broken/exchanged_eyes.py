"""It names the eyes as the viewer sees them."""

from emoclass import DetectorSpec, Face, hookimpl

CAUGHT_BY = "check_landmarks_are_as_declared"
MESSAGE = "in an upright face the right eye has the smaller x"


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
        if not look(picture):
            return []
        left, top, width, height = map(float, look(picture))
        places = ((0.7, 0.4), (0.3, 0.4), (0.5, 0.55), (0.65, 0.75), (0.35, 0.75))
        points = tuple((left + x * width, top + y * height) for x, y in places)
        return [Face(box=(left, top, width, height), score=0.9, landmarks=points)]

    return detect


@hookimpl
def register_detectors():
    return [
        DetectorSpec(
            name="exchanged-eyes",
            summary="Finds what stands out from the border.",
            build=build,
            landmarks=True,
            min_face=16,
            license="MIT",
            source="Made for a test.",
        )
    ]
