"""What the steps of one run share: its configuration, and what that names, looked up once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from emoclass.bundle.manifest import KERAS
from emoclass.bundle.read import Bundle, read_bundle
from emoclass.concurrency import available_threads
from emoclass.data.index import Index, index
from emoclass.errors import BundleError, ConfigError, EmoclassError, PluginError
from emoclass.inference.face_search import choose_detector
from emoclass.inference.load import find_bundle
from emoclass.inference.pretrained import DEFAULT, pretrained_folder, pretrained_of
from emoclass.plugin.configure import load_plugin, metric_specs, recipe_options
from emoclass.plugin.registry import PluginInfo, Registry, unknown_name
from emoclass.progress import Progress
from emoclass.values.config import RunConfig, is_pretrained
from emoclass.values.specs import DatasetSpec, DetectorSpec, MetricSpec, ModelSpec


@dataclass
class Work:
    """What the steps of one run share."""

    config: RunConfig
    registry: Registry
    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def plugin(self) -> PluginInfo:
        """The plugin that is run."""
        return self.registry.plugin(load_plugin(self.registry, self.config.plugin))

    @property
    def dataset(self) -> DatasetSpec:
        """The dataset that is read."""
        return self.registry.datasets.get(self.config.data.dataset, prefer=self.plugin.name)

    @property
    def model(self) -> ModelSpec:
        """The model that is trained."""
        return self.registry.models.get(self.config.model.name, prefer=self.plugin.name)

    @property
    def detector(self) -> DetectorSpec | None:
        """The detector that finds the faces; None where nothing is cropped.

        Raises:
            PluginError: None is installed, or nobody offers the one that the configuration names.
        """
        crop = self.config.data.crop
        if crop is None or self.dataset.expects == "face_crop":
            return None
        return choose_detector(self.registry, crop.detector)

    @property
    def metrics(self) -> list[MetricSpec]:
        """The metrics that are computed."""
        return metric_specs(self.registry, self.config)

    @property
    def threads(self) -> int:
        """How many processor threads are at work."""
        return self.config.runtime.threads or available_threads()

    def index(self) -> Index:
        """List the images, without those that a list excludes."""
        from emoclass.auditing.clean import read_exclusions

        data = self.config.data
        excluded = frozenset() if data.exclude is None else read_exclusions(data.exclude)
        return index(self.dataset, data, self.config.labels, excluded=excluded)

    @cached_property
    def trained(self) -> Bundle | None:
        """The trained model that the training starts from, where the configuration names one.

        Raises:
            BundleError: There is none, it is damaged, has no Keras file, or takes other images than the run's model.
            PluginError: Nobody offers a trained model of that name.
        """
        start, spec = self.config.model.start, self.model
        if start is None:
            return None
        if not is_pretrained(start):
            bundle = self._bundle(start, "model.start:")
        elif not spec.pretrained:
            raise BundleError(
                f"model {spec.name!r}: has no pretrained model to start from.",
                hint="Name a run or a bundle: --from runs/20260102-030405-mine.",
            )
        else:
            name = start.partition(":")[2] if ":" in start else DEFAULT
            if name not in spec.pretrained:
                raise unknown_name(f"trained model of {spec.name!r}:", name, list(spec.pretrained), [])
            bundle = read_bundle(pretrained_folder(spec.pretrained[name]))
        if bundle.manifest.image.shape != spec.image_shape:
            raise BundleError(
                f"bundle {bundle.path}: expected images of {spec.image_shape}, as model {spec.name!r} takes them, "
                f"got {bundle.manifest.image.shape}.",
                hint="Start from a model with the same input.",
            )
        return bundle

    @cached_property
    def teachers(self) -> tuple[Bundle, ...]:
        """The trained models that teach the network, where the configuration names some.

        Raises:
            BundleError: One is missing, damaged, or has no Keras file.
            ConfigError: One does not know all emotions of the run.
            PluginError: Nobody offers one.
        """
        teacher = self.config.training.teacher
        return tuple(self._teacher(source) for source in teacher.bundles) if teacher else ()

    def _teacher(self, source: str) -> Bundle:
        subject = f"training.teacher: {source}:"
        if is_pretrained(source) and not Path(source).exists():
            raise ConfigError(
                f"{subject} expected a run, a bundle, or the name of a plugin with a pretrained model.",
                hint=f"'{source}' is for --from; the plugins' own models are named as in `emoclass predict`, such as "
                "faces or PLUGIN:MODEL:NAME.",
            )
        bundle = self._bundle(source, subject)
        known, wanted = bundle.manifest.labels.emotions, self.config.labels.emotions
        if strangers := [emotion for emotion in wanted if emotion not in known]:
            raise ConfigError(
                f"{subject} expected a model that knows the emotions of the run, {', '.join(wanted)}; this one knows "
                f"{', '.join(known)}, not {', '.join(strangers)}.",
                hint="Choose among its emotions with labels, or name another teacher.",
            )
        return bundle

    def _bundle(self, source: str, subject: str) -> Bundle:
        """Return a trained model that the configuration names, if it has a Keras file.

        `configure` has made paths absolute. What has no folder in it is a plugin's model, also if the folder where a
        run is resumed has something of that name.
        """
        try:
            is_name = source == Path(source).name
            folder = pretrained_of(source, self.registry) if is_name else find_bundle(Path(source))
            bundle = read_bundle(folder)
            bundle.file(KERAS)
        except EmoclassError as error:
            error.message = f"{subject} {error.message}"
            raise
        return bundle

    @property
    def teachers_trained_on(self) -> tuple[str, ...]:
        """The datasets that the teachers were trained on, each once."""
        return tuple(dict.fromkeys(name for bundle in self.teachers for name in bundle.manifest.trained_on))

    @property
    def begun_from(self) -> tuple[Bundle | None, ...]:
        """The trained model that the training starts from, if there is one; None for one that is gone."""
        try:
            return () if self.config.model.start is None else (self.trained,)
        except (BundleError, PluginError):  # a run that is resumed does not need it
            return (None,)

    def take_options_of_start(self) -> None:
        """Give the network the options of the trained model that it starts from, or of the recipe if these are unknown.

        Options in the configuration override them.

        Raises:
            BundleError: There is no such model, or it is damaged.
            PluginError: The plugin has no trained model of that name.
        """
        if self.trained is None:
            return
        model, options = self.config.model, self._options_of_start
        if options is None:
            options = recipe_options(self.registry, self.config)
        taken = model.model_copy(update={"options": {**options, **model.options}})
        self.config = self.config.model_copy(update={"model": taken})

    @property
    def _options_of_start(self) -> Mapping[str, Any] | None:
        """The options that the trained model was built with; None where the bundle has none of this model."""
        trained = self.trained.manifest.trained if self.trained else {}
        options = trained.get("options")
        return options if trained.get("model") == self.config.model.name and isinstance(options, Mapping) else None

    def hint_of_options(self) -> str | None:
        """Return which options differ from those of the trained model that the training starts from, if any do."""
        trained, own = self._options_of_start, self.config.model.model_dump(mode="json")["options"]
        if trained is None:
            return None
        differing = [
            f"{name} = {value!r} (the trained model: {repr(trained[name]) if name in trained else 'the default'})"
            for name, value in own.items()
            if name not in trained or trained[name] != value
        ]
        if not differing:
            return None
        return f"[model.options] differ from those of the trained model: {', '.join(differing)}. Leave them out."

    @property
    def start_trained_on(self) -> tuple[str, ...]:
        """The datasets that this trained model was trained on; empty where there is none, or where it is gone."""
        return tuple(dict.fromkeys(name for bundle in self.begun_from if bundle for name in bundle.manifest.trained_on))

    @property
    def learned_from(self) -> tuple[Bundle | None, ...]:
        """The trained models that the training starts from or learns from; None for one that is gone."""
        return *self.begun_from, *self.teachers

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Tell that a stage begins, and remember how long it took, in seconds."""
        self.progress.stage(stage)
        started = time.perf_counter()
        yield
        self.seconds[stage] = time.perf_counter() - started
