"""It gives no landmarks, whole pixels, a tuple, and several faces for one."""

from emoclass import DetectorSpec, Face, hookimpl


def build(*, contrast: int = 30):
    import numpy as np

    def detect(picture):
        there = np.abs(picture.astype(int) - picture[0, 0]).max(axis=2) > contrast
        rows, columns = there.any(axis=1).nonzero()[0], there.any(axis=0).nonzero()[0]
        if not len(rows):
            return ()
        left, top, width, height = columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1
        part = Face(box=(left, top, width / 2, height / 2), score=0.1)
        return part, Face(box=(left - 3, top - 3, width + 6, height + 6), score=1)

    return detect


@hookimpl
def register_detectors():
    return [
        DetectorSpec(
            name="whole-pixels",
            summary="Finds what stands out from the border.",
            build=build,
            landmarks=False,
            min_face=16,
            thread_safe=True,
            license="MIT",
            source="Made for a test.",
        )
    ]
