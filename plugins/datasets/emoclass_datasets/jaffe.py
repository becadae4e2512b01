"""JAFFE: Japanese women posing seven expressions, 213 gray photographs whose names say person and expression.

The owner's files are TIFF; copies as JPEG, PNG or BMP keep the names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from emoclass import Sample
from emoclass_datasets.other_readers import names_other_readers
from emoclass_datasets.release import Release

CODES = {
    "AN": "angry",
    "DI": "disgusted",
    "FE": "scared",
    "HA": "happy",
    "NE": "neutral",
    "SA": "sad",
    "SU": "surprised",
}
"""Letters in a file's name -> emotion."""

RELEASE = Release(
    name="jaffe",
    url="https://zenodo.org/records/3451524",
    layout="files such as KA.AN1.39.tiff (or .jpg, .png, .bmp), in one folder or in folders below it",
)

_NAME = re.compile(r"(?P<subject>[A-Z]{2})\.(?P<code>[A-Z]{2})\d*\.\d+\.\w+", re.IGNORECASE)


@names_other_readers
def load(root: Path | None = None) -> Iterator[Sample]:
    """List the photographs; each person is a group.

    Args:
        root: A folder that holds them, at any depth.

    Returns:
        Samples with the attribute `subject`.

    Raises:
        DataError: There are none, one lies there twice, or an image's name is not as the owner's are.
    """
    root = RELEASE.folder(root)
    seen: dict[str, str] = {}
    for file in RELEASE.pictures_below(root):
        path = file.relative_to(root).as_posix()
        match = _NAME.fullmatch(file.name)
        if match is None:
            raise RELEASE.malformed("a name such as KA.AN1.39.tiff", repr(file.name), path)
        word = RELEASE.word(CODES, match["code"].upper(), path)
        first = seen.setdefault(file.name.upper(), path)
        if first != path:
            raise RELEASE.malformed(f"{file.name} once", f"it in {first} too", path)
        subject = match["subject"].upper()
        yield Sample(id=file.name, path=path, emotion=word, group=subject, attributes={"subject": subject})
    if not seen:
        raise RELEASE.missing(f"photographs in {root}", "none")


def make_tiny(root: Path) -> dict[str, str]:
    """Write a photograph of each expression of each of three persons.

    Returns:
        Sample id -> emotion.
    """
    from emoclass_datasets.tiny import draw

    poses = {
        "AN": "angry",
        "DI": "disgusted",
        "FE": "scared",
        "HA": "happy",
        "NE": "neutral",
        "SA": "sad",
        "SU": "surprised",
    }
    written: dict[str, str] = {}
    for subject in ("KA", "UY", "YM"):
        for pose, emotion in poses.items():
            name = f"{subject}.{pose}1.{len(written) + 1}.tiff"
            draw(root / name)
            written[name] = emotion
    return written
