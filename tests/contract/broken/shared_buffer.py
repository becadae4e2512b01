"""It keeps the picture in itself while it looks, and says that threads may share it."""

from emoclass import DetectorSpec, Face, hookimpl

CAUGHT_BY = "check_threads_share_a_detector"
MESSAGE = "where four threads share the detector"


def look(picture):
    """Return the box of all that differs from the first pixel."""
    import numpy as np

    there = np.abs(picture.astype(int) - picture[0, 0]).max(axis=2) > 30
    rows, columns = there.any(axis=1).nonzero()[0], there.any(axis=0).nonzero()[0]
    if not len(rows):
        return None
    return (columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1)


class Slow:
    def __call__(self, picture):
        import time

        self.picture = picture
        time.sleep(0.002)
        box = look(self.picture)
        return [Face(box=box, score=0.9)] if box else []


def build():
    return Slow()


@hookimpl
def register_detectors():
    return [
        DetectorSpec(
            name="shared-buffer",
            summary="Finds what stands out from the border.",
            build=build,
            landmarks=False,
            min_face=16,
            thread_safe=True,
            license="MIT",
            source="Made for a test.",
        )
    ]
