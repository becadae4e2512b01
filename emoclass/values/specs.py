"""What a plugin's hooks return: descriptions of datasets, models, metrics, recipes and detectors.

A spec names its code by reference (`"package.module:attribute"`), so that describing a model never
imports Keras; a callable is accepted too, for notebooks, tests and one-file plugins. The contracts
of the referenced code stand in each spec's docstring and in docs/hooks.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, SkipValidation, StringConstraints, model_validator
from pydantic.dataclasses import dataclass

from emoclass.values.base import FrozenModel
from emoclass.values.faces import Framing
from emoclass.values.labels import EMOTIONS
from emoclass.values.references import Ref

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
"""What a user types: lower-case letters, digits, '-' and '_'."""

Summary = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
"""One sentence for listings."""

SplitName = Literal["train", "validation", "test"]
Expects = Literal["photograph", "face_crop"]
AnyRef = Annotated[Ref, SkipValidation]


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Sample:
    """One labeled image of a dataset; nothing is decoded yet.

    What it is made with is validated. A million of them are listed in seconds, so it is a dataclass with slots, which
    takes a quarter of a pydantic model's memory; `dataclasses.replace` changes a field.

    Attributes:
        id: Unique within the dataset and stable between listings.
        path: Where the image is, relative to the dataset's root, with forward slashes. Of a dataset that declares
            `reads_outside_root`, it may also be absolute, or lead out of the root. Where the root is a file, it is
            relative to the folder of that file.
        emotion: The dataset's own word for the class; `data.index` translates it.
        votes: Annotators' counts per word, where the dataset has them: an emotion that its spec declares, or a word
            that is no emotion. All 0 is as none.
        group: Person, sequence or source: never crosses splits.
        split: The dataset's official split, where it has one.
        attributes: What else the dataset says of the image, such as `{"gender": "female"}`: metrics can be broken
            down by it. `group` is none: persons are that.
        box: The box of the face in the image that the label is about: left, top, width and height in pixels of the
            upright image. `--crop` crops this face. Otherwise the dataset's `read_sample` may cut it out.
    """

    id: str
    path: str
    emotion: str
    votes: Mapping[str, float] | None = None
    group: str | None = None
    split: SplitName | None = None
    attributes: Mapping[str, str] = Field(default_factory=dict)
    box: tuple[float, float, float, float] | None = None

    def __hash__(self) -> int:  # the one that dataclasses make would fail at the mappings
        return hash((self.id, self.path))


class Spec(FrozenModel):
    """What all kinds share: a name to type and a sentence to read."""

    name: Name
    summary: Summary


class DatasetSpec(Spec):
    """Where labeled images come from.

    Attributes:
        load: `load(root: Path | None, **options) -> Iterable[Sample]`. Lists, decodes nothing, raises DataError
            where files are missing or malformed.
        emotions: The emotion ids that the dataset can hold.
        not_emotions: Class words of the dataset that are no emotion, such as `uncertain`: their images are left out,
            and counted, unless a run maps the word.
        codes: The dataset's own number, letters or word for a class -> the word that its samples bear, for the table
            of all datasets' classes in the documentation.
        read_sample: `read_sample(root, sample) -> bytes`, one encoded image, for containers such as a CSV of
            pixels and for generated images; None reads the file at `sample.path`.
        make_tiny: `make_tiny(root: Path) -> Mapping[str, str] | None` writes a few synthetic images in the true
            on-disk format into an empty folder. It may return {sample id: emotion} of what it wrote: the conformance
            kit compares that with what `load` says, and so finds a loader that swaps two classes.
        needs_root: False for a dataset that carries or generates its images: it takes no folder.
        reads_outside_root: True for a dataset whose samples' paths may be absolute or lead out of the root, such as a
            table that the user names. Otherwise such a path is an error.
        takes_labels: True for a dataset that generates images for the run's emotions: `load` then
            receives `labels: LabelScheme` as a keyword.
        expects: What a picture shows: a whole photograph or an aligned face crop.
        notice: A sentence that every run on this dataset shows, on the terminal and in the report.
        license: The terms of use, as the owner words them.
        citation: How the owner asks to be cited.
        url: Where a user gets the data.
        images_of: The dataset whose images these are, under other labels, such as `fer2013` for FER+.
    """

    load: AnyRef
    emotions: tuple[str, ...] = EMOTIONS
    not_emotions: tuple[str, ...] = ()
    codes: Mapping[str, str] = Field(default_factory=dict)
    read_sample: AnyRef | None = None
    make_tiny: AnyRef | None = None
    needs_root: bool = True
    reads_outside_root: bool = False
    takes_labels: bool = False
    expects: Expects = "photograph"
    notice: str | None = None
    license: str | None = None
    citation: str | None = None
    url: str | None = None
    images_of: Name | None = None


class ModelSpec(Spec):
    """A network.

    Attributes:
        build: `build(*, labels: LabelScheme, image_shape, seed: int, **options) -> keras.Model`, uncompiled.
            Input: float32 `(batch, height, width, channels)` in `value_range`. Output: probabilities,
            `(batch, 1)` = P(second label) where `labels.head == "sigmoid"`, else `(batch, len(labels))`. Layers
            are named explicitly, so that two builds in one process are named alike.
        finish: `finish(network: keras.Model, **options) -> keras.Model` makes of a trained network what is measured and
            kept, such as one that also looks at the mirrored picture; same input, same output. It gets those of the
            model's options that it names. None keeps the network itself.
        start: `start(network: keras.Model, trained: keras.Model) -> None` puts what a kept model has learned into a
            network that was just built, but for the last layer. None copies weights by the layers' names.
        image_shape: `(height, width, channels)` in pixels; 3 channels are RGB, 1 is gray.
        value_range: What the model expects pixels to be scaled to, `(low, high)`.
        expects: What a picture must show: a whole photograph or an aligned face crop.
        framing: How faces are cut out of photographs, where it expects face crops.
        pretrained: Name -> the folder of a trained bundle that the plugin brings, as `"package:folder/inside"` or an
            absolute path; one is called `default`. It is a folder on disk, not inside a zip file.
    """

    build: AnyRef
    finish: AnyRef | None = None
    start: AnyRef | None = None
    image_shape: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)], Literal[1, 3]]
    value_range: tuple[float, float] = (0.0, 1.0)
    expects: Expects = "photograph"
    framing: Framing = Framing()
    pretrained: Mapping[Name, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _range_rises(self) -> ModelSpec:
        if self.value_range[0] >= self.value_range[1]:
            raise ValueError(f"value_range: expected (low, high), got {self.value_range}")
        return self

    @model_validator(mode="after")
    def _one_bundle_is_the_default(self) -> ModelSpec:
        if self.pretrained and "default" not in self.pretrained:
            raise ValueError(f"pretrained: expected one called 'default', got {', '.join(self.pretrained)}")
        return self


class MetricSpec(Spec):
    """A metric, with the way its 95 % interval is computed.

    Attributes:
        compute: `compute(y_true, y_score, *, labels, sample_weight=None)` -> a float, a mapping emotion -> float
            or None, or a square matrix. `y_true`: int `(n,)`; `y_score`: float `(n, len(labels))` probabilities,
            whatever the head. Raises ValueError with the reason where the value is undefined.
        kind: What `compute` returns.
        weighted: The fast way to the same figure of many resamples, where there is one:
            `weighted(y_true, y_score, *, labels) -> of_weights`. `of_weights(weights)` takes how often each image
            counts in each resample, float64 `(resamples, n)`, and returns the figures, float64 `(resamples,)`, or
            `(resamples, len(labels))` of `per_class`; NaN where undefined. `emoclass.evaluation.weighted` has it
            ready for means over images and for figures of confusion matrices. None calls `compute` for each resample.
        interval: `proportion` (Wilson, from `counts`; the bootstrap where a group holds several images, as
            these are no independent trials), `bootstrap` (over groups where declared, else images), or `none`.
        counts: `counts(y_true, y_score, *, labels) -> (successes, trials)`, two ints; or two sequences,
            when the value is the mean of several proportions; or None where, with these labels, it is made
            of none: it is bootstrapped then.
        transform: A rising function of a proportion, where the value is one behind it: F1 = 2 J / (1 + J).
        takes_votes: True for a metric of the annotators' votes: `compute`, `weighted` and `counts` receive `votes` as a
            keyword, float64 `(n, len(labels))`, in each row the emotions' shares of one image's votes, summing to 1.
            Only images that have votes are passed; where none has any, the value is null. `"counts"` for one that
            needs their numbers: a row then holds those, and only images with two votes or more are passed.
        bounds: The smallest and largest possible value; None is unbounded.
        direction: Whether more is better.
        reference: The independent implementation or paper that it agrees with.
    """

    compute: AnyRef
    weighted: AnyRef | None = None
    kind: Literal["scalar", "per_class", "matrix"] = "scalar"
    interval: Literal["proportion", "bootstrap", "none"] = "bootstrap"
    counts: AnyRef | None = None
    transform: AnyRef | None = None
    takes_votes: bool | Literal["counts"] = False
    bounds: tuple[float | None, float | None] = (0.0, 1.0)
    direction: Literal["higher", "lower", "none"] = "higher"
    reference: str | None = None

    @model_validator(mode="after")
    def _proportions_are_counted(self) -> MetricSpec:
        if (self.interval == "proportion") != (self.counts is not None):
            raise ValueError("interval='proportion' and counts=... belong together")
        if self.transform is not None and self.counts is None:
            raise ValueError("transform=... needs counts=...")
        return self


class Recipe(Spec):
    """A named experiment: what `emoclass run --plugin NAME` runs.

    Attributes:
        config: A RunConfig as nested tables, the way a config file writes it; what it leaves out has
            the defaults.
        fine_tuning: Tables that are laid over `config` where a run starts from a trained model: fewer epochs, say,
            and smaller steps.
    """

    config: Mapping[str, Any]
    fine_tuning: Mapping[str, Any] = Field(default_factory=dict)


class DetectorSpec(Spec):
    """A face detector: it finds the faces in a photograph.

    Attributes:
        build: `build(**options) -> detector`. It is called once; every option has a default. The detector is then
            called with one picture, `detector(picture) -> Sequence[Face]`. `picture` is a uint8 array
            `(height, width, 3)`, RGB, upright, of any size; the detector does not change it. Boxes and landmarks are in
            pixels of that picture; a box may reach beyond its edges. Without a face the sequence is empty.
        landmarks: Whether each face has its five landmarks; otherwise none has.
        min_face: The side, in pixels, of the smallest face that it finds reliably, with the default options and in a
            picture of at most 640 pixels: square root of the box's area. Larger pictures may be scaled down inside.
        thread_safe: Whether threads may call one detector at the same time. Otherwise each thread builds its own.
        license: The license of the detector and of its weights.
        source: Where the detector comes from: a paper, a project or an address.
    """

    build: AnyRef
    landmarks: bool
    min_face: float = Field(gt=0, allow_inf_nan=False)
    thread_safe: bool = False
    license: Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
    source: Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
