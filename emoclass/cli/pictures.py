"""Write pictures with what was predicted on them; no file is ever overwritten."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from emoclass.data.images import read_bytes, read_picture
from emoclass.errors import OutputError
from emoclass.inference.classifier import Classifier
from emoclass.inference.draw import annotated, explained
from emoclass.inference.explain import occlusion
from emoclass.results import Prediction

_KEPT = (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff")
"""Formats that hold such a picture; copies of the others are PNG files."""


def write_annotated(found: Prediction, target: Path) -> Path:
    """Write a copy of an image with its prediction below it, and return where.

    Raises:
        UnreadableImageError: The image cannot be read any more, or has too many pixels to be shown.
        OutputError: The file exists, or cannot be written.
    """
    if target.suffix.lower() not in _KEPT:
        target = target.with_name(f"{target.name}.png")
    return _write(annotated(_picture(found), found), target)


def write_explained(classifier: Classifier, found: Prediction, target: Path) -> Path:
    """Write an image beside a map of what its prediction rests on, as a PNG file, and return where.

    Raises:
        UnreadableImageError: The image cannot be read any more, or has too many pixels to be shown.
        OutputError: The file exists, or cannot be written.
    """
    picture = _picture(found)
    drop = occlusion(classifier, classifier.pixels(found.path or ""), found.label)
    return _write(explained(picture, drop, found), target.with_name(f"{target.name}.png"))


def _picture(found: Prediction) -> Image.Image:
    path = found.path or ""
    return read_picture(read_bytes(Path(path), path=path), path=path)


def _write(picture: Image.Image, target: Path) -> Path:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.init()
        file_format = Image.registered_extensions()[target.suffix.lower()]
        with target.open("xb") as file:  # never in the place of another
            picture.save(file, file_format, quality=92)
    except FileExistsError as error:
        raise OutputError(f"picture {target}: exists already, and is not overwritten.") from error
    except OSError as error:
        raise OutputError(f"picture {target}: cannot be written ({error.strerror or error}).") from error
    return target
