import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from emoclass import DetectorSpec, Face
from emoclass.data.photograph import Photograph
from emoclass.errors import ConfigError, ContractError
from emoclass.faces.find import FaceFinder, find, is_ready_made

FACES = [
    Face(box=(300, 20, 40, 50), score=0.9),
    Face(box=(10, 30, 20, 20), score=0.7),
    Face(box=(100, 60, 80, 90), score=0.8),
]


def spec(build=None, **changes):
    """A detector whose faces are in a picture of 640 by 480 pixels."""
    plain = {"landmarks": False, "min_face": 20, "license": "MIT", "source": "a test"}
    return DetectorSpec(name="fake", summary="Finds what is asked.", build=build or (lambda: lambda picture: FACES),
                        **{**plain, **changes})  # fmt: skip


def picture(width=640, height=480):
    return Photograph(Image.new("RGB", (width, height)))


def lefts(faces):
    return [round(face.box[0]) for face in faces]


def test_faces_come_from_left_to_right():
    assert lefts(FaceFinder(spec())(picture())) == [10, 100, 300]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"min_score": 0.75}, [100, 300]),
        ({"min_face": 30}, [100, 300]),
        ({"max_faces": 1}, [100]),
        ({"max_faces": 2}, [100, 300]),
        ({"max_faces": 9}, [10, 100, 300]),
        ({"min_score": 0.95}, []),
    ],
)
def test_limits_leave_faces_out(limits, expected):
    assert lefts(FaceFinder(spec(), **limits)(picture())) == expected


def test_boxes_are_in_pixels_of_the_whole_picture():
    import io

    seen = []

    def build():
        return lambda pixels: [seen.append(pixels.shape), Face(box=(10, 10, 100, 100), score=1)][1:]

    buffer = io.BytesIO()
    Image.new("RGB", (4000, 2000)).save(buffer, "JPEG")
    (face,) = FaceFinder(spec(build))(Photograph(buffer.getvalue()))
    assert seen == [(500, 1000, 3)], "a draft, but not below 640 pixels"
    assert face.box == (40, 40, 400, 400)


def test_options_reach_the_detector_and_unknown_ones_are_refused():
    chosen = spec(lambda *, threshold=0.5: lambda pixels: [Face(box=(0, 0, 9, 9), score=threshold)])
    assert FaceFinder(chosen, options={"threshold": 0.25})(picture())[0].score == 0.25
    with pytest.raises(ConfigError, match=r"detector 'fake': options do not fit.*It takes threshold"):
        FaceFinder(chosen, options={"treshold": 0.25})


@pytest.mark.parametrize(("thread_safe", "built"), [(True, 1), (False, 3)])
def test_threads_share_a_detector_only_where_it_says_so(thread_safe, built):
    builders = []
    meet = threading.Barrier(2, timeout=10)

    def build():
        builders.append(threading.get_ident())
        return lambda pixels: [meet.wait(), FACES][1]

    finder = FaceFinder(spec(build, thread_safe=thread_safe))
    with ThreadPoolExecutor(2) as pool:
        assert all(len(found) == 3 for found in pool.map(lambda _: finder(picture()), range(2)))
    assert len(builders) == built


def test_a_detector_that_returns_no_faces_is_at_fault():
    with pytest.raises(ContractError, match=r"detector 'fake': expected a sequence of Face, got \[\(1, 2, 3, 4\)\]"):
        FaceFinder(spec(lambda: lambda pixels: [(1, 2, 3, 4)]))(picture())
    with pytest.raises(ContractError, match="detector 'fake': build: expected what can be called, got list"):
        FaceFinder(spec(lambda: []))


def test_a_detector_cannot_change_the_picture():
    def build():
        def detect(pixels):
            pixels[:] = 0
            return []

        return detect

    with pytest.raises(ValueError, match="read-only"):
        FaceFinder(spec(build))(picture())


@pytest.mark.parametrize(
    ("size", "boxes", "ready"),
    [
        ((48, 48), [], True),
        ((64, 60), [(0, 0, 20, 20), (30, 0, 20, 20)], True),
        ((100, 100), [], True),
        ((100, 100), [(5, -3, 90, 107)], True),
        ((400, 400), [], False),
        ((400, 400), [(60, 40, 250, 300)], True),
        ((400, 400), [(60, 40, 150, 200)], False),
        ((400, 400), [(60, 40, 250, 300), (0, 0, 30, 30)], False),
        ((640, 480), [(60, 40, 300, 400)], False),
    ],
)
def test_a_crop_is_known_by_the_face_that_fills_it(size, boxes, ready):
    assert is_ready_made(size, [Face(box=box, score=0.9) for box in boxes]) is ready
    assert is_ready_made(size[::-1], [Face(box=box, score=0.9) for box in boxes]) is ready


def test_a_small_photograph_whose_faces_are_left_out_is_no_crop():
    """Of a picture of 100 pixels with one small face, nothing is judged where small faces are left out."""
    small = spec(lambda: lambda pixels: [Face(box=(40, 40, 12, 15), score=0.9)])
    assert find(picture(100, 100), FaceFinder(small, min_face=50), "auto") == ((), False, 1)
    assert find(picture(100, 100), FaceFinder(small, min_score=0.95), "auto") == ((), False, 1)
    found = find(picture(100, 100), FaceFinder(small), "auto")
    assert (lefts(found.faces), found.ready_made, found.n_left_out) == ([40], False, 0)
    assert find(picture(100, 100), FaceFinder(spec(lambda: lambda pixels: []), min_face=50), "auto") == ((), True, 0)
