"""The manifest of a bundle: what its files are, what they take, and where the model comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, FiniteFloat, StringConstraints, ValidationError, model_validator

from emoclass.bundle.plain import check_plain, one_line
from emoclass.values.base import FrozenModel
from emoclass.values.faces import Framing
from emoclass.values.labels import LabelScheme
from emoclass.values.results import MetricValue
from emoclass.values.specs import Expects

FORMAT_VERSION = 2
"""Rises when a reader of today could no longer read what is written. Format 2 has `framing` and `detector`."""

READABLE = (1, 2)
"""The formats that are read. One of format 1 gets the default framing."""

MANIFEST = "manifest.json"
KERAS, LITERT = "model.keras", "model.tflite"
HASHES = "training_images.bin"
"""Hashes of the images that the model was trained or validated on; a bundle need not have it."""

MAX_HASHES = 2**20
"""So many images are hashed at most: 16 MiB."""

MAX_FILE_BYTES = 4 * 2**30
"""No classifier of images needs more; a manifest that says so is refused before anything is read."""

MAX_STARTS = 20
"""Of a training from a model whose training started from a model, and so on, so many are listed."""

_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}
"""No files on Windows, whatever stands behind a point."""


def _is_file_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name):
        raise ValueError("expected a file name of at most 100 letters, digits, points, underscores and hyphens")
    first = name.casefold().split(".")[0]
    if name.casefold() == MANIFEST or first in _DEVICES or name.endswith("."):
        raise ValueError(f"expected the name of a file beside {MANIFEST}, got {name!r}")
    return name


def _is_digest(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError("expected a SHA-256: 64 digits and letters from a to f")
    return text


def _is_printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError(f"expected printable text in one line, got {text!r}")
    return text


FileName = Annotated[str, AfterValidator(_is_file_name)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_is_printable)]
Digest = Annotated[str, AfterValidator(_is_digest)]


class BundleFile(FrozenModel):
    """One file of a bundle.

    Attributes:
        bytes: Its size.
        sha256: Its digest, in hexadecimal.
        input_range: What pixels are scaled to before they go in, `(low, high)`: the network's own range for
            `model.keras`, (0, 255) where the scaling is inside. Of hashes, those that they were computed from.
    """

    bytes: int = Field(ge=1, le=MAX_FILE_BYTES)
    sha256: Digest
    input_range: tuple[FiniteFloat, FiniteFloat]


class ImageInput(FrozenModel):
    """The pictures that every file takes: float32 `(batch, height, width, channels)`.

    Attributes:
        height: In pixels, as `width`; pictures are stretched to it by the one decoder.
        width: See there.
        color_mode: `RGB` is three channels, `L` (gray) one.
    """

    height: int = Field(ge=1, le=8192)
    width: int = Field(ge=1, le=8192)
    color_mode: Literal["RGB", "L"]

    @property
    def shape(self) -> tuple[int, int, int]:
        """`(height, width, channels)`."""
        return self.height, self.width, 3 if self.color_mode == "RGB" else 1


class Manifest(FrozenModel):
    """What a bundle says of itself. It may come from a stranger, and much of it is printed: all texts are bounded.

    Attributes:
        format_version: Of the bundle's layout.
        name: What to call the model.
        labels: The emotions, in class order.
        image: The pictures that it takes.
        expects: What a picture must show: a whole photograph or an aligned face crop.
        framing: How faces are cut out for a model that expects face crops.
        detector: The face detector that the model was trained and measured with; None where no faces were looked for.
        files: File name -> size, digest and input.
        trained: How it was trained: plugin, recipe, model and its options, dataset, what it started from and what that
            was trained on, seed, epochs, batch size, images per split, how many test images are copies of training
            images and the accuracy without them (`leaked`), which images are hashed, which classes were merged,
            digest of the configuration.
        measured: Metric -> value, interval and number of images, on the run's test split, as `MetricValue.to_json`
            gives it: its classes are those of `labels`, in the same order.
        versions: Package -> the version that wrote the bundle.
    """

    format_version: Literal[1, 2] = 2
    name: Text
    labels: LabelScheme
    image: ImageInput
    expects: Expects
    framing: Framing = Framing()
    detector: Text | None = None
    files: Mapping[FileName, BundleFile]
    trained: Mapping[str, Any] = Field(default_factory=dict)
    measured: Mapping[str, Any] = Field(default_factory=dict)
    versions: Mapping[Text, Text] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _is_plain(cls, data: Any) -> Any:
        return check_plain(data)

    @model_validator(mode="after")
    def _measured_fits_the_labels(self) -> Manifest:
        """Refuse metrics for other labels, or in another order: the labels or the metrics were changed."""
        emotions = self.labels.emotions
        for name, found in self.measured.items():
            try:
                value = MetricValue.model_validate({"n_samples": 0, **found})
            except (TypeError, ValidationError):
                raise ValueError(f"measured: {name}: expected a value, its interval and its n_samples") from None
            if value.per_class and tuple(value.per_class) != emotions:
                told = ", ".join(value.per_class)
                raise ValueError(f"measured: {name}: expected the labels {', '.join(emotions)} in order, got {told}")
            if value.matrix is not None and {len(value.matrix), *map(len, value.matrix)} != {len(emotions)}:
                raise ValueError(
                    f"measured: {name}: expected one row and one column per label, {len(emotions)} in total"
                )
        return self

    @property
    def trained_on(self) -> tuple[str, ...]:
        """The datasets that the model was trained on: its own, then those of the models that it learned from.

        These are the one that its training started from, and its teachers, each dataset once. Empty where that is not
        said.
        """
        before: list[Any] = []
        for key in ("start_trained_on", "teacher_trained_on"):
            names = self.trained.get(key)
            before += names if isinstance(names, list | tuple) else ()
        others = dict.fromkeys(name for name in before[:MAX_STARTS] if isinstance(name, str))
        own = self.trained.get("dataset")
        return tuple(one_line(name, 60) for name in ([own] if isinstance(own, str) else []) + list(others))

    @property
    def has_learned(self) -> bool:
        """Whether the training started from a trained model, or had one for a teacher."""
        return bool(self.trained.get("start") or self.trained.get("teacher"))

    @property
    def may_have_seen_crops(self) -> bool:
        """Whether the model may have been trained on ready-made face crops, itself or one that it learned from.

        A whole photograph does not match the hash of a face that somebody else cut out of it.
        """
        return self.expects == "face_crop" and (self.detector is None or self.has_learned)

    @property
    def hashes_are_complete(self) -> bool:
        """Whether the hashes include the images of all models that this one learned from."""
        told = self.trained.get("hashes")
        return HASHES in self.files and isinstance(told, Mapping) and told.get("complete") is True

    @property
    def n_hashed(self) -> tuple[int, int] | None:
        """How many training and validation images the model had, and how many of them have no hash; None if unsaid."""
        told = self.trained.get("hashes")
        if not isinstance(told, Mapping):
            return None
        n, n_without = told.get("n_images"), told.get("n_without")
        return (n, n_without) if isinstance(n, int) and isinstance(n_without, int) and 0 <= n_without <= n else None

    @property
    def merged(self) -> dict[str, str]:
        """Class word -> the emotion that its images counted as in training, where that is another class."""
        told = self.trained.get("merged")
        if not isinstance(told, Mapping):
            return {}
        return {word: emotion for emotion, words in told.items() if isinstance(words, Mapping) for word in words}
