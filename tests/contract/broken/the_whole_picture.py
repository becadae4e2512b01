"""Where it finds nothing, it answers with the whole picture."""

from emoclass import DetectorSpec, Face, hookimpl

CAUGHT_BY = "check_plain_pictures_have_no_face"
MESSAGE = "expected no face in a gray picture of 640x480 pixels, got left 0, top 0, 640x480 with score 0.50"


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
        height, width = picture.shape[:2]
        return [Face(box=look(picture) or (0, 0, width, height), score=0.5)]

    return detect


@hookimpl
def register_detectors():
    return [
        DetectorSpec(
            name="the-whole-picture",
            summary="Finds what stands out from the border.",
            build=build,
            landmarks=False,
            min_face=16,
            license="MIT",
            source="Made for a test.",
        )
    ]
