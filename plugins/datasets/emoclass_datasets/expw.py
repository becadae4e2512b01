"""ExpW, expressions in the wild: photographs from the web, the faces in them boxed, seven expressions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from emoclass import Sample
from emoclass_datasets.crops import face_id
from emoclass_datasets.other_readers import names_other_readers
from emoclass_datasets.release import Release, without_repeats

CODES = {
    "0": "angry",
    "1": "disgusted",
    "2": "scared",
    "3": "happy",
    "4": "sad",
    "5": "surprised",
    "6": "neutral",
}
"""Number in the list -> emotion."""

RELEASE = Release(
    name="expw",
    url="http://mmlab.ie.cuhk.edu.hk/projects/socialrelation/index.html",
    layout="label/label.lst beside image/origin/*.jpg (or label.lst beside origin/)",
)

LISTS = ("label/label.lst", "label.lst")
IMAGES = ("image/origin", "origin", "image/origin.7z/origin", "origin.7z/origin", "image/origin/origin")
"""The folders that the photographs can be in; 7-Zip names one after the archive."""
FIELDS = ("image_name", "face_id_in_image", "top", "left", "right", "bottom", "confidence", "label")


@names_other_readers
def load(root: Path | None = None) -> Iterable[Sample]:
    """List the faces; those of one photograph are a group.

    A face that the list repeats is listed once; if it repeats with another label, it is `conflicting`, which is no
    emotion.

    Args:
        root: The folder that holds `label` and `image`, or one above it.

    Returns:
        Samples whose id has the face's box, by which `crops.read_sample` cuts it out.

    Raises:
        DataError: A file or folder is missing, or a line is not as the owner's are.
    """
    home = RELEASE.find(root, *LISTS)
    listed = next(name for name in LISTS if (home / name).exists())
    folders = [name for name in IMAGES if (home / name).is_dir()]
    folder = next((name for name in folders if RELEASE.pictures_in(home / name)), next(iter(folders), None))
    if folder is None:
        raise RELEASE.missing(f"{' or '.join(IMAGES[:3])} in {home}", "none of them")
    samples = without_repeats(_faces(root or home, home, listed, folder))
    RELEASE.require(root or home, dict.fromkeys(sample.path for sample in samples), listed)
    return samples


def _faces(root: Path, home: Path, listed: str, folder: str) -> Iterator[Sample]:
    for line, text in RELEASE.lines(home / listed, listed):
        fields = text.split()
        if len(fields) != len(FIELDS):
            raise RELEASE.malformed(f"{len(FIELDS)} fields ({' '.join(FIELDS)})", f"{len(fields)}", listed, line)
        image = fields[0]
        try:
            top, left, right, bottom = map(int, fields[2:6])
        except ValueError:
            got = " ".join(fields[2:6])
            raise RELEASE.malformed("whole numbers for top left right bottom", repr(got), listed, line) from None
        word = RELEASE.word(CODES, fields[7], listed, line)
        path = RELEASE.inside(home / folder, image, listed, line).relative_to(root).as_posix()
        yield Sample(id=face_id(image, left, top, right - left, bottom - top), path=path, emotion=word, group=image)


def make_tiny(root: Path) -> dict[str, str]:
    """Write photographs of 56x30 pixels with two faces each, four faces of each expression, one of them twice.

    Returns:
        Sample id -> emotion.
    """
    from emoclass_datasets.tiny import draw

    order = ("angry", "disgusted", "scared", "happy", "sad", "surprised", "neutral")
    rows, written = [], {}
    for number in range(2 * len(order)):
        image = f"face_{number}.jpg"
        draw(root / "image/origin" / image, mode="RGB", size=(56, 30))
        for face, left in enumerate((2, 30)):
            code = (number + 3 * face) % len(order)
            rows.append(f"{image} {face} 3 {left} {left + 24} 27 12.5 {code}\n")
            written[f"{image}#xywh={left},3,24,24"] = order[code]
    (root / "label").mkdir()
    (root / "label/label.lst").write_text("".join([*rows, rows[0]]), encoding="utf-8")
    return written
