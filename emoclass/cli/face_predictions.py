"""How `emoclass predict` prints the faces of photographs: a line, or a row, for each face."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import click

from emoclass.cli.output import printable
from emoclass.cli.predictions import Csv, Outcome, Table
from emoclass.values.faces import READY_MADE, no_face
from emoclass.values.labels import LabelScheme
from emoclass.values.results import FacePrediction, PictureFaces, Prediction, Unreadable

_FACE, _PLACE, _FOUND = len("12 of 30"), len("1234,1234 1234x1234"), len("found")


@dataclass
class FaceCounts:
    """How many faces were found in how many pictures.

    Attributes:
        photographs: Pictures in which faces were found.
        faces: The faces in them.
        crops: Ready-made crops, judged as they are.
        without: Photographs in which no face was found, or none within the limits.
        outside: Those of them in which the limits left all faces out.
        labels: Emotion -> how many faces have it, ready-made crops included.
        not_read: Pictures that could not be read or judged.
        whole: Images that were classified as they are, by a model that looks for no faces.
    """

    photographs: int = 0
    faces: int = 0
    crops: int = 0
    without: int = 0
    outside: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    not_read: int = 0
    whole: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count a picture."""
        if isinstance(outcome, Unreadable):
            self.not_read += 1
            return
        if isinstance(outcome, Prediction):
            self.whole += 1
            return
        self.labels.update(face.label for face in outcome.faces)
        if outcome.ready_made:
            self.crops += 1
        elif outcome.faces:
            self.photographs += 1
            self.faces += len(outcome.faces)
        else:
            self.without += 1
            self.outside += outcome.n_left_out > 0

    def sentence(self) -> str:
        """Return what was found, as a sentence without a period.

        Example:
            >>> FaceCounts(photographs=2, faces=5, crops=1, without=1).sentence()
            '2 photographs with 5 faces, 1 ready-made crop (classified as it is), 1 photograph without a face'
        """
        parts = []
        if self.photographs:
            parts.append(f"{_count(self.photographs, 'photograph')} with {_count(self.faces, 'face')}")
        if self.crops:
            as_is = "they are" if self.crops > 1 else "it is"
            parts.append(f"{_count(self.crops, 'ready-made crop')} (classified as {as_is})")
        if self.without:
            outside = f" ({self.outside:,} of them with faces outside the limits)" if self.outside else ""
            parts.append(f"{_count(self.without, 'photograph')} without a face{outside}")
        if self.whole:
            parts.append(_count(self.whole, "image"))
        if self.not_read:
            parts.append(f"{self.not_read:,} not read")
        return ", ".join(parts) or "no images"


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def place(face: FacePrediction) -> str:
    """Return where a face is: `left,top widthxheight` in whole pixels."""
    left, top, width, height = map(round, face.box)
    return f"{left},{top} {width}x{height}"


class FaceCsv(Csv):
    """A row for each face, and one for a picture without; the columns of `Csv` come first and mean the same."""

    def _columns(self) -> list[str]:
        return [*super()._columns(), "face", "faces", "left", "top", "width", "height", "detection", "note"]

    def _write(self, outcome: Outcome, *, is_first: bool) -> None:
        if not isinstance(outcome, PictureFaces):
            self._row([*self._cells(outcome), *[""] * 8])
            return
        path, n_faces = printable(outcome.path or ""), str(len(outcome.faces))
        if not outcome.faces:
            nothing = [path, *[""] * (len(super()._columns()) - 1)]
            self._row([*nothing, "", "0", *[""] * 5, no_face(outcome.n_left_out)])
        for number, face in enumerate(outcome.faces, 1):
            box = [f"{value:.1f}" for value in face.box]
            detection = "" if face.detection is None else f"{face.detection:.3f}"
            note = READY_MADE if outcome.ready_made else ""
            cells = self._cells(face.model_copy(update={"path": outcome.path}))
            self._row([*cells, str(number), n_faces, *box, detection, note])


class FaceTable(Table):
    """A line for each face: which of how many, where it is, and how sure the detector is.

    A single picture that is a crop, or has one face, gets a line for each emotion.

    Args:
        labels: The emotions that scores may have.
        top: How many of the likeliest emotions to show, the label among them; None for three.
        longest: Columns that the longest path takes.
        single: Whether there is only one image.
        counts: What is printed at the end; whoever calls `write` adds each outcome to it.
    """

    def __init__(
        self, labels: LabelScheme, top: int | None = None, *, longest: int, single: bool, counts: FaceCounts
    ) -> None:
        self._has_place = True
        self._waits = single  # until it is known how many faces the one picture has
        super().__init__(labels, top, longest=longest, single=single)
        self.counts = counts

    def _fit(self, longest: int) -> None:
        super()._fit(longest)
        if self._terminal is not None and self._terminal - self._beside() < self._path:
            self._has_place = False
            super()._fit(longest)

    def _beside(self) -> int:
        return super()._beside() + 2 + _FACE + (4 + _PLACE + _FOUND if self._has_place else 0)

    def _begin(self) -> None:
        if not self._waits:
            super()._begin()

    def _header(self) -> list[str]:
        return self._face_cells("face", "left,top size", "found")

    def _face_cells(self, face: str, where: str, found: str) -> list[str]:
        return [face.ljust(_FACE), *([where.ljust(_PLACE), found.ljust(_FOUND)] if self._has_place else [])]

    def _write(self, outcome: Outcome, *, is_first: bool) -> None:
        if not isinstance(outcome, PictureFaces):
            super()._write(outcome, is_first=is_first)
            return
        path = printable(outcome.path or "")
        if not outcome.faces:
            shown = path if self._single else self._fitted(path)
            click.echo(f"{shown}  {click.style(no_face(outcome.n_left_out), fg='yellow')}")
        elif self._single and len(outcome.faces) == 1:
            (face,) = outcome.faces
            self._write_single(path, face)
            if outcome.ready_made:
                click.secho("\nA ready-made crop: classified as it is.", dim=True)
            else:
                click.secho(f"\nOne face, at {place(face)}, found with score {face.detection:.2f}.", dim=True)
        else:
            if self._single:
                self._single = self._waits = False
                self._begin()
            for number, face in enumerate(outcome.faces, 1):
                if outcome.ready_made:
                    cells = self._face_cells("crop", "", "")
                else:
                    cells = self._face_cells(f"{number} of {len(outcome.faces)}", place(face), f"{face.detection:.2f}")
                self._write_row(path, face, cells)

    def _end(self) -> None:
        if not self._single:
            labels = ", ".join(f"{self.counts.labels[each]} {each}" for each in self.labels.emotions
                               if self.counts.labels[each])  # fmt: skip
            click.echo(f"\n{self.counts.sentence()}{': ' if labels else ''}{labels}")
