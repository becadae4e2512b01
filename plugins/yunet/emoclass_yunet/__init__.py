"""The face detector YuNet, run by OpenCV."""

from __future__ import annotations

from collections.abc import Sequence

from emoclass import DetectorSpec, hookimpl

EMOCLASS_HOOKSPEC = 2


@hookimpl
def register_detectors() -> Sequence[DetectorSpec]:
    """Return the detector."""
    return [
        DetectorSpec(
            name="yunet",
            summary="YuNet: boxes and landmarks of faces from 16 pixels on, in 10 ms of a core.",
            build="emoclass_yunet.detector:build",
            landmarks=True,
            min_face=16,
            thread_safe=True,
            license="MIT (weights), Apache-2.0 (OpenCV)",
            source="Wu, Peng and Yu, YuNet: A Tiny Millisecond-level Face Detector, 2023; "
            "https://github.com/opencv/opencv_zoo, face_detection_yunet_2023mar",
        )
    ]
