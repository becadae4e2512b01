"""Cropping the faces of a dataset, as a configuration says: for training and for evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from pydantic import ValidationError

from emoclass.data.labeled import LabeledPixels
from emoclass.errors import ConfigError, UnreadableImageError
from emoclass.plugin.registry import Registry
from emoclass.progress import Progress
from emoclass.reporting.contents import BoxedPhotograph
from emoclass.suggestions import sentence
from emoclass.values.config import CropConfig, check_crop, explain_value
from emoclass.values.faces import Framing
from emoclass.values.specs import DatasetSpec, Sample

if TYPE_CHECKING:
    from emoclass.faces.crop import Crops

N_BOXED = 6
"""Photographs that a report shows with their boxes."""

SHOWN_SIDE = 480
"""Their longer side in a report, in pixels."""

CropSettings: TypeAlias = bool | Mapping[str, Any] | CropConfig | None
"""Whether faces are cropped, or the keys of `[data.crop]`."""


def crop_config(crop: CropSettings) -> CropConfig | None:
    """Return what the `crop` argument of a public function means.

    Raises:
        ConfigError: A key is unknown, or a value out of range.
    """
    check_crop(crop)
    if crop is None or crop is False or isinstance(crop, CropConfig):
        return crop or None
    try:
        return CropConfig.model_validate({} if crop is True else crop)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "crop"
        raise ConfigError(f"crop: {where}: {sentence(explain_value(first))}") from error


def crops_of(
    settings: CropConfig,
    samples: Sequence[Sample],
    spec: DatasetSpec,
    root: Path | None,
    *,
    registry: Registry,
    framing: Framing,
    image_shape: tuple[int, int, int],
    measured_with: str | None = None,
    threads: int | None,
    progress: Progress,
) -> Crops:
    """Find the faces of a dataset's images.

    Args:
        settings: How.
        samples: The images, sorted by id.
        spec: Their dataset.
        root: Its folder.
        registry: The plugins.
        framing: How the model wants faces framed.
        image_shape: `(height, width, channels)` of the model's input.
        measured_with: The detector that the model was trained with, which is taken where the settings name none.
        threads: Processor threads.
        progress: Progress callback.

    Raises:
        PluginError: No detector is installed, or not the one that was named.
        ConfigError: The detector takes no such option.
        DataError: No face was found.
    """
    from emoclass.faces.crop import crop_dataset
    from emoclass.faces.find import FaceFinder
    from emoclass.inference.face_search import choose_detector

    finder = FaceFinder(
        choose_detector(registry, settings.detector, measured_with),
        options=settings.options,
        min_score=settings.min_detection,
        min_face=settings.min_face,
        max_faces=settings.max_faces,
    )
    return crop_dataset(
        samples,
        spec,
        root,
        finder=finder,
        framing=framing,
        image_shape=image_shape,
        largest=settings.largest,
        threads=threads,
        progress=progress,
    )


def choose_boxed(crops: Crops, images: LabeledPixels, *, seed: int) -> tuple[BoxedPhotograph, ...]:
    """Return photographs of training images, drawn at random, with the boxes of the faces in them."""
    used: dict[str, list[str]] = {}
    for sample in images.samples("train"):
        if sample.id in crops.faces:
            used.setdefault(crops.photographs[sample.id].id, []).append(sample.id)
    photographs = list(used)
    shown = []
    for i in np.random.default_rng(seed).permutation(len(photographs)):
        ids = used[photographs[i]]
        try:
            photograph = crops.photograph(crops.photographs[ids[0]])
            image, size = photograph.at_least(SHOWN_SIDE), photograph.size
        except UnreadableImageError:  # it is gone since
            continue
        factor = SHOWN_SIDE / max(image.size)
        small = image.resize((max(1, round(image.width * factor)), max(1, round(image.height * factor))))
        scale = small.width / size[0], small.height / size[1]
        faces = [(face, face in [crops.faces[each] for each in ids]) for face in crops.found[photographs[i]]]
        shown.append(
            BoxedPhotograph(
                id=photographs[i],
                pixels=np.asarray(small),
                emotion=crops.photographs[ids[0]].emotion,
                boxes=tuple((face.moved(scale=scale).box, is_used) for face, is_used in faces),
            )
        )
        if len(shown) == N_BOXED:
            break
    return tuple(shown)
