"""Its boxes stand a third of a face too far to the right."""

from emoclass import DetectorSpec, Face, hookimpl

CAUGHT_BY = "check_mirroring_moves_the_box"
MESSAGE = "mirrored, got left"


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
        left, top, width, height = look(picture) or (0, 0, 0, 0)
        return [Face(box=(left + width / 3, top, width, height), score=0.9)] if width else []

    return detect


@hookimpl
def register_detectors():
    return [
        DetectorSpec(
            name="off-to-one-side",
            summary="Finds what stands out from the border.",
            build=build,
            landmarks=False,
            min_face=16,
            license="MIT",
            source="Made for a test.",
        )
    ]
