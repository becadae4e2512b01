"""Checks of a face detector, on drawn portraits and on pictures without a face."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import ValidationError

from emoclass.testing.case import Case
from emoclass.testing.checks import spec
from emoclass.values.faces import Face
from emoclass.values.specs import DetectorSpec

if TYPE_CHECKING:
    from emoclass.testing.portraits import Box, Detector, Pixels, Portrait

ODD_SIZES = ((1, 1), (24, 24), (9, 500), (500, 9), (97, 131))
"""Heights and widths of pictures that a detector may meet."""

MIN_OVERLAP = 0.7
"""Intersection over union of boxes that are taken for the same."""


def check_faces_are_valid(case: Case[DetectorSpec]) -> None:
    """Every box is finite, has an area and meets the picture, and every score is in [0, 1], whatever the picture.

    Crops are cut by the boxes, and faces chosen by the scores. Tried on drawn portraits, and on noise of odd sizes.
    Nothing is printed meanwhile.
    """
    import numpy as np

    from emoclass.testing.portraits import built, found, large_side, portraits

    with case.silent("the detector"):
        detector = built(case)
        for portrait in portraits(large_side(case.spec)):
            for face in found(case, detector, portrait.pixels, portrait):
                _check_valid(case, face, portrait.pixels, str(portrait))
        for height, width in ODD_SIZES:
            noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
            what = f"noise in {width}x{height} pixels"
            for face in found(case, detector, noise, what):
                _check_valid(case, face, noise, what)


def _check_valid(case: Case[DetectorSpec], face: Face, picture: Pixels, what: str) -> None:
    from emoclass.testing.portraits import overlap, shown

    try:
        Face(**dict(face))
    except ValidationError as error:
        first = error.errors()[0]
        case.fail(
            expected=f"valid faces for {what}",
            got=f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": "),
            change="Make each with emoclass.Face(...), which checks it, and leave out boxes that cannot be.",
        )
    height, width = picture.shape[:2]
    if overlap(face.box, (0, 0, width, height)) == 0:
        case.fail(
            expected=f"boxes that meet the picture for {what}",
            got=shown(face.box),
            change="Give boxes as (left, top, width, height), in pixels of the picture.",
        )


def check_plain_pictures_have_no_face(case: Case[DetectorSpec]) -> None:
    """A gray field has no face, and neither has a black or a white one.

    A detector that always answers with something, such as the whole picture, has every wall judged as a person.
    """
    import numpy as np

    from emoclass.testing.portraits import built, found, shown

    detector = built(case)
    for level, name in ((128, "gray"), (0, "black"), (255, "white")):
        for height, width in ((480, 640), (64, 64)):
            picture = np.full((height, width, 3), level, np.uint8)
            faces = found(case, detector, picture, f"a {name} picture")
            if faces:
                case.fail(
                    expected=f"no face in a {name} picture of {width}x{height} pixels",
                    got=f"{shown(faces[0].box)} with score {faces[0].score:.2f}",
                    change="Return an empty list where nothing is found.",
                )


def check_drawn_faces_are_found(case: Case[DetectorSpec]) -> None:
    """Of portraits on a plain ground, at least half are found where they stand, down to twice the size of `min_face`.

    Boxes in pixels of a resized copy, or counted from the bottom, put faces elsewhere; and whoever asks for small faces
    relies on `min_face`. Synthetic faces are harder to find than real ones. If a detector cannot see them at all,
    expect this failure with that reason.
    """
    from emoclass.testing.portraits import FACE, built, large_side, portraits

    detector = built(case)
    small = round(2 * case.spec.min_face / FACE)
    _check_found(case, detector, list(portraits(large_side(case.spec))))
    _check_found(case, detector, list(portraits(small, size=(max(640, 2 * small), max(480, 2 * small)))))


def _check_found(case: Case[DetectorSpec], detector: Detector, pictures: list[Portrait]) -> None:
    from emoclass.testing.portraits import found, shown

    hits, best = 0, "no face"
    for portrait in pictures:
        left, top, width, height = portrait.area
        for face in found(case, detector, portrait.pixels, portrait)[:1]:
            (x, y), (_, _, w, h) = face.center, face.box
            inside = left <= x <= left + width and top <= y <= top + height
            if inside and 0.2 <= (w * h / width / height) ** 0.5 <= 1.5:
                hits += 1
            else:
                best = f"{shown(face.box)} for {portrait}, whose portrait is {shown(portrait.area)}"
    if 2 * hits < len(pictures):
        case.fail(
            expected=f"a face in at least half of {len(pictures)} pictures like {pictures[0]}",
            got=f"{hits}; for example {best}",
            change="Give boxes as (left, top, width, height) in pixels of the picture, and declare min_face as it is.",
        )


def check_scaling_moves_the_box(case: Case[DetectorSpec]) -> None:
    """In a picture that is scaled to a half and to one and a half, the box of the face is scaled too.

    The larger picture holds the same face. The intersection over union of the box and the scaled one is at least 0.7.
    """
    from PIL import Image

    def scaled(factor: float) -> Callable[[Pixels], Pixels]:
        import numpy as np

        def change(pixels: Pixels) -> Pixels:
            size = round(pixels.shape[1] * factor), round(pixels.shape[0] * factor)
            return np.array(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))

        return change

    for factor in (0.5, 1.5):

        def move(box: Box, _width: int, factor: float = factor) -> Box:
            left, top, width, height = box
            return left * factor, top * factor, width * factor, height * factor

        _check_moves(case, scaled(factor), move, f"scaled by {factor:g}")


def check_mirroring_moves_the_box(case: Case[DetectorSpec]) -> None:
    """In a mirrored picture, the box of the face is mirrored.

    A box that is off to one side cuts half of the face away. The intersection over union of the box and the mirrored
    one is at least 0.7.
    """

    def move(box: Box, picture_width: int) -> Box:
        left, top, width, height = box
        return picture_width - left - width, top, width, height

    _check_moves(case, lambda pixels: pixels[:, ::-1].copy(), move, "mirrored")


def _check_moves(
    case: Case[DetectorSpec], change: Callable[[Pixels], Pixels], move: Callable[[Box, int], Box], how: str
) -> None:
    from emoclass.testing.portraits import built, found, large_side, overlap, portraits, shown

    detector, compared, pictures = built(case), 0, list(portraits(large_side(case.spec)))
    for portrait in pictures:
        before = found(case, detector, portrait.pixels, portrait)
        after = found(case, detector, change(portrait.pixels), f"{portrait}, {how}")
        if not (before and after):
            continue
        compared += 1
        expected = move(before[0].box, portrait.pixels.shape[1])
        shared = overlap(expected, after[0].box)
        if shared < MIN_OVERLAP:
            case.fail(
                expected=f"the box {shown(expected)} for {portrait}, {how}",
                got=f"{shown(after[0].box)}, an intersection over union of {shared:.2f} (least: {MIN_OVERLAP})",
                change="Give boxes in pixels of the picture that was given, around the face.",
            )
    if 2 * compared < len(pictures):
        case.fail(
            expected=f"faces in at least half of {len(pictures)} drawn portraits as they are and {how}",
            got=str(compared),
            change="Let the detector find a face at any size from min_face on.",
        )


def check_landmarks_are_as_declared(case: Case[DetectorSpec]) -> None:
    """Each face has landmarks where the description says so, and none otherwise: eyes and corners on their own sides.

    Crops are turned upright by the eyes, so two that are exchanged turn every face over.
    """
    from emoclass.testing.portraits import built, found, large_side, portraits

    detector = built(case)
    for portrait in portraits(large_side(case.spec)):
        for face in found(case, detector, portrait.pixels, portrait)[:1]:
            if (face.landmarks is not None) != case.spec.landmarks:
                case.fail(
                    expected=f"landmarks={case.spec.landmarks} to be true for {portrait}",
                    got=f"landmarks {face.landmarks}",
                    change="Declare landmarks as the faces have them.",
                )
            if face.landmarks is not None:
                _check_landmarks(case, face, portrait)


def _check_landmarks(case: Case[DetectorSpec], face: Face, portrait: Portrait) -> None:
    assert face.landmarks is not None
    right_eye, left_eye, nose, right_corner, left_corner = face.landmarks
    left, top, width, height = face.box
    near = all(
        left - width / 2 <= x <= left + 1.5 * width and top - height / 2 <= y <= top + 1.5 * height
        for x, y in face.landmarks
    )
    eyes, mouth = (right_eye[1] + left_eye[1]) / 2, (right_corner[1] + left_corner[1]) / 2
    if not (right_eye[0] < left_eye[0] and right_corner[0] < left_corner[0] and eyes < nose[1] < mouth and near):
        points = ", ".join(f"({x:.0f}, {y:.0f})" for x, y in face.landmarks)
        case.fail(
            expected=f"right eye, left eye, nose, right and left corner of the mouth as (x, y) for {portrait}",
            got=f"{points} in the box {tuple(round(each) for each in face.box)}",
            change="Right and left are the person's: in an upright face the right eye has the smaller x.",
        )


def check_same_picture_same_faces(case: Case[DetectorSpec]) -> None:
    """The same picture gives the same faces: again, after other pictures, and from another detector of the same build.

    A crop that changes from one time to the next changes what is predicted.
    """
    from emoclass.testing.portraits import built, found, large_side, portraits

    side = large_side(case.spec)
    detector, pictures = built(case), [*portraits(side), *portraits(side // 2)]
    first = [found(case, detector, each.pixels, each) for each in pictures]
    again = ((detector, "after other pictures"), (built(case), "from a detector that was built later"))
    for looking, when in again:
        for before, portrait in reversed(list(zip(first, pictures, strict=True))):
            after = found(case, looking, portrait.pixels, portrait)
            if before != after:
                case.fail(
                    expected=f"the same faces for {portrait} {when}",
                    got=f"{after} instead of {before}",
                    change="Keep nothing of a picture, and draw nothing at random.",
                )


def check_picture_is_left_alone(case: Case[DetectorSpec]) -> None:
    """The detector does not change the picture, and works where it may not: what is found is cut out of it.

    Pictures are often read-only views of what a decoder holds.
    """
    import numpy as np

    from emoclass.testing.portraits import built, large_side, portraits

    detector = built(case)
    for portrait in portraits(large_side(case.spec)):
        given = portrait.pixels.copy()
        detector(given)
        if not np.array_equal(given, portrait.pixels):
            case.fail(
                expected=f"an unchanged picture after a look at {portrait}",
                got=f"{np.count_nonzero(given != portrait.pixels)} changed values",
                change="Work on a copy.",
            )
        given.flags.writeable = False
        detector(given)


def check_threads_share_a_detector(case: Case[DetectorSpec]) -> None:
    """Where `thread_safe` says so, threads that share one detector find what each finds alone.

    A buffer that threads share gives one picture the faces of another, and only now and then.
    """
    from concurrent.futures import ThreadPoolExecutor

    from emoclass.testing.portraits import built, found, large_side, portraits

    if not case.spec.thread_safe:
        case.skip("it is not declared thread-safe")
    side = large_side(case.spec)
    detector, pictures = built(case), [*portraits(side), *portraits(side // 2)]
    alone = [found(case, detector, each.pixels, each) for each in pictures]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda each: found(case, detector, each.pixels, each), pictures * 3))
    for portrait, before, after in zip(pictures * 3, alone * 3, together, strict=True):
        if before != after:
            case.fail(
                expected=f"{before} for {portrait}, as one thread finds",
                got=f"{after} where four threads share the detector",
                change="Keep what belongs to one picture in local variables, or declare thread_safe=False.",
            )


CHECKS = (
    *spec.CHECKS,
    *spec.CODE_CHECKS,
    check_faces_are_valid,
    check_plain_pictures_have_no_face,
    check_drawn_faces_are_found,
    check_scaling_moves_the_box,
    check_mirroring_moves_the_box,
    check_landmarks_are_as_declared,
    check_same_picture_same_faces,
    check_picture_is_left_alone,
    check_threads_share_a_detector,
)
