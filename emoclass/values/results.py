"""What a run hands back: numbers with their evidence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NoReturn

from pydantic import Field, field_validator

from emoclass.values.base import FrozenModel
from emoclass.values.faces import Point


class MetricValue(FrozenModel):
    """The value of a metric, with its confidence interval and sample size.

    Attributes:
        value: The value; None where it is undefined (`reason` says why) or is a mapping or matrix.
        ci_low: Lower end of the 95 % interval, None where there is none.
        ci_high: Upper end.
        n_samples: How many samples it was computed on: the denominator of a proportion.
        n_units: How many independent units the samples are, where that is fewer: images of one person, and copies of
            one picture, are one. None where each sample is one, and where the figure rests on some samples only, as
            precision and recall of one emotion do.
        split: Which split those samples are.
        interval: How the interval was made: `wilson`, `bootstrap`, or None.
        reason: Why the value or its interval is missing.
        per_class: The same metric for each emotion, where it has one.
        matrix: Counts, rows = true class, columns = predicted class, in label order.
    """

    value: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    n_samples: int
    n_units: int | None = None
    split: str = "test"
    interval: str | None = None
    reason: str | None = None
    per_class: Mapping[str, MetricValue] = Field(default_factory=dict)
    matrix: tuple[tuple[float, ...], ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the value as JSON types: the four numbers always, the rest where it says something."""
        document: dict[str, Any] = {
            "value": self.value,
            "ci_low": self.ci_low,
            "ci_high": self.ci_high,
            "n_samples": self.n_samples,
            "split": self.split,
        }
        if self.n_units is not None:
            document["n_units"] = self.n_units
        if self.interval:
            document["interval"] = self.interval
        if self.reason:
            document["reason"] = self.reason
        if self.per_class:
            document["per_class"] = {name: each.to_json() for name, each in self.per_class.items()}
        if self.matrix is not None:
            document["matrix"] = [list(row) for row in self.matrix]
        return document


class SkippedFile(FrozenModel):
    """A file that could not be used, and why."""

    path: str
    reason: str


class CropCounts(FrozenModel):
    """What became of images whose faces were cropped.

    Attributes:
        detector: The face detector.
        n_images: Images that were searched for faces.
        n_cropped: Those of them that faces were cropped from.
        n_faces: How many faces these gave.
        n_ready_made: Images that were face crops already, and are used as they are.
        n_without_face: Images without a face, which are left out.
        n_boxed: Images whose face the dataset states the box of; no face was searched for in them.
    """

    detector: str
    n_images: int
    n_cropped: int
    n_faces: int
    n_ready_made: int
    n_without_face: int
    n_boxed: int = 0

    def note(self) -> str:
        """Return a sentence for whoever reads the metrics."""
        faces = f"{self.n_faces:,} faces were cropped from " if self.n_faces != self.n_cropped else "Faces cropped: "
        found_by = [f"{self.n_boxed:,} by the dataset's boxes"] if self.n_boxed else []
        found_by += [f"detector {self.detector}"] if self.n_boxed < self.n_images else []
        said = f"{faces}{self.n_cropped:,} of {self.n_images:,} images ({', '.join(found_by)})."
        if self.n_ready_made:
            said += f" Used as they are, since they are face crops already: {self.n_ready_made:,}."
        if self.n_without_face:
            said += f" Left out, since no face was found: {self.n_without_face:,}."
        return said


class CroppedFolder(FrozenModel):
    """What `emoclass crop` wrote into a folder, in one call or several.

    Attributes:
        folder: The folder.
        table: `crops.csv` in it: the source, the box and the landmarks of each crop.
        n_photographs: Image files, with those that cannot be read.
        n_before: Those of them that an earlier call had finished.
        n_changed: Photographs that were cropped again, since their files changed.
        n_restored: Photographs that were cropped again, since crops of them were missing.
        n_gone: Photographs of earlier calls that do not exist any more; they and their crops are not counted.
        n_faces: Faces that were cropped.
        n_ready_made: Images that were face crops already, and were written as they are.
        n_without_face: Photographs without a face, or without one within the limits.
        n_unreadable: Files that cannot be read, or show nothing: all pixels have nearly the same color.
        n_left_out: Faces that were found and left out by a limit: too small, too uncertain, not the largest.
        skipped: The photographs that gave no crop, and why.
        passed_over: What in the folder of photographs was not read, in a sentence: videos, files that are no images,
            linked folders. None where there is nothing else.
        labels: `labels.csv` in the folder: the label, split, group and votes of each crop, where the photographs are
            those of a table; else None.
        notes: What to know of the table.
    """

    folder: Path
    table: Path
    labels: Path | None = None
    notes: tuple[str, ...] = ()
    n_photographs: int
    n_before: int = 0
    n_changed: int = 0
    n_restored: int = 0
    n_gone: int = 0
    n_faces: int
    n_ready_made: int = 0
    n_without_face: int = 0
    n_unreadable: int = 0
    n_left_out: int = 0
    skipped: tuple[SkippedFile, ...] = ()
    passed_over: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the document that `emoclass crop --json` prints."""
        return self.model_dump(mode="json")


class Calibration(FrozenModel):
    """The temperature of a network's probabilities, and what it changed on the images that it was fitted on.

    Attributes:
        temperature: The logits were divided by it. Above 1, the network was too sure of itself.
        n_samples: How many validation images it was fitted on.
        log_loss: Before and after.
        ece: The expected calibration error, before and after.
    """

    temperature: float
    n_samples: int
    log_loss: tuple[float, float]
    ece: tuple[float, float]

    def note(self) -> str:
        """Return a sentence for whoever reads the metrics."""
        (loss, new_loss), (ece, new_ece) = self.log_loss, self.ece
        return (
            f"The probabilities are calibrated with a temperature of {self.temperature:.3g}, fitted on "
            f"{self.n_samples:,} validation images. On these, it changes the log loss from {loss:.3f} to "
            f"{new_loss:.3f} and the expected calibration error from {ece:.3f} to {new_ece:.3f}."
        )


class Quantization(FrozenModel):
    """How the file that predicts differs from the network that was trained.

    Attributes:
        kind: `dynamic` or `int8`.
        n_calibrated: How many training images its ranges were taken from; 0 for `dynamic`, which needs none.
        n_samples: How many validation images both were tried on.
        difference: The largest difference of a probability.
        mean_difference: The mean over the images of each one's largest difference.
        accuracy: On these images, of the network and of the file.
    """

    kind: Literal["dynamic", "int8"]
    n_calibrated: int
    n_samples: int
    difference: float
    mean_difference: float
    accuracy: tuple[float, float]

    def note(self) -> str:
        """Return a sentence for whoever reads the metrics."""
        before, after = self.accuracy
        return (
            f"The bundle predicts with 8-bit integers ({self.kind}), and the metrics are those of the network before. "
            f"On {self.n_samples:,} validation images, its accuracy is {after:.3f}, and {before:.3f} before; "
            f"probabilities differ by {self.mean_difference:.3f} on average, and by {self.difference:.3f} at most."
        )


class LayerRow(FrozenModel):
    """One line of a model's layer table.

    Attributes:
        name: The layer's name.
        kind: Its class, such as `Conv2D`.
        output_shape: As Keras prints it: `(None, 256, 256, 16)`.
        parameters: How many numbers it holds, trainable or not.
    """

    name: str
    kind: str
    output_shape: str
    parameters: int


class RunRecord(FrozenModel):
    """What a finished run wrote: its numbers, and what they rest on.

    Attributes:
        folder: The run folder, with everything that the run wrote.
        plugin: The plugin that was run.
        recipe: Its recipe.
        labels: Emotion ids in class order.
        headline: The metrics to look at first.
        n_samples: Images used, per split.
        metrics: Name -> value, on the test split.
        n_leaked: Test images of which training or validation holds a copy, near-duplicates among them, or which a
            model had seen that this one learned from; None where nobody looked.
        leak_adjusted: Name -> value, on the test split without these; empty where there are none, or nothing else.
        history: Column of `history.csv` -> one number an epoch.
        skipped: Files that could not be read, and photographs without a face where faces were cropped.
        cropped: What became of the images where faces were cropped; else None.
        calibration: The temperature of the probabilities, where they are calibrated; else None.
        quantization: How the bundle's LiteRT file was quantized, if to 8 bits; else None.
        left_out: Class word -> images that belong to no emotion of this run.
        merged: Emotion -> class word -> images of another class that the run's map counts as this emotion.
        notes: What a reader of the numbers must know: sentences.
    """

    folder: Path
    plugin: str
    recipe: str
    labels: tuple[str, ...]
    headline: tuple[str, ...] = ()
    n_samples: Mapping[str, int]
    metrics: Mapping[str, MetricValue]
    n_leaked: int | None = None
    leak_adjusted: Mapping[str, MetricValue] = Field(default_factory=dict)
    history: Mapping[str, tuple[float, ...]] = Field(default_factory=dict)
    skipped: tuple[SkippedFile, ...] = ()
    cropped: CropCounts | None = None
    calibration: Calibration | None = None
    quantization: Quantization | None = None
    left_out: Mapping[str, int] = Field(default_factory=dict)
    merged: Mapping[str, Mapping[str, int]] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the document that `emoclass run --json` prints."""
        return {
            "folder": str(self.folder),
            "plugin": self.plugin,
            "recipe": self.recipe,
            "labels": list(self.labels),
            "headline": list(self.headline),
            "n_samples": dict(self.n_samples),
            "metrics": {name: value.to_json() for name, value in self.metrics.items()},
            "n_leaked": self.n_leaked,
            "leak_adjusted": {name: value.to_json() for name, value in self.leak_adjusted.items()},
            "skipped": [skipped.model_dump() for skipped in self.skipped],
            **({"cropped": self.cropped.model_dump()} if self.cropped else {}),
            **({"calibration": self.calibration.model_dump(mode="json")} if self.calibration else {}),
            **({"quantization": self.quantization.model_dump(mode="json")} if self.quantization else {}),
            "left_out": dict(self.left_out),
            "merged": {emotion: dict(words) for emotion, words in self.merged.items()},
            "notes": list(self.notes),
        }


class _FrozenDict(dict[str, float]):
    """A dictionary that stays as it is; it compares, prints and turns into JSON as any other."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("the scores of a prediction cannot be changed; dict(scores) gives a mutable copy")

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[type[_FrozenDict], tuple[dict[str, float]]]:
        return type(self), (dict(self),)  # else pickle and copy would fill it item by item


def frozen_scores(scores: Mapping[str, float]) -> Mapping[str, float]:
    """Return probabilities as a mapping that cannot be changed."""
    return _FrozenDict(scores)


class Prediction(FrozenModel):
    """What a model says of one image.

    Attributes:
        path: The image's file as the caller named it; None for an image that is no file.
        label: The emotion: the likeliest one; of two, the second where its probability is at least 0.5.
        probability: The label's.
        scores: Emotion -> probability, in label order; read-only. Range: [0, 1], they sum to 1.
    """

    path: str | None = None
    label: str
    probability: float
    scores: Mapping[str, float]

    @field_validator("scores")
    @classmethod
    def _stays(cls, scores: Mapping[str, float]) -> Mapping[str, float]:
        return frozen_scores(scores)

    def to_json(self) -> dict[str, Any]:
        """Return the document that `emoclass predict --json` prints of an image."""
        return {
            "path": self.path,
            "label": self.label,
            "probability": self.probability,
            "scores": dict(self.scores),
        }


class FacePrediction(Prediction):
    """What a model says of one face of a picture.

    Attributes:
        box: `(left, top, width, height)` in pixels of the upright picture; of a ready-made crop, the whole of it.
        landmarks: The eyes, the nose and the corners of the mouth, each `(x, y)` in pixels, as `Face` has them; None
            where the detector gives none.
        detection: How sure the detector is that it is a face, in [0, 1]; None for a ready-made crop.
    """

    box: tuple[float, float, float, float]
    landmarks: tuple[Point, Point, Point, Point, Point] | None = None
    detection: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the document that `emoclass predict --json` prints of a face."""
        document = super().to_json()
        del document["path"]
        return {
            "box": [round(value, 1) for value in self.box],
            "landmarks": self.landmarks and [[round(value, 1) for value in point] for point in self.landmarks],
            "detection": self.detection,
            **document,
        }


class PictureFaces(FrozenModel):
    """The faces of one picture, and what a model says of each.

    Attributes:
        path: The picture's file as the caller named it; None for a picture that is no file.
        width: The upright picture's width in pixels.
        height: Its height.
        ready_made: Whether it was taken for a ready-made face crop, which is judged as it is.
        faces: From left to right; none where no face was found.
        n_left_out: How many faces were found and left out: too small, too uncertain, not among the largest.
    """

    path: str | None = None
    width: int
    height: int
    ready_made: bool = False
    faces: tuple[FacePrediction, ...] = ()
    n_left_out: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the document that `emoclass predict --json` prints of a picture.

        A ready-made crop has its label, probability and scores at this level too, as `Prediction` has them.
        """
        crop = self.faces[0].to_json() if self.ready_made else {}
        return {
            "path": self.path,
            **{key: crop[key] for key in ("label", "probability", "scores") if crop},
            "width": self.width,
            "height": self.height,
            "ready_made": self.ready_made,
            "n_left_out": self.n_left_out,
            "faces": [face.to_json() for face in self.faces],
        }


class Unreadable(FrozenModel):
    """An image of a stream that could not be read, in the place of its prediction.

    Attributes:
        path: The file as the caller named it; None for an image that is no file.
        reason: Why, in a few words.
    """

    path: str | None = None
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Return the document that `emoclass predict --json` prints of an image."""
        return {"path": self.path, "error": self.reason}
