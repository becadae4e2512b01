"""The page of `emoclass predict --report`: photographs with the faces that were found in them, to show around."""

from __future__ import annotations

import base64
import io
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from emoclass.data.images import read_bytes
from emoclass.data.photograph import Photograph
from emoclass.errors import OutputError, UnreadableImageError
from emoclass.faces.frame import crop_face
from emoclass.reporting.pages.templates import template
from emoclass.values.colors import color_of
from emoclass.values.faces import Face, Framing, no_face
from emoclass.values.results import FacePrediction, PictureFaces, Prediction, Unreadable

SHOWN = 100
"""Pictures on a page, so that it can still be mailed; all are counted."""

LONG_SIDE, FACE_SIDE = 900, 96
"""Pixels of a picture and of a face on the page."""

MOST_WIDE, MOST_HIGH = 620, 560
"""CSS pixels that a picture takes on a large screen."""

MANY, MANY_TIMES = 6, 1.6
"""A picture with more faces is shown so many times as large."""

ENLARGED = 4
"""Small pictures are enlarged by at most so many times."""


@dataclass(frozen=True)
class ShownFace:
    """A face on the page.

    Attributes:
        number: Its number in the picture, from the left.
        source: The face as a JPEG file in base64; None where the picture is the face.
        box: Left, top, width and height in percent of the picture; None for a picture without boxes.
        found: What was predicted.
        others: Further emotions and their probabilities, the likeliest first.
    """

    number: int
    source: str | None
    box: tuple[float, float, float, float] | None
    found: Prediction
    others: tuple[tuple[str, float], ...]

    @property
    def color(self) -> str:
        """The emotion's color in CSS."""
        return css_color(self.found.label)


@dataclass(frozen=True)
class ShownPicture:
    """A picture on the page.

    Attributes:
        name: What it is called.
        source: The scaled picture as a JPEG file in base64; None where it cannot be shown.
        width: CSS pixels that it takes on a large screen.
        note: What there is to say of the whole picture: that it is a crop, or without a face.
        faces: From left to right.
    """

    name: str
    source: str | None
    width: int
    note: str
    faces: tuple[ShownFace, ...]


class FacesPage:
    """Gathers what a page shows, picture by picture, and writes it.

    Args:
        path: The file to write; it must not exist.
        framing: How faces are cut out.

    Raises:
        OutputError: The file exists, or its folder cannot be written.
    """

    def __init__(self, path: Path, framing: Framing | None = None) -> None:
        self.path = path
        self.framing = framing or Framing()
        self._pictures: list[ShownPicture] = []
        self._unreadable: list[tuple[str, str]] = []
        self._counts: Counter[str] = Counter()
        self._n_pictures = 0
        self._write(b"")  # now, not after an hour of work
        path.unlink()

    def add(self, found: PictureFaces | Prediction | Unreadable, name: str) -> None:
        """Add what became of a picture.

        Args:
            found: Its faces, its prediction, or why it could not be read; `path` is where it can be read again.
            name: What it is called on the page.
        """
        if isinstance(found, Unreadable):
            self._unreadable.append((name, found.reason))
            return
        self._n_pictures += 1
        predictions: Sequence[Prediction] = found.faces if isinstance(found, PictureFaces) else (found,)
        self._counts.update(each.label for each in predictions)
        if len(self._pictures) < SHOWN:
            self._pictures.append(self._shown(found, predictions, name))

    def write(self, *, model: str, labels: Sequence[str], summary: str, notes: Sequence[str]) -> None:
        """Write the page: one HTML file that loads nothing from elsewhere.

        Args:
            model: What the model is called.
            labels: Its emotions.
            summary: How many faces were found in how many pictures.
            notes: What a reader must know.

        Raises:
            OutputError: It cannot be written, or exists by now.
        """
        text = template("faces.html.jinja", names={"css_color": css_color, "many": MANY}).render(
            model=model,
            labels=labels,
            summary=summary,
            notes=notes,
            counts=[(label, self._counts[label]) for label in labels],
            pictures=self._pictures,
            n_pictures=self._n_pictures,
            unreadable=self._unreadable[:SHOWN],
            n_unreadable=len(self._unreadable),
        )
        self._write(text.encode("utf-8", "backslashreplace"))

    def _write(self, content: bytes) -> None:
        if os.path.lexists(self.path):
            raise OutputError(
                f"page {self.path}: exists already, and is not overwritten.", hint="Name another file, or remove it."
            )
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("xb") as file:
                file.write(content)
        except OSError as error:
            raise OutputError(f"page {self.path}: cannot be written ({error.strerror}).") from error

    def _shown(self, found: PictureFaces | Prediction, predictions: Sequence[Prediction], name: str) -> ShownPicture:
        source, width, note = None, MOST_WIDE, ""
        photograph = None
        try:
            path = found.path or ""
            photograph = Photograph(read_bytes(Path(path), path=path), path=path)
            times = MANY_TIMES if len(predictions) > MANY else 1.0
            picture = photograph.at_least(LONG_SIDE * times)
            widest = MOST_WIDE * times, MOST_HIGH * times * picture.width / picture.height, ENLARGED * picture.width
            width = round(min(widest))
            source = jpeg(picture, round(LONG_SIDE * times))
        except UnreadableImageError as error:  # it changed since it was classified
            note = error.reason
        if isinstance(found, PictureFaces) and not found.faces:
            note = note or f"{no_face(found.n_left_out).capitalize()}."
        if isinstance(found, PictureFaces) and found.ready_made:
            note = note or "A ready-made face crop, classified as it is."
        has_boxes = isinstance(found, PictureFaces) and not found.ready_made
        faces = []
        for number, each in enumerate(predictions, 1):
            ranked = sorted(each.scores.items(), key=lambda score: (score[0] != each.label, -score[1]))
            face = each if has_boxes and isinstance(each, FacePrediction) else None
            faces.append(
                ShownFace(
                    number=number,
                    source=self._cut(photograph, face) if photograph is not None and face is not None else None,
                    box=None if face is None or not isinstance(found, PictureFaces) else _percent(face, found),
                    found=each,
                    others=tuple(ranked[1:3]),
                )
            )
        return ShownPicture(name=name, source=source, width=width, note=note, faces=tuple(faces))

    def _cut(self, photograph: Photograph, face: FacePrediction) -> str | None:
        there = Face(box=face.box, landmarks=face.landmarks, score=face.detection or 0.0)
        try:
            return jpeg(crop_face(photograph, there, self.framing, max_side=FACE_SIDE), FACE_SIDE)
        except UnreadableImageError:
            return None


def css_color(emotion: str) -> str:
    """Return an emotion's color in CSS."""
    return "#{:02x}{:02x}{:02x}".format(*color_of(emotion))


def jpeg(picture: Image.Image, side: int) -> str:
    """Return a picture, scaled down, as a JPEG file in base64: its pixels, and nothing else of the file."""
    factor = min(1.0, side / max(picture.size))
    size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
    pixels = Image.new("RGB", size)  # a copy would keep EXIF data and comments
    pixels.paste(picture.convert("RGB").resize(size, Image.Resampling.LANCZOS))
    encoded = io.BytesIO()
    pixels.save(encoded, "JPEG", quality=80)
    return base64.b64encode(encoded.getvalue()).decode("ascii")


def _percent(face: FacePrediction, picture: PictureFaces) -> tuple[float, float, float, float]:
    """Return the part of a box that lies in the picture, in percent of the picture's width and height."""
    left, top, width, height = face.box
    lefts, rights = (min(max(100 * x / picture.width, 0.0), 100.0) for x in (left, left + width))
    tops, bottoms = (min(max(100 * y / picture.height, 0.0), 100.0) for y in (top, top + height))
    return lefts, tops, rights - lefts, bottoms - tops
