"""Write pictures with what was predicted on them; no file is ever overwritten."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from PIL import Image

from emoclass.cli.output import print_note
from emoclass.data.images import read_bytes, read_picture
from emoclass.data.photograph import Photograph
from emoclass.errors import ConfigError, OutputError, UnreadableImageError
from emoclass.faces.frame import crop_face, frame
from emoclass.inference.classifier import Classifier
from emoclass.inference.draw import annotated, explained
from emoclass.inference.draw_faces import annotated_faces
from emoclass.inference.explain import occlusion
from emoclass.values.faces import Face
from emoclass.values.results import FacePrediction, PictureFaces, Prediction

NOTES = 20
"""After so many pictures that cannot be written, the others are only counted."""

_KEPT = (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff")
"""Formats that hold such a picture; copies of the others are PNG files."""


def prepare(annotate: Path | None, explain: Path | None) -> tuple[Path, ...]:
    """Make the folders, before hours of work turn out to have nowhere to go, and return them.

    Raises:
        ConfigError: One folder is the other, or lies in it.
        OutputError: A folder holds something, so that a copy could take the place of a photograph, or nothing can be
            written there.
    """
    folders = tuple(folder for folder in (annotate, explain) if folder is not None)
    if len(folders) == 2:
        first, second = (folder.resolve() for folder in folders)
        if first.is_relative_to(second) or second.is_relative_to(first):
            raise ConfigError(
                f"--annotate and --explain: expected two folders, neither of them in the other, got {annotate} and "
                f"{explain}."
            )
    for folder in folders:
        try:
            if folder.exists() and (not folder.is_dir() or next(folder.iterdir(), None) is not None):
                raise OutputError(
                    f"folder {folder}: expected a new or empty folder, so that no file is overwritten.",
                    hint="Name another folder, or empty this one.",
                )
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):  # it may exist and be closed to writing
                pass
        except OSError as error:
            raise OutputError(f"folder {folder}: cannot be written ({error.strerror}).") from error
    return folders


@dataclass
class Pictures:
    """Writes what `--annotate` and `--explain` ask for; what cannot be written is reported, and the rest continues.

    Attributes:
        classifier: The model whose predictions are explained.
        annotate: Where copies with the emotion go, if anywhere.
        explain: Where maps go, if anywhere.
        failed: How many images could not be written.
    """

    classifier: Classifier
    annotate: Path | None
    explain: Path | None
    failed: int = 0
    _written: set[Path] = field(default_factory=set)

    def write(self, found: Prediction | PictureFaces, place: Path) -> None:
        """Write the pictures of one image, at its place below the folders; once, if it was given several times."""
        if place in self._written:
            return
        self._written.add(place)
        note = ""
        if isinstance(found, PictureFaces):
            if not found.ready_made:
                self._write_faces(found, place)
                return
            note = "ready-made crop, classified as it is"
            found = Prediction(**{name: getattr(found.faces[0], name) for name in Prediction.model_fields})
        if self.annotate is not None:
            self._try(found, partial(write_annotated, found, self.annotate / place, note))
        if self.explain is not None:
            self._try(found, partial(write_explained, self.classifier, found, self.explain / place))

    def _write_faces(self, found: PictureFaces, place: Path) -> None:
        if self.annotate is not None:
            self._try(found, partial(write_annotated_faces, found, self.annotate / place))
        if self.explain is not None:
            for number, face in enumerate(found.faces, 1):
                target = self.explain / place.with_name(f"{place.name}.face-{number}.png")
                self._try(found, partial(write_explained_face, self.classifier, found, face, target))

    def close(self) -> None:
        """Print how many errors were not reported one by one."""
        if self.failed > NOTES:
            print_note(f"{self.failed:,} images could not be written.")

    def _try(self, found: Prediction | PictureFaces, write: Callable[[], object]) -> None:
        try:
            write()
        except (OutputError, UnreadableImageError) as error:  # unreadable: it changed, or is too large to be shown
            self.failed += 1
            if self.failed <= NOTES:
                print_note(f"no image was written for {found.path}: {getattr(error, 'reason', error.message)}")
            if self.failed == NOTES:
                print_note("further images that cannot be written are only counted.")


def write_annotated(found: Prediction, target: Path, note: str = "") -> Path:
    """Write a copy of an image with its prediction, and a note, below it, and return where.

    Raises:
        UnreadableImageError: The image cannot be read any more, or has too many pixels to be shown.
        OutputError: The file exists, or cannot be written.
    """
    return _write(annotated(_picture(found), found, note), _kept(target))


def write_annotated_faces(found: PictureFaces, target: Path) -> Path:
    """Write a copy of a photograph with a box and a label for each face, and return where.

    Raises:
        UnreadableImageError: The image cannot be read any more, or has too many pixels to be shown.
        OutputError: The file exists, or cannot be written.
    """
    photograph = _photograph(found)
    picture = photograph.at_least(photograph.longer)  # of more than 40 megapixels, scaled down
    drawn = annotated_faces(picture, found.faces, scale=picture.width / found.width, n_left_out=found.n_left_out)
    return _write(drawn, _kept(target))


def _kept(target: Path) -> Path:
    """Return a file's name with a suffix that holds such a picture."""
    return target if target.suffix.lower() in _KEPT else target.with_name(f"{target.name}.png")


def write_explained(classifier: Classifier, found: Prediction, target: Path) -> Path:
    """Write an image beside a map of what its prediction rests on, as a PNG file, and return where.

    Raises:
        UnreadableImageError: The image cannot be read any more, or has too many pixels to be shown.
        OutputError: The file exists, or cannot be written.
    """
    picture = _picture(found)
    drop = occlusion(classifier, classifier.pixels(found.path or ""), found.label)
    return _write(explained(picture, drop, found), target.with_name(f"{target.name}.png"))


def write_explained_face(classifier: Classifier, found: PictureFaces, face: FacePrediction, target: Path) -> Path:
    """Write a face beside a map of what its prediction rests on, as a PNG file, and return where.

    Raises:
        UnreadableImageError: The image cannot be read any more.
        OutputError: The file exists, or cannot be written.
    """
    photograph = _photograph(found)
    there = Face(box=face.box, landmarks=face.landmarks, score=face.detection or 0.0)
    framing = classifier.bundle.manifest.framing
    drop = occlusion(classifier, frame(photograph, there, framing, classifier.image_shape), face.label)
    return _write(explained(crop_face(photograph, there, framing), drop, face), target)


def _photograph(found: PictureFaces) -> Photograph:
    path = found.path or ""
    return Photograph(read_bytes(Path(path), path=path), path=path)


def _picture(found: Prediction) -> Image.Image:
    path = found.path or ""
    return read_picture(read_bytes(Path(path), path=path), path=path)


def _write(picture: Image.Image, target: Path) -> Path:
    """Write a file that is whole or not there."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.init()
        file_format = Image.registered_extensions()[target.suffix.lower()]
        file = target.open("xb")  # never in the place of another
        try:
            with file:
                picture.save(file, file_format, quality=92)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
    except FileExistsError as error:
        raise OutputError(f"picture {target}: exists already, and is not overwritten.") from error
    except (OSError, ValueError) as error:  # WebP and JPEG hold pictures up to a size
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"picture {target}: cannot be written ({reason}).") from error
    return target
