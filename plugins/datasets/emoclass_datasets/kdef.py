"""KDEF: 70 persons posing seven expressions twice, each photographed from five angles; the names say all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from emoclass import Sample
from emoclass.errors import ConfigError
from emoclass_datasets.other_readers import names_other_readers
from emoclass_datasets.release import Release

CODES = {
    "AF": "scared",
    "AN": "angry",
    "DI": "disgusted",
    "HA": "happy",
    "NE": "neutral",
    "SA": "sad",
    "SU": "surprised",
}
"""Letters in a file's name -> emotion."""

ANGLES = {"S": "straight", "HL": "half left", "HR": "half right", "FL": "full left", "FR": "full right"}
SEXES = {"F": "female", "M": "male"}

MISNAMED = {"AF31V.JPG", "AM31H.JPG"}
"""Files of the owner's whose names are cut off: their class is the word `misnamed`, which is no emotion."""

RELEASE = Release(
    name="kdef",
    url="https://kdef.se/",
    layout=(
        "files such as AF01ANS.JPG (session, sex and person, expression, angle), in folders such as KDEF/AF01/ or of "
        "classes, or in one; AKDEF/ beside them is passed over"
    ),
)

AVERAGED = re.compile(r"[FM](?:AF|AN|DI|HA|NE|SA|SU)(?:S|HL|HR|FL|FR)\.\w+", re.IGNORECASE)
"""Names of AKDEF's pictures, each the average of all persons of a sex: nobody's photograph, and passed over."""

_NAME = re.compile(r"[AB](?P<subject>(?P<sex>[FM])\d\d)(?P<code>[A-Z]{2})(?P<angle>S|HL|HR|FL|FR)\.\w+", re.IGNORECASE)


@names_other_readers
def load(root: Path | None = None, *, angles: Sequence[str] = tuple(ANGLES)) -> Iterator[Sample]:
    """List the photographs; each person is a group, in both sessions.

    The averaged faces of AKDEF, which the owner's archive has beside them, are nobody's photographs, and passed over.
    Folders between the root and the photographs, of persons or of classes, say nothing that the names do not.

    Two of the owner's files have a name that is cut off and says no expression. They count as `misnamed`, which is
    no emotion; they are listed where all angles are.

    Args:
        root: A folder that holds them, at any depth.
        angles: Which of `S` (straight), `HL` and `HR` (half profiles), `FL` and `FR` (full profiles).

    Returns:
        Samples with the attributes `subject`, `sex` and `angle`.

    Raises:
        ConfigError: `angles` holds none, or something else.
        DataError: There are no photographs, one lies there twice, or an image's name is not as the owner's are.
    """
    chosen = [angles] if isinstance(angles, str) else list(angles)
    if not chosen or any(angle not in ANGLES for angle in chosen):
        raise ConfigError(
            f"dataset 'kdef', option angles: expected some of {', '.join(ANGLES)}, got {angles!r}.",
            hint='Set it with --data-option (in a config file under [data.options]), as in angles=\'["S", "HL"]\'.',
        )
    root = RELEASE.folder(root)
    seen: dict[str, str] = {}
    for file in RELEASE.pictures_below(root):
        if AVERAGED.fullmatch(file.name):
            continue
        path = file.relative_to(root).as_posix()
        first = seen.setdefault(file.name.upper(), path)
        if first != path:
            raise RELEASE.malformed(f"{file.name} once", f"it in {first} too", path)
        sample = _sample(file.name, path)
        if sample.attributes.get("angle") in {ANGLES[angle] for angle in chosen} or len(set(chosen)) == len(ANGLES):
            yield sample
    if not seen:
        raise RELEASE.missing(f"photographs in {root}", "none")


def _sample(name: str, path: str) -> Sample:
    if name.upper() in MISNAMED:
        subject, sex = name[1:4].upper(), SEXES[name[1].upper()]
        attributes = {"subject": subject, "sex": sex}
        return Sample(id=name, path=path, emotion="misnamed", group=subject, attributes=attributes)
    match = _NAME.fullmatch(name)
    if match is None:
        raise RELEASE.malformed("a name such as AF01ANS.JPG", repr(name), path)
    parts = {key: value.upper() for key, value in match.groupdict().items()}
    return Sample(
        id=name,
        path=path,
        emotion=RELEASE.word(CODES, parts["code"], path),
        group=parts["subject"],
        attributes={"subject": parts["subject"], "sex": SEXES[parts["sex"]], "angle": ANGLES[parts["angle"]]},
    )


def make_tiny(root: Path) -> dict[str, str]:
    """Write a photograph of each expression of each of three persons, from all angles in turn.

    Returns:
        Sample id -> emotion.
    """
    from emoclass_datasets.tiny import draw

    poses = {
        "AF": "scared",
        "AN": "angry",
        "DI": "disgusted",
        "HA": "happy",
        "NE": "neutral",
        "SA": "sad",
        "SU": "surprised",
    }
    angles = ("S", "HL", "HR", "FL", "FR")
    written: dict[str, str] = {}
    for person in ("AF01", "BF02", "AM01"):
        for pose, emotion in poses.items():
            name = f"{person}{pose}{angles[len(written) % len(angles)]}.JPG"
            draw(root / "KDEF" / person / name, mode="RGB")
            written[name] = emotion
    return written
