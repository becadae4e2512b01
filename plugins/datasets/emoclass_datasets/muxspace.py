"""muxspace/facial_expressions: photographs that students labeled, with one table for all.

Most are named after who is in the picture, as in Labeled Faces in the Wild, `Ann_Lee_0001.jpg`, or as those of the
actors, with any number of digits: `AnnLee_12.jpg`. Photographs of one name are a group. The table writes one class in
several ways, and separates its fields by commas in some lines and by tabs in others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from emoclass import Sample
from emoclass_datasets.other_readers import names_other_readers
from emoclass_datasets.release import Release, without_repeats

CODES = {
    "anger": "angry",
    "angry": "angry",
    "contempt": "contemptuous",
    "disgust": "disgusted",
    "disgusted": "disgusted",
    "fear": "scared",
    "fearful": "scared",
    "happiness": "happy",
    "happy": "happy",
    "neutral": "neutral",
    "sad": "sad",
    "sadness": "sad",
    "surprise": "surprised",
    "surprised": "surprised",
}
"""Word in the table, in lower case -> emotion."""

RELEASE = Release(
    name="muxspace",
    url="https://github.com/muxspace/facial_expressions",
    layout="data/legend.csv (user.id,image,emotion) beside images/",
)

LEGEND = "data/legend.csv"

_PERSON = re.compile(r"(?!facial-expressions_)(?P<person>.*[^\W\d_])_?\d+\.\w+", re.IGNORECASE)
"""The name of a photograph of a known person. `facial-expressions_12.jpg` tells nobody's name."""


@names_other_readers
def load(root: Path | None = None) -> Iterable[Sample]:
    """List the photographs; those whose names say the same person are a group.

    A photograph that the table repeats is listed once; if it repeats with another class, it is `conflicting`, which
    is no emotion.

    Args:
        root: A clone of the repository, or the folder above it.

    Returns:
        Samples.

    Raises:
        DataError: A file or folder is missing, or a line is not as the owner's are.
    """
    home = RELEASE.find(root, LEGEND)
    if not (home / "images").is_dir():
        raise RELEASE.missing(f"images/ in {home}", "nothing of that name")
    samples = without_repeats(_rows(root or home, home))
    RELEASE.require(root or home, (sample.path for sample in samples), LEGEND)
    return samples


def _rows(root: Path, home: Path) -> Iterator[Sample]:
    for line, text in RELEASE.lines(home / LEGEND, LEGEND):
        fields = [field.strip().strip('"') for field in re.split(r"[,\t]", text)]
        if fields == ["user.id", "image", "emotion"]:
            continue
        if len(fields) != 3 or not fields[1]:
            raise RELEASE.malformed("user.id,image,emotion", repr(text), LEGEND, line)
        image, word = fields[1], RELEASE.word(CODES, fields[2].casefold(), LEGEND, line)
        person = _PERSON.fullmatch(image)
        path = RELEASE.inside(home / "images", image, LEGEND, line).relative_to(root).as_posix()
        yield Sample(id=image, path=path, emotion=word, group=person["person"] if person else None)


def make_tiny(root: Path) -> dict[str, str]:
    """Write three photographs for each word of the table, in mixed case, and three that it lists with two classes.

    Returns:
        Sample id -> emotion, or `conflicting`.
    """
    from emoclass_datasets.tiny import draw

    words = (
        ("anger", "angry"),
        ("ANGRY", "angry"),
        ("contempt", "contemptuous"),
        ("Disgust", "disgusted"),
        ("disgusted", "disgusted"),
        ("FEAR", "scared"),
        ("fearful", "scared"),
        ("HAPPINESS", "happy"),
        ("happy", "happy"),
        ("neutral", "neutral"),
        ("sad", "sad"),
        ("sadness", "sad"),
        ("surprise", "surprised"),
        ("Surprised", "surprised"),
    )
    rows = ["user.id,image,emotion\n"]
    written: dict[str, str] = {}
    for word, emotion in words:
        for person in ("Ann_Lee", "Bo_Ray", "Cy_Fox"):
            image = f"{person}_{len(written):04d}.jpg"
            rows.append(f"302,{image},{word}\n" if person != "Cy_Fox" else f"520\t{image}\t{word}\n")
            written[image] = emotion
    for number in range(3):
        image = f"torn_{number}k.jpg"
        rows += [f"1,{image},sadness\n", f"2,{image},neutral\n"]
        written[image] = "conflicting"
    rows.append(rows[1])
    for image in written:
        draw(root / "facial_expressions/images" / image)
    (root / "facial_expressions/data").mkdir()
    (root / "facial_expressions/data/legend.csv").write_text("".join(rows), encoding="utf-8")
    return written
