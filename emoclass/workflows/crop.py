"""Cut the faces out of a folder of photographs. Nothing here needs TensorFlow."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from emoclass.concurrency import MAX_THREADS, available_threads, check_count, ordered_map
from emoclass.data.folder import CROPS_TABLE
from emoclass.data.images import FORMATS, quiet_decoders, read_bytes
from emoclass.data.photograph import Photograph
from emoclass.errors import ConfigError, DataError, OutputError, UnreadableImageError
from emoclass.faces.find import FaceFinder, Found, find, keep
from emoclass.faces.frame import MAX_SIDE, SHOWS_NOTHING, check_box, crop_face, shows_nothing
from emoclass.plugin.registry import Registry
from emoclass.progress import Progress
from emoclass.reporting.folders.crops import (
    MARKER,
    POINTS,
    CropsFolder,
    Differences,
    Row,
    skipped_of,
    stamp,
)
from emoclass.values.faces import READY_MADE, Face, Framing, is_no_face, no_face
from emoclass.values.results import CroppedFolder
from emoclass.values.text import printable
from emoclass.workflows.crop_sources import find_sources, written

__all__ = ["crop"]

LABELS_TABLE = "labels.csv"
"""What is written beside the crops of a table's photographs: the label of each crop."""

SIZE = 1024
"""Larger crops are scaled down to this side, in pixels."""

MIN_SIZE, MIN_FRAMING = 8, 0.3
"""The smallest size in pixels, and side in heights of the box, that may be asked for: less shows no face."""


@dataclass(frozen=True)
class _Cropped:
    """What became of a photograph: its rows in the table, and its crops as PNG files by their names."""

    rows: tuple[Row, ...]
    crops: Mapping[str, bytes]


def crop(
    photos: str | Path,
    out: str | Path,
    *,
    model: str | Path | None = None,
    framing: Framing | Mapping[str, Any] | None = None,
    detector: str | None = None,
    options: Mapping[str, Any] | None = None,
    largest: bool = False,
    min_face: float = 0.0,
    min_detection: float = 0.0,
    max_faces: int | None = None,
    size: int = SIZE,
    data_options: Mapping[str, Any] | None = None,
    threads: int | None = None,
    registry: Registry | None = None,
    progress: Progress | None = None,
) -> CroppedFolder:
    """Find the faces in photographs, of a folder or of a table, and write each as an aligned crop.

    The crops are PNG files in the same folder structure, named after their photographs: `happy/anna.jpg.png`; of
    several faces, from left to right, `happy/party.jpg-1.png`, `happy/party.jpg-2.png`. They carry no metadata: no
    EXIF data, and so no position. `crops.csv` says for each where it comes from. An image that is a face crop already
    is written as it is, unless all its pixels have nearly the same color.

    Of a table such as `labels.csv`, the photographs that it names are cropped, and `labels.csv` in the folder has the
    label, split, group and votes of each crop. Where the table states the boxes of faces, these are the faces, and none
    are searched for.

    Called again, it continues: it crops new photographs, those whose files changed, and those whose crops are missing.
    Crops of photographs that are gone stay, but are not counted. No other file is overwritten.

    Args:
        photos: A folder, which is searched with all folders below it, a single file, or a table.
        out: The folder of the crops: a new or empty one, or one that was written with the same settings.
        model: The model that the crops are for, which then determines the framing: what `emoclass.load` takes, or the
            name of an installed model.
        framing: How faces are framed, instead: `Framing`, or its fields; the side is at least 0.3. By
            default a square of 1.2 times the box's height, turned upright.
        detector: A face detector's name; None takes the one that the model was trained with, or else `yunet`.
        options: Options of the detector.
        largest: Whether the largest face of each photograph alone is cropped.
        min_face: Smaller faces are left out: the square root of the box's area, in pixels of the photograph.
        min_detection: Faces that the detector is less sure of are left out. Range: [0, 1].
        max_faces: So many faces of each photograph are cropped, the largest ones; None crops all. Not with
            `largest`.
        size: Larger crops are scaled down to this side, in pixels; smaller ones keep the face's own resolution.
            At least 8.
        data_options: Options of the table, such as `{"label": "mood"}`.
        threads: Processor threads; None takes those that this process may use.
        registry: The plugins; None discovers the installed ones.
        progress: Progress callback.

    Returns:
        What was written and what was left out, of all calls that wrote into the folder.

    Raises:
        ConfigError: A setting out of range, both a model and a framing, or both `largest` and `max_faces`.
        PluginError: No detector is installed, or nobody offers the one that was named.
        BundleError: There is no such model.
        DataError: There are no photographs.
        OutputError: The folder holds other files or crops with other settings, or cannot be written.

    Example:
        >>> found = crop("photos/", "crops/", largest=True)  # doctest: +SKIP
        >>> found.n_photographs, found.n_faces, found.n_without_face  # doctest: +SKIP
        (256, 184, 58)
    """
    from emoclass.inference.face_search import check_search, choose_detector

    check_search("find", min_face, min_detection, max_faces, largest=largest, options=options)
    if largest and max_faces is not None:
        raise ConfigError("max_faces: expected either largest or max_faces, got both.", hint="Leave one of them out.")
    check_count("size", size, MAX_SIDE)
    if size < MIN_SIZE:
        raise ConfigError(f"size: expected {MIN_SIZE} to {MAX_SIDE} pixels, got {size}.")
    if threads is not None:
        check_count("threads", threads, MAX_THREADS)
    if str(photos) == "" or str(out) == "":
        raise ConfigError(f"{'photos' if str(photos) == '' else 'out'}: expected a path, got an empty one.")
    registry = registry or Registry.discover()
    chosen, measured_with = _framing(model, framing, registry)
    if chosen.side < MIN_FRAMING:
        raise ConfigError(f"framing: expected a side of at least {MIN_FRAMING} heights of the box, got {chosen.side}.")
    root, folder = Path(photos).expanduser(), Path(out).expanduser()
    found = find_sources(root, folder, registry=registry, data_options=data_options)
    sources, home, boxes = found.paths, found.home, found.boxes
    if not sources:
        raise DataError(
            f"photographs {root}: found none." + (f" {found.passed_over}" if found.passed_over else ""),
            hint=f"Folders are searched for {FORMATS} files, except hidden ones.",
        )
    searches = detector is not None or len(boxes) < len(sources)
    spec = choose_detector(registry, detector, measured_with) if searches else None
    finder = None if spec is None else FaceFinder(spec, options=options)
    names = _table_names(folder, sources)
    limits = {"min_score": min_detection, "min_face": min_face, "max_faces": 1 if largest else max_faces}
    settings = {
        "source": str(home.resolve()).encode("utf-8", "backslashreplace").decode(),
        "detector": "" if spec is None else spec.name,
        "options": dict(options or {}),
        "framing": chosen.model_dump(),
        **limits,
        "size": size,
    }
    if boxes:  # the crops of others would be kept
        settings["boxes"] = hashlib.sha256(
            repr(sorted((path, faces) for path, faces in boxes.items())).encode()
        ).hexdigest()
    crops = CropsFolder(folder, settings, names)
    try:
        differences = crops.compare(home)
        finished = crops.finished
        waiting = [source for source in sources if source not in finished]
        one = _worker(home, finder, boxes, chosen, limits, size)
        outcomes = ordered_map(one, waiting, threads or available_threads())
        with quiet_decoders(), closing(outcomes):
            progress = progress or Progress()
            tracked = progress.track(outcomes, title="Cropping", total=len(waiting)) if waiting else ()
            for done in tracked:
                crops.add(done.rows, done.crops)
        labels = found.labels_of([row for row in crops.rows if row["source"] not in differences.gone])
        if labels is not None:
            crops.write(LABELS_TABLE, labels)
    finally:
        crops.close()
    summary = _summary(folder, crops.rows, differences, n_before=len(finished - differences.gone))
    return summary.model_copy(
        update={
            "labels": None if labels is None else folder / LABELS_TABLE,
            "notes": found.notes,
            "passed_over": found.passed_over,
        }
    )


def _framing(
    model: str | Path | None, framing: Framing | Mapping[str, Any] | None, registry: Registry
) -> tuple[Framing, str | None]:
    """Return how faces are framed, and the detector that a model was trained with."""
    if model is not None and framing is not None:
        raise ConfigError("framing: expected either a model or a framing, got both.", hint="Leave one of them out.")
    if framing is not None:
        try:
            return Framing.model_validate(framing), None
        except ValueError as error:
            raise ConfigError(
                f"framing: expected a side up to 4 and whether it is upright, got {framing!r}."
            ) from error
    if model is None:
        return Framing(), None
    if not Path(model).exists() and str(model) in registry.models.names():
        return registry.models.get(str(model)).framing, None
    from emoclass.bundle.read import read_bundle
    from emoclass.inference.load import find_bundle

    manifest = read_bundle(find_bundle(model, registry=registry)).manifest
    return manifest.framing, manifest.detector


def _table_names(out: Path, sources: Sequence[str]) -> dict[str, str]:
    """Return what the table calls each photograph, to its path.

    Raises:
        OutputError: Two photographs, or the crop of one and a folder, would have the same name.
    """
    names: dict[str, str] = {}
    for source in sources:
        if names.setdefault(printable(source), source) != source:
            raise OutputError(
                f"{out / printable(source)}: expected different names, got two photographs with this one if control "
                f"codes are spelled out.",
                hint="Rename one of them.",
            )
    parents = {parent.as_posix() for name in names for parent in PurePosixPath(name).parents}
    for name in sorted(parents & {CROPS_TABLE, MARKER, LABELS_TABLE}):
        raise OutputError(
            f"{out / name}: expected no folder of photographs with the name of a file that is written, got {name}/.",
            hint=f"Rename the folder {name} of the photographs.",
        )
    for parent in sorted(parents):
        stem = parent.removesuffix(".png")
        for source in (stem, re.sub(r"-\d+$", "", stem)):  # the only face of a photograph; one of several
            if stem != parent and source in names:
                raise OutputError(
                    f"{out / parent}: expected different names, got a folder of photographs {parent}/ with the name of "
                    f"a crop of {source}.",
                    hint="Rename the photograph or the folder.",
                )
    return names


def _worker(
    home: Path,
    finder: FaceFinder | None,
    boxes: Mapping[str, Sequence[Face]],
    framing: Framing,
    limits: Mapping[str, Any],
    size: int,
) -> Callable[[str], _Cropped]:
    def faces_in(photograph: Photograph, source: str) -> Found:
        """Return what is in a photograph."""
        if source in boxes:
            return Found(tuple(_inside(photograph, boxes[source])))
        assert finder is not None  # only photographs with boxes need none
        return find(photograph, finder, "auto")

    def one(source: str) -> _Cropped:
        base = printable(source)  # crops are named as the table names them
        at = stamp(home / source)  # before it is read: a change meanwhile is noticed by the next call
        try:
            photograph = Photograph(read_bytes(home / source, path=source), path=source)
            found = faces_in(photograph, source)
            if found.ready_made:
                image = photograph.at_least(min(size, photograph.longer))
                image.thumbnail((size, size), Image.Resampling.BILINEAR)
                if shows_nothing(np.asarray(image)):
                    raise UnreadableImageError(source, SHOWS_NOTHING)
                row = _row(source, at, f"{base}.png", 1, 1, 1, None, READY_MADE)
                return _Cropped((row,), {row["crop"]: _png(image)})
            faces = keep(found.faces, **limits)
            if not faces:
                return _Cropped((_row(source, at, "", 0, 0, len(found.faces), None, no_face(len(found.faces))),), {})
            crops: dict[str, bytes] = {}
            rows = []
            for number, face in enumerate(faces, 1):
                name = f"{base}.png" if len(faces) == 1 else f"{base}-{number}.png"
                crops[name] = _png(crop_face(photograph, face, framing, max_side=size))
                rows.append(_row(source, at, name, number, len(faces), len(found.faces), face, ""))
            return _Cropped(tuple(rows), crops)
        except UnreadableImageError as error:
            return _Cropped((_row(source, at, "", 0, 0, 0, None, error.reason),), {})

    return one


def _inside(photograph: Photograph, faces: Sequence[Face]) -> list[Face]:
    """Return the faces whose boxes a photograph has pixels of.

    Raises:
        UnreadableImageError: None is, or the photograph cannot be decoded.
    """
    inside = []
    problem = None
    for face in faces:
        try:
            check_box(photograph, face.box)
            inside.append(face)
        except UnreadableImageError as error:
            problem = error
    if problem is not None and not inside:
        raise problem
    return inside


def _png(image: Image.Image) -> bytes:
    """Encode pixels alone: whatever else an image carries stays behind."""
    plain = Image.frombytes(image.mode, image.size, image.tobytes())
    encoded = io.BytesIO()
    plain.save(encoded, "PNG", compress_level=4)
    return encoded.getvalue()


def _row(source: str, at: Row, name: str, number: int, faces: int, found: int, face: Face | None, note: str) -> Row:
    places: dict[str, Any] = {}
    if face is not None:
        places = dict(zip(("left", "top", "width", "height"), written(face.box), strict=True))
        places["detection"] = f"{face.score:.3f}"
        for point, (x, y) in zip(POINTS, face.landmarks or (), strict=False):
            places |= {f"{point}_x": f"{x:.1f}", f"{point}_y": f"{y:.1f}"}
    counts = {"face": number, "faces": faces, "found": found}
    return {"source": source, "crop": name, **counts, **places, **at, "note": note}


def _summary(folder: Path, rows: Sequence[Row], differences: Differences, *, n_before: int) -> CroppedFolder:
    rows = [row for row in rows if row["source"] not in differences.gone]
    first = list({row["source"]: row for row in rows}.values())  # one row a photograph
    n_found = sum(int(row["found"]) for row in first)
    n_ready_made = sum(row["note"] == READY_MADE for row in first)
    skipped = skipped_of(rows)
    n_without = sum(is_no_face(each.reason) for each in skipped)
    n_crops = sum(bool(row["crop"]) for row in rows)
    return CroppedFolder(
        folder=folder,
        table=folder / CROPS_TABLE,
        n_photographs=len(first),
        n_before=n_before,
        n_changed=len(differences.changed),
        n_restored=len(differences.missing),
        n_gone=len(differences.gone),
        n_faces=n_crops - n_ready_made,
        n_ready_made=n_ready_made,
        n_without_face=n_without,
        n_unreadable=len(skipped) - n_without,
        n_left_out=n_found - n_crops,
        skipped=skipped,
    )
