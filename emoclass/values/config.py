"""The whole experiment as one value: defaults <- recipe <- config file (TOML) <- options."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, field_validator, model_validator

from emoclass.errors import ConfigError
from emoclass.suggestions import did_you_mean, sentence
from emoclass.values.base import FrozenModel
from emoclass.values.labels import LabelScheme, canonical, close_emotions
from emoclass.values.specs import Name

Tree = Mapping[str, Any]
FIRST_DEFAULTS: Mapping[str, Any] = {}
"""Setting, such as `training.epochs` -> its first default, as JSON has it, for settings whose default has changed.

Digests leave these values out and count today's default, so that finished and interrupted runs keep their digest.
"""
IGNORE = "ignore"
"""The target that `--map NAME=ignore` gives to a class that the run shall leave out."""
PRETRAINED = "pretrained"
"""The `model.start` of a run that starts from what the model's plugin brings."""


class Component(FrozenModel):
    """Something that is built by name: an optimizer, a loss, a layer, a callback.

    Attributes:
        ref: `package.module:attribute`, called with `options`.
        options: Keyword arguments.
    """

    ref: str
    options: Mapping[str, Any] = Field(default_factory=dict)

    @field_validator("ref")
    @classmethod
    def _looks_like_a_reference(cls, ref: str) -> str:
        module, separator, attribute = ref.partition(":")
        if not (module and separator and attribute):
            raise ValueError(f"expected 'package.module:attribute', got {ref!r}")
        return ref


class Fold(FrozenModel):
    """One round of a cross-validation: part `number`, from 1, of so many is the test set."""

    number: int = Field(ge=1)
    of: int = Field(ge=2)


class CropConfig(FrozenModel):
    """How the faces of photographs are found and cropped. Images that are face crops already are used as they are.

    Attributes:
        detector: A face detector's name; None uses `yunet`, or the only one that is installed.
        options: Passed to the detector's `build`.
        largest: Whether only the largest face of a photograph is used. Otherwise every face has the label of its
            photograph, and all faces of a photograph stay in the same split.
        min_face: Smaller faces are ignored: the square root of the box's area, in pixels of the photograph.
        min_detection: Faces with a lower detection score are ignored, in [0, 1].
        max_faces: If all faces are used, at most this many of a photograph, the largest ones.
    """

    detector: Name | None = None
    options: Mapping[str, Any] = Field(default_factory=dict)
    largest: bool = True
    min_face: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    min_detection: float = Field(default=0.0, ge=0, le=1)
    max_faces: int | None = Field(default=None, ge=1)


def check_crop(crop: object) -> None:
    """Refuse what the `crop` argument of a public function cannot be.

    Raises:
        ConfigError: It is neither a truth value nor None nor settings.
    """
    if not (crop is None or isinstance(crop, bool | Mapping | CropConfig)):
        raise ConfigError(f"crop: expected True, False, or settings such as {{'min_face': 40}}, got {crop!r}.")


class DataConfig(FrozenModel):
    """Which images, and how they are split.

    Attributes:
        dataset: A dataset's name.
        root: The folder it reads; datasets that include or generate their images take none.
        options: Passed to the dataset's `load`.
        map: Class word -> emotion, or "ignore": how to read folders whose name is not a known emotion.
        crop: If present, the faces of photographs are found and cropped first; `{}` for the default settings.
        validation: Fraction of the images for validation, in (0, 1): of all of them, or of the training images if the
            dataset has a test set of its own. Ignored if the dataset has a validation set of its own.
        test: Fraction of the images for testing, in (0, 1), likewise. Ignored if the dataset has a test set of its
            own, or if there is a `fold`.
        audit: Whether to search for duplicate images, so that copies stay in the same split.
        hashes: Whether the bundle includes a hash of each training and validation image, by which `emoclass evaluate`
            recognizes copies of them. Needs `audit`.
        exclude: A list of images to exclude, one path per line, as `emoclass audit --write-clean FILE.txt` writes it.
        fold: The test set is fold `number` of `of` folds of all images; `emoclass run --folds` runs each in turn.
    """

    dataset: Name = "synthetic-faces"
    root: Path | None = None
    options: Mapping[str, Any] = Field(default_factory=dict)
    map: Mapping[str, str] = Field(default_factory=dict)
    crop: CropConfig | None = None
    validation: float = Field(default=0.125, gt=0, lt=1)
    test: float = Field(default=0.125, gt=0, lt=1)
    audit: bool = True
    hashes: bool = True
    exclude: Path | None = None
    fold: Fold | None = None

    @model_validator(mode="after")
    def _something_is_left_to_train(self) -> DataConfig:
        fold = self.fold
        if fold is not None and fold.number > fold.of:
            raise ValueError(f"fold.number: expected 1 to {fold.of}, got {fold.number}")
        held_back, name = (self.test, "test") if fold is None else (1 / fold.of, f"1/{fold.of}")
        if self.validation + held_back >= 1:
            raise ValueError(f"validation + {name}: expected less than 1, got {self.validation + held_back:g}")
        return self


class ModelConfig(FrozenModel):
    """Which network.

    Attributes:
        name: A model's name.
        options: Passed to the model's `build`. A run that starts from a trained model of this name takes the options
            that it was built with, instead of the recipe's, if its bundle has them. Options in a config file override
            them.
        start: The trained model that provides the initial weights: whatever `emoclass predict` accepts, which is the
            folder of a run or a bundle, or the name of a plugin with a pretrained model; or `pretrained` or
            `pretrained:NAME` for a pretrained model of `name`. None uses random initial weights.
    """

    name: Name
    options: Mapping[str, Any] = Field(default_factory=dict)
    start: Annotated[str, Field(min_length=1)] | None = None


class TeacherConfig(FrozenModel):
    """Knowledge distillation: the network is trained towards the probabilities that trained models give.

    Attributes:
        bundles: The teacher, or several: the mean of their probabilities is used. Each is whatever `emoclass predict`
            accepts: the folder of a run or a bundle, or the name of a plugin with a pretrained model. Each must know
            the emotions of the run.
        temperature: Applied to the probabilities of teacher and student in the distillation loss, which is multiplied
            by its square. Above 1, less likely emotions count more.
        share: The share of the distillation loss in the training loss, in [0, 1]; the rest is the loss on the labels.
    """

    bundles: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]
    temperature: float = Field(default=2.0, gt=0, le=100)
    share: float = Field(default=0.9, ge=0, le=1)


class TrainingConfig(FrozenModel):
    """How the network is trained.

    Attributes:
        epochs: Number of training epochs.
        batch_size: Images per training step.
        optimizer: A Keras optimizer.
        schedule: A Keras learning-rate schedule; `decay_steps`, where it takes one and the options
            name none, is the length of the whole training, less `warmup_steps`.
        warmup: The share of all steps, below 1, in which a schedule that takes `warmup_steps` raises the rate, where
            its options name none. Unlike a number of steps, it fits any number of images and epochs.
        loss: A Keras loss of probabilities; by default (categorical or binary) cross-entropy, as the labels say.
        augmentation: Keras layers that change training images, in order; the saved model has none of them.
        callbacks: Keras callbacks.
        class_weights: `"balanced"` (inversely proportional to a class's frequency), a weight per emotion, or none.
        targets: The training target: the `label`; the distribution of the annotators' `votes`, if an image has them; or
            the mean of `both`.
        label_smoothing: The fraction of a target that is spread over all emotions, from 0 on and below 1.
        mixup: Each training image and its target are mixed with another's, in shares from the Beta distribution with
            this number as both of its parameters; 0 mixes nothing. Training loss and accuracy are those on the mixed
            images.
        weight_averaging: The momentum of an exponential moving average of the weights, below 1: the averages are
            validated and kept. After `t` steps the momentum is at most `(1 + t) / (10 + t)`, so that a short training
            forgets its first steps as well. With it, early stopping needs `keep = "best"`. 0 takes the weights as
            they are.
        precision: The numeric precision during training: `mixed_bfloat16` is several times as fast if the CPU has
            instructions for it, and slower elsewhere. The saved model is float32.
        keep: Which epoch's weights are kept: the `last`, or the `best` by validation loss.
        calibration: With `"temperature"`, the finished network's probabilities are calibrated on the validation
            images: its logits are divided by the number that gives the smallest log loss. It is part of the saved
            model, and never changes the most likely emotion.
        quantize: With `"float16"`, the weights of the finished network are rounded to half precision, so that its
            files have half the size. With `"dynamic"` or `"int8"`, the bundle's LiteRT file, which predicts, computes
            with 8-bit integers, and is compared with the network on the validation images. `"dynamic"` quantizes the
            weights, and each layer's input when it runs. `"int8"` keeps everything between in integers, too: their
            ranges are taken from 200 training images, and the model must end in a softmax or sigmoid layer.
        teacher: If present, knowledge distillation from trained models.
    """

    epochs: int = Field(default=20, ge=1)
    batch_size: int = Field(default=32, ge=1)
    optimizer: Component = Component(ref="keras.optimizers:Adam")
    schedule: Component | None = None
    warmup: float = Field(default=0.0, ge=0, lt=1)
    loss: Component | None = None
    augmentation: tuple[Component, ...] = ()
    callbacks: tuple[Component, ...] = ()
    class_weights: Literal["balanced"] | Mapping[str, Annotated[float, Field(gt=0)]] | None = None
    targets: Literal["label", "votes", "both"] = "label"
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    mixup: float = Field(default=0.0, ge=0, le=10)
    weight_averaging: float = Field(default=0.0, ge=0, lt=1)
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    keep: Literal["last", "best"] = "last"
    calibration: Literal["temperature"] | None = None
    quantize: Literal["float16", "dynamic", "int8"] | None = None
    teacher: TeacherConfig | None = None

    @model_validator(mode="after")
    def _warmup_is_of_a_schedule(self) -> TrainingConfig:
        if self.warmup and self.schedule is None:
            raise ValueError("warmup: expected a schedule to warm up, got none")
        return self

    def n_steps(self, n_images: int) -> int:
        """Return how many steps the training takes on so many training images."""
        return -(-n_images // self.batch_size) * self.epochs

    def schedule_note(self, n_images: int) -> str | None:
        """Return what keeps the schedule from doing its work on so many training images; None where nothing does."""
        options, steps = self.schedule.options if self.schedule else {}, self.n_steps(n_images)
        warmup, decay = (options.get(name) or 0 for name in ("warmup_steps", "decay_steps"))
        length = f"the training has only {steps:,} steps ({self.epochs} epochs of {n_images:,} images)"
        if warmup >= steps:
            return (
                f"The learning rate never reaches its peak: its schedule warms up for {warmup:,} steps, and {length}. "
                "Train longer, or set training.warmup, a share of the steps, instead of warmup_steps."
            )
        if decay > 2 * (steps - warmup):
            return (
                f"The learning rate does not fall as planned: its schedule decays over {decay:,} steps, and {length}. "
                "Train longer, or leave decay_steps out: they are then the length of the training."
            )
        return None


class EvaluationConfig(FrozenModel):
    """What is computed on the test split.

    Attributes:
        headline: The metrics that a run prints and its report shows first.
        metrics: The metrics to compute besides the headline; empty for the built-in ones and those of the run's plugin.
        resamples: Bootstrap resamples per interval.
    """

    headline: tuple[Name, ...] = ("accuracy", "precision", "recall")
    metrics: tuple[Name, ...] = ()
    resamples: int = Field(default=1000, ge=100)


class RuntimeConfig(FrozenModel):
    """How the machine is used; not part of the experiment.

    Attributes:
        threads: CPU threads for decoding and training; None uses all.
        cache_mib: Decoded images are kept in memory up to this size, and beyond it in a file in the
            run folder, which is removed afterwards.
    """

    threads: int | None = Field(default=None, ge=1, le=256)
    cache_mib: int = Field(default=512, ge=0)


def _labels_from_names(value: Any) -> Any:
    return {"emotions": value} if isinstance(value, str | list | tuple) else value


class RunConfig(FrozenModel):
    """Everything that a run depends on; `config.toml` in a run folder holds it complete.

    Attributes:
        plugin: The plugin whose recipe this is: an installed name, or the path of a one-file plugin.
        recipe: The recipe's name.
        seed: Random seed for the split, the initial weights, shuffling and the bootstrap.
        labels: The emotions, in class order, or the name of a scheme of them.
    """

    plugin: str
    recipe: Name
    seed: int = Field(default=0, ge=0, lt=2**32)
    labels: Annotated[LabelScheme, BeforeValidator(_labels_from_names)]
    data: DataConfig = DataConfig()
    model: ModelConfig
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    runtime: RuntimeConfig = RuntimeConfig()

    @model_validator(mode="after")
    def _map_leads_to_emotions(self) -> RunConfig:
        for word, emotion in self.data.map.items():
            if emotion != IGNORE and canonical(emotion, self.labels.extra) is None:
                close = close_emotions(emotion, self.labels.extra)
                guess = f"; did you mean {close[0]!r}?" if close else ""
                raise ValueError(f"data.map: {word!r} is mapped to {emotion!r}, which is no known emotion{guess}")
        return self

    @model_validator(mode="after")
    def _weights_name_the_labels(self) -> RunConfig:
        weights = self.training.class_weights
        if isinstance(weights, Mapping) and set(weights) != set(self.labels.emotions):
            raise ValueError(
                f"training.class_weights: expected a weight for each of {', '.join(self.labels.emotions)}, "
                f"got {', '.join(weights) or 'none'}"
            )
        return self

    def digest(self) -> str:
        """Return the SHA-256 of the experiment, `runtime` left out, in hexadecimal.

        What is as by default counts for nothing: a setting that a later version adds leaves old digests as they are.
        So does a default that a later version changes, if `FIRST_DEFAULTS` has the first one: `config.toml` holds the
        values that the run had.
        """
        tree = self.model_dump(mode="json", exclude={"runtime"}, exclude_defaults=True)
        whole = self.model_dump(mode="json")
        for setting, first in FIRST_DEFAULTS.items():
            table, _, name = setting.rpartition(".")
            value = whole[table][name] if table else whole[name]
            inside = tree.setdefault(table, {}) if table else tree
            inside.pop(name, None)
            if value != first:
                inside[name] = value
            if table and not inside:
                del tree[table]
        return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()

    def to_toml(self) -> str:
        """Return the configuration as a config file; reading it back gives an equal value.

        Raises:
            ConfigError: An option is something that TOML cannot hold, such as None.
        """
        import tomli_w

        try:
            return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))
        except TypeError as error:
            raise ConfigError(f"configuration: cannot be written as TOML ({error}).") from error


def name_of_model(source: str) -> str:
    """Return the name of a trained model for a reader on another machine, without the path.

    Args:
        source: What `model.start` or `training.teacher.bundles` has.

    Example:
        >>> name_of_model("/data/runs/20260102-030405-faces/bundle")
        '20260102-030405-faces'
        >>> name_of_model("faces:faces:fast")
        'faces:faces:fast'
    """
    path = Path(source)
    return (path.parent.name if path.name == "bundle" else "") or path.name


def is_pretrained(start: str) -> bool:
    """Tell whether `model.start` names a pretrained model of the run's own model; else it is a path or a plugin's name.

    Example:
        >>> is_pretrained("pretrained"), is_pretrained("pretrained:small"), is_pretrained("runs/mine")
        (True, True, False)
    """
    return start.partition(":")[0] == PRETRAINED


def validate(tree: Tree, *, source: str = "configuration") -> RunConfig:
    """Check nested tables and return them as a RunConfig.

    Raises:
        ConfigError: A key is unknown (the close ones are named), a value missing or out of range.
    """
    try:
        return RunConfig.model_validate(tree)
    except ValidationError as error:
        found = error.errors(include_url=False)
        wrong_inside = {each["loc"][:depth] for each in found for depth in range(len(each["loc"]))}
        # Pydantic calls a list too short if too few of its entries are right.
        lines = [_explain(each) for each in found if each["type"] != "too_short" or each["loc"] not in wrong_inside]
        raise ConfigError(f"{source}: {sentence('; '.join(lines))}") from error


_EXPECTED = {
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text",
    "literal_error": "{expected}",
    "mapping_type": "a table",
    "dict_type": "a table",
    "model_type": "a table",
    "list_type": "a list",
    "tuple_type": "a list",
    "too_short": "{min_length} or more entries",
    "string_too_short": "text of {min_length} or more characters",
}
"""Pydantic's name of an error -> what is expected instead."""


def explain_value(error: Mapping[str, Any]) -> str:
    """Return what is wrong with a value, of one of the errors that pydantic lists."""
    expected = _EXPECTED.get(error["type"])
    if expected is None:
        return str(error["msg"]).removeprefix("Value error, ")
    bounds = {
        name: int(bound) if isinstance(bound, float) and bound.is_integer() else bound
        for name, bound in error.get("ctx", {}).items()
    }
    return f"expected {expected.format(**bounds)}, got {error['input']!r:.80}"


def _explain(error: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        known = _fields_at(error["loc"][:-1])
        guess = did_you_mean(
            str(error["loc"][-1]), known, cutoff=0.5, instead=f"known here: {', '.join(known)}", capital=False
        )
        return f"unknown key {where!r}; {guess}"
    if error["type"] == "missing":
        return f"{where!r} is required"
    message = explain_value(error)
    return f"{where}: {message}" if where and not message.startswith(where) else message


def _fields_at(location: tuple[Any, ...]) -> list[str]:
    """Return the keys that a table of the configuration may have."""
    model: type[BaseModel] = RunConfig
    for part in location:
        if part not in model.model_fields:
            continue  # an index into a list, or a member of a union
        kinds = [model.model_fields[part].annotation, *get_args(model.model_fields[part].annotation)]
        kinds += [inner for kind in kinds for inner in get_args(kind)]
        nested = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if not nested:
            return []
        model = nested[0]
    return list(model.model_fields)
