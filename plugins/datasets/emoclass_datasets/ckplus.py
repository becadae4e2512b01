"""CK+, the extended Cohn-Kanade dataset as its owner gives it out: sequences from a neutral face to the peak.

Of 593 sequences 327 have an emotion. The numbers of the emotions, and the folders between the archives' names and the
persons, are as users of the dataset describe them; none of its files was seen when this was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from emoclass import Sample
from emoclass.errors import ConfigError
from emoclass_datasets.other_readers import names_other_readers
from emoclass_datasets.release import Release

CODES = {
    "0": "neutral",
    "1": "angry",
    "2": "contemptuous",
    "3": "disgusted",
    "4": "scared",
    "5": "happy",
    "6": "sad",
    "7": "surprised",
}
"""Number in an emotion file -> emotion."""

RELEASE = Release(
    name="ckplus",
    url="https://www.jeffcohn.net/resources/",
    layout=(
        "cohn-kanade-images/S005/001/S005_001_00000011.png beside Emotion/S005/001/S005_001_00000011_emotion.txt "
        "(also emotion/, and below extended-cohn-kanade-images/ and Emotion_labels/)"
    ),
)

IMAGES = ("cohn-kanade-images", "extended-cohn-kanade-images/cohn-kanade-images")
EMOTIONS = ("Emotion", "Emotion_labels/Emotion", "Emotion_labels", "emotion", "emotion_labels")

_LABEL = re.compile(r"(?P<subject>S\d{3})_(?P<sequence>\d{3})_\d{8}_emotion\.txt")
_FRAME = re.compile(r"S\d{3}_\d{3}_(?P<frame>\d{8})\.png")


@names_other_readers
def load(root: Path | None = None, *, peak_frames: int = 1) -> Iterator[Sample]:
    """List the last frames of the sequences that have an emotion; each person is a group.

    Args:
        root: The folder that holds `cohn-kanade-images` and `Emotion`, or one above it.
        peak_frames: How many frames of a sequence, counted from its end, where the expression is strongest.

    Returns:
        Samples with the attribute `subject`.

    Raises:
        ConfigError: `peak_frames` is no integer from 1 on.
        DataError: A folder, or the frames of a labeled sequence, are missing; a file's name or content is not as the
            owner's are.
    """
    if not isinstance(peak_frames, int) or isinstance(peak_frames, bool) or peak_frames < 1:
        raise ConfigError(
            f"dataset 'ckplus', option peak_frames: expected an integer >= 1, got {peak_frames!r}.",
            hint="Set it with --data-option (in a config file under [data.options]), or leave it out.",
        )
    home = RELEASE.find(root, *IMAGES, *EMOTIONS)
    images, emotions = _one_of(home, IMAGES), _one_of(home, EMOTIONS)
    for file in _labels(emotions):
        match = _LABEL.fullmatch(file.name)
        shown = file.relative_to(home).as_posix()
        if match is None:
            raise RELEASE.malformed("a name such as S005_001_00000011_emotion.txt", repr(file.name), shown)
        word, subject = _word(file, shown), match["subject"]
        for frame in _frames(images / subject / match["sequence"], shown)[-peak_frames:]:
            name, path = (frame.relative_to(folder).as_posix() for folder in (images, root or home))
            yield Sample(id=name, path=path, emotion=word, group=subject, attributes={"subject": subject})


def _one_of(home: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        if (home / name).is_dir():
            return home / name
    raise RELEASE.missing(f"{' or '.join(names)} in {home}", "nothing of that name")


def _labels(emotions: Path) -> Iterator[Path]:
    for subject in RELEASE.subfolders(emotions):
        for sequence in RELEASE.subfolders(subject):
            yield from RELEASE.files(sequence)


def _word(file: Path, shown: str) -> str:
    """Return the emotion of a file that holds one number, such as `   3.0000000e+00`."""
    lines = list(RELEASE.lines(file, shown))
    if len(lines) != 1:
        raise RELEASE.malformed("one line with a number", f"{len(lines)} lines", shown)
    line, text = lines[0]
    try:
        code = f"{float(text):g}"
    except ValueError:
        code = text
    return RELEASE.word(CODES, code, shown, line)


def _frames(folder: Path, label: str) -> list[Path]:
    """Return a sequence's frames, the last of which shows its peak."""
    if not folder.is_dir():
        raise RELEASE.missing(f"the frames of the sequence that {label} labels", f"no folder {folder}")
    frames = []
    for file in RELEASE.files(folder):
        match = _FRAME.fullmatch(file.name)
        if match is None:
            raise RELEASE.malformed("a name such as S005_001_00000011.png", repr(file.name), str(folder))
        frames.append((int(match["frame"]), file))
    if not frames:
        raise RELEASE.missing(f"the frames of the sequence that {label} labels", f"an empty folder {folder}")
    return [file for _, file in sorted(frames)]


def make_tiny(root: Path) -> dict[str, str]:
    """Write a sequence of three frames for each class and each of three persons, and one without an emotion.

    Returns:
        Sample id -> emotion.
    """
    from emoclass_datasets.tiny import draw

    order = ("neutral", "angry", "contemptuous", "disgusted", "scared", "happy", "sad", "surprised")
    written = {}
    for subject in ("S005", "S010", "S999"):
        for number in range(len(order) + 1):
            folder = f"{subject}/{number + 1:03d}"
            frame = f"{subject}_{number + 1:03d}_0000000"
            for position in (1, 2, 3):
                draw(root / "cohn-kanade-images" / folder / f"{frame}{position}.png")
            label = root / "Emotion" / folder / f"{frame}3_emotion.txt"
            label.parent.mkdir(parents=True)
            if number < len(order):
                label.write_text(f"   {number}.0000000e+00\n", encoding="utf-8")
                written[f"{folder}/{frame}3.png"] = order[number]
    return written
