"""It marks the corner of the face in the picture that it was given."""

from emoclass import DetectorSpec, Face, hookimpl

CAUGHT_BY = "check_picture_is_left_alone"
MESSAGE = "expected an unchanged picture after a look at synthetic face 0"


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
        if box is None:
            return []
        left, top, _, _ = box
        if picture.flags.writeable:
            picture[top, left] = (255, 0, 0)
        return [Face(box=box, score=0.9)]

    return detect


@hookimpl
def register_detectors():
    return [
        DetectorSpec(
            name="draws-on-the-picture",
            summary="Finds what stands out from the border.",
            build=build,
            landmarks=False,
            min_face=16,
            license="MIT",
            source="Made for a test.",
        )
    ]
