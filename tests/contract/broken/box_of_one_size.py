"""Its boxes have 128 pixels a side, however large the face is."""

from emoclass import DetectorSpec, Face, hookimpl

CAUGHT_BY = "check_scaling_moves_the_box"
MESSAGE = "scaled by 0.5, got left"


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
        side = 128 if width > 100 else width
        box = (left + (width - side) / 2, top + (height - side) / 2, side, side)
        return [Face(box=box, score=0.9)] if width else []

    return detect


@hookimpl
def register_detectors():
    return [
        DetectorSpec(
            name="box-of-one-size",
            summary="Finds what stands out from the border.",
            build=build,
            landmarks=False,
            min_face=16,
            license="MIT",
            source="Made for a test.",
        )
    ]
