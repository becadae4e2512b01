"""A dataset of photographs as a dataset of the faces in them."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from emoclass.concurrency import available_threads, ordered_map
from emoclass.data.images import quiet_decoders
from emoclass.data.photograph import Photograph
from emoclass.data.pixels import reader, skipped_file
from emoclass.data.units import FACE_FRAGMENT
from emoclass.errors import DataError, UnreadableImageError
from emoclass.faces.boxes import whole
from emoclass.faces.find import LONG_SIDE, FaceFinder, Found, find
from emoclass.faces.frame import check_box, square
from emoclass.progress import Progress
from emoclass.values.faces import Face, Framing, no_face
from emoclass.values.references import option_names
from emoclass.values.results import CropCounts, SkippedFile
from emoclass.values.specs import DatasetSpec, Sample

"""Why a photograph is left out."""


@dataclass(frozen=True)
class Crops:
    """The faces of a dataset's images: a dataset of its own, whose images are cropped when they are read.

    Attributes:
        original: The dataset of photographs.
        root: Its folder.
        photographs: Sample id of a face -> the sample that it was found in.
        samples: A sample for each face, ready-made crop and unreadable file, sorted by id.
        faces: Sample id -> the face that is cropped; other samples are used as they are.
        found: Id of a photograph -> all faces that were found in it.
        without: The photographs without a face.
        counts: How many of each there are.
        framing: How faces are cropped.
        image_shape: `(height, width, channels)` of what the crops are made for.
    """

    original: DatasetSpec
    root: Path | None
    photographs: Mapping[str, Sample]
    samples: tuple[Sample, ...]
    faces: Mapping[str, Face]
    found: Mapping[str, tuple[Face, ...]]
    without: tuple[SkippedFile, ...]
    counts: CropCounts
    framing: Framing
    image_shape: tuple[int, int, int]

    @cached_property
    def spec(self) -> DatasetSpec:
        """The dataset, with crops as its images."""
        return self.original.model_copy(update={"read_sample": self._read_crop, "expects": "face_crop"})

    @cached_property
    def whole(self) -> DatasetSpec:
        """The dataset of the same samples, with the whole photograph as each one's image."""
        return self.original.model_copy(update={"read_sample": self._read_photograph})

    def expanded(self, clusters: Iterable[Collection[str]]) -> list[tuple[str, ...]]:
        """Return clusters of photographs as clusters of the faces in them; photographs without a face are in none."""
        faces_of: dict[str, list[str]] = {}
        for face, photograph in self.photographs.items():
            faces_of.setdefault(photograph.id, []).append(face)
        return [tuple(face for each in cluster for face in faces_of.get(each, ())) for cluster in clusters]

    def photograph(self, sample: Sample) -> Photograph:
        """Return the photograph that a sample is a face of.

        Raises:
            UnreadableImageError: It cannot be read.
        """
        return Photograph(self._read(whole(self.photographs.get(sample.id, sample))), path=sample.path)

    def _read_photograph(self, root: Path | None, sample: Sample) -> bytes:
        return self._read(self.photographs.get(sample.id, sample))

    @cached_property
    def _read(self) -> Callable[[Sample], bytes]:
        return reader(self.original, self.root)

    def _read_crop(self, root: Path | None, sample: Sample) -> bytes:
        """Return a crop as an encoded image without loss: decoding it gives the pixels that `frame` gives."""
        face = self.faces.get(sample.id)
        if face is None:
            return self._read_photograph(root, sample)
        photograph = self.photograph(sample)
        photograph.at_least(LONG_SIDE)  # as where faces are searched for: the crop is then made of the same picture
        if sample.box is not None:
            check_box(photograph, sample.box)
        crop = square(photograph, face, self.framing, self.image_shape)
        encoded = io.BytesIO()
        crop.save(encoded, "BMP")  # not compressed: it is decoded at once, and the same bytes everywhere
        return encoded.getvalue()


def crop_dataset(
    samples: Sequence[Sample],
    spec: DatasetSpec,
    root: Path | None,
    *,
    finder: FaceFinder,
    framing: Framing,
    image_shape: tuple[int, int, int],
    largest: bool = True,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Crops:
    """Find the faces of a dataset's images.

    Of a sample with a box, that is the face. An image that is a face crop already stays as it is. One that cannot be
    read stays, too: whoever decodes it says why it cannot be.

    Args:
        samples: The images, sorted by id.
        spec: Their dataset.
        root: Its folder.
        finder: What finds the faces.
        framing: How the model wants them.
        image_shape: `(height, width, channels)` of the model's input.
        largest: Whether the largest face of a photograph is taken alone. It keeps the photograph's id. Of several
            faces each has the box in its id, and the photograph as its group, unless that has a group.
        threads: Threads that decode and search; None takes one a processor.
        progress: Progress callback.

    Raises:
        DataError: No face was found, and no image is a crop.
        ContractError: The detector returns anything but faces.
    """
    read = reader(spec, root)

    def search(sample: Sample) -> Found | None:
        if sample.box is not None:
            return Found((Face(box=sample.box, score=1.0),))
        try:
            return find(Photograph(read(sample), path=sample.path), finder, "auto")
        except UnreadableImageError:
            return None

    kept: list[tuple[Sample, Sample, Face | None]] = []
    found: dict[str, tuple[Face, ...]] = {}
    without: list[SkippedFile] = []
    n_ready_made = 0
    outcomes = ordered_map(search, samples, threads or available_threads())
    with quiet_decoders(), closing(outcomes):
        tracked = (progress or Progress()).track(outcomes, title="Finding faces", total=len(samples))
        for sample, outcome in zip(samples, tracked, strict=True):
            if outcome is None or outcome.ready_made:
                n_ready_made += outcome is not None
                kept.append((sample, sample, None))
            elif not outcome.faces:
                without.append(skipped_file(spec, sample, no_face(outcome.n_left_out)))
            else:
                found[sample.id] = outcome.faces
                kept += _samples_of(sample, outcome.faces, largest)
    if not kept:
        raise DataError(
            f"dataset {spec.name!r}: no face found in any of the {len(samples):,} images.",
            hint=_how_to_find_more(finder),
        )
    kept.sort(key=lambda each: each[0].id)
    faces = {sample.id: face for sample, _, face in kept if face is not None}
    counts = CropCounts(
        detector=finder.spec.name,
        n_images=len(samples),
        n_cropped=len(found),
        n_faces=len(faces),
        n_ready_made=n_ready_made,
        n_without_face=len(without),
        n_boxed=sum(sample.box is not None for sample in samples),
    )
    photographs = {sample.id: photograph for sample, photograph, _ in kept}
    return Crops(
        spec, root, photographs, tuple(each for each, _, _ in kept), faces, found, tuple(without), counts, framing,
        image_shape,
    )  # fmt: skip


def _how_to_find_more(finder: FaceFinder) -> str:
    """Return what to change where no face was found; only what can have left out faces is named."""
    limits = []
    if finder.min_face:
        limits.append(f"min_face (--min-face, here {finder.min_face:g} pixels)")
    if finder.min_score:
        limits.append(f"min_detection (--min-detection, here {finder.min_score:g})")
    if "score" in option_names(finder.spec.build):
        limits.append(f"{finder.spec.name}'s own option score (in a config file: [data.crop.options] score)")
    more = f"Lower values of {' or '.join(limits)} find more faces. " if limits else ""
    return f"{more}Without cropping, the images are used as they are."


def _samples_of(photograph: Sample, faces: Sequence[Face], largest: bool) -> list[tuple[Sample, Sample, Face]]:
    """Return a sample for each face that is used, with the photograph's sample and the face."""
    if largest or len(faces) == 1:
        return [(photograph, photograph, max(faces, key=lambda face: face.side))]
    group = photograph.group if photograph.group is not None else photograph.id
    boxes = [",".join(str(round(value)) for value in face.box) for face in faces]
    ids = [f"{photograph.id}{FACE_FRAGMENT}{box}" for box in boxes]
    return [
        (replace(photograph, id=each, group=group), photograph, face)
        for each, face in zip(ids, faces, strict=True)
        if ids.count(each) == 1 or face is faces[ids.index(each)]
    ]
