"""Train a network the way a TrainingConfig says, resumable after every epoch."""

from __future__ import annotations

import gc
import inspect
import math
import sys
import time
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack, nullcontext, suppress
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any, get_type_hints

import keras
import numpy as np

from emoclass.errors import ConfigError, MissingPackageError, PluginError
from emoclass.native_output import output_aside
from emoclass.progress import Progress
from emoclass.training.build import seeded
from emoclass.training.checkpoint import Checkpoint
from emoclass.training.pipeline import Batches, ShuffledBatches, from_pixels
from emoclass.training.settings import kept_settings, standard_settings
from emoclass.training.teacher import DistillationLoss, Teacher, teach
from emoclass.values.config import Component, TrainingConfig
from emoclass.values.labels import LabelScheme
from emoclass.values.references import resolve

OnEpoch = Callable[[int, Mapping[str, float], float], None]
OnBatch = Callable[[int, int], None]


@standard_settings()
def fit(
    model: keras.Model,
    value_range: tuple[float, float],
    train: ShuffledBatches,
    validation: Batches,
    config: TrainingConfig,
    labels: LabelScheme,
    *,
    class_counts: Mapping[str, int],
    seed: int,
    checkpoint: Path,
    on_epoch: OnEpoch,
    on_batch: OnBatch | None = None,
    teachers: Sequence[Teacher] = (),
    on_note: Callable[[str], object] | None = None,
) -> None:
    """Train a model in place; where the checkpoint file is there, go on from it.

    A continued training ends with the weights that an unbroken one would have given (same seed, same machine).

    Args:
        model: Uncompiled, and left so.
        value_range: What the model expects its input in.
        train: The training split.
        validation: The validation split.
        config: How to train.
        labels: The emotions.
        class_counts: Emotion -> training images, for balanced class weights.
        seed: Of augmentation.
        checkpoint: The file that the state is kept in.
        on_epoch: Called after every epoch with its number (from 0), logs and seconds.
        on_batch: Called after every step with the epoch's number (from 0) and the number of steps done.
        teachers: What `config.teacher` names, where it does.
        on_note: Called with what a reader of the results must know.

    Raises:
        MissingPackageError: A callback needs a package that is not installed.
        ConfigError: A component's options do not fit.
        OutputError: The checkpoint cannot be read or written.
    """
    steps = train.batches_per_epoch * config.epochs
    with seeded(seed):
        augmentation = tuple(
            _make(component, f"training.augmentation[{i}]", keras.layers.Layer)
            for i, component in enumerate(config.augmentation)
        )
        network = from_pixels(model, value_range, augmentation)
    loss = _loss(config, labels)
    metrics = [keras.metrics.MeanMetricWrapper(_is_likeliest, name="accuracy")]
    if config.teacher is not None:
        network = teach(network, teachers, value_range, labels)
        loss = DistillationLoss(loss, share=config.teacher.share, temperature=config.teacher.temperature)
        metrics.append(keras.metrics.MeanMetricWrapper(loss.of_labels, name="label_loss"))
    optimizer = _optimizer(config, steps)
    if config.weight_averaging:
        _average_from_the_first_steps(optimizer)
    network.compile(optimizer=optimizer, loss=loss, metrics=metrics)
    network.optimizer.build(network.trainable_variables)
    callbacks = [
        _make(each, f"training.callbacks[{i}]", keras.callbacks.Callback) for i, each in enumerate(config.callbacks)
    ]
    if any(isinstance(each, keras.callbacks.TensorBoard) for each in callbacks) and find_spec("tensorboard") is None:
        # Keras notices only after the first epoch.
        raise _missing_package(ModuleNotFoundError("No module named 'tensorboard'", name="tensorboard"), config)
    if config.weight_averaging:
        _refuse_early_end_of_averages(config, callbacks)
        # Before the others, which then see the averages at the end of an epoch.
        callbacks.insert(0, keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
    if config.keep == "best":
        # With more patience than epochs it never stops anything: it only brings the best weights back.
        callbacks.append(
            keras.callbacks.EarlyStopping(
                monitor="val_loss", mode="min", patience=config.epochs + 1, restore_best_weights=True
            )
        )
    saver = Checkpoint(checkpoint, callbacks)
    try:
        saver.restore(network)
        if saver.fallback is not None and on_note is not None:
            on_note(saver.fallback)
        _fit(network, train, validation, config, [_Teller(on_epoch, on_batch), *callbacks, saver], saver,
             _class_weights(config, labels, class_counts))  # fmt: skip
    except BaseException as error:
        del network, callbacks, saver
        _free_iterators(error)
        if isinstance(error, ImportError):  # as TensorBoard does, when the training begins
            raise _missing_package(error, config) from error
        raise


def _missing_package(error: ImportError, config: TrainingConfig) -> MissingPackageError:
    package = (error.name or str(error)).partition(".")[0]
    named = ", ".join(component.ref for component in config.callbacks) or "none"
    return MissingPackageError(
        f"training: package {package!r} is needed, and cannot be imported ({error}). Callbacks: {named}.",
        hint=f"Install it (pip install {package}), or leave out the callback that needs it.",
    )


def _fit(
    network: keras.Model,
    train: ShuffledBatches,
    validation: Batches,
    config: TrainingConfig,
    callbacks: list[keras.callbacks.Callback],
    saver: Checkpoint,
    class_weights: np.ndarray | None,
) -> None:
    quiet = ExitStack()
    if config.teacher is not None:
        callbacks = [_QuietFirstStep(quiet), *callbacks]
    try:
        train.first_epoch = saver.epochs_done
        with quiet:
            network.fit(
                train.stream(class_weights),
                steps_per_epoch=train.batches_per_epoch,
                validation_data=validation.stream(),
                validation_steps=validation.batches_per_epoch,
                initial_epoch=saver.epochs_done,
                epochs=saver.epochs_done if saver.stopped else config.epochs,
                callbacks=callbacks,
                shuffle=False,
                verbose=0,
            )
    finally:
        saver.close()


def _free_iterators(error: BaseException) -> None:
    """Drop what the frames of a failed (or interrupted) `keras.Model.fit` hold: its data iterators above all.

    They read ahead in threads that call Python. One that lives on in a traceback until the interpreter ends waits
    there for such a thread, which can never run again: the process hangs, or crashes.
    """
    here = sys._getframe(1)
    for frame, _ in traceback.walk_tb(error.__traceback__):
        # Keras cuts its own frames out of tracebacks, but the frames beneath still refer to them.
        inner: FrameType | None = frame
        while inner is not None and inner is not here:
            with suppress(RuntimeError):  # a generator that waits: it holds none of ours
                inner.clear()
            inner = inner.f_back
    gc.collect()


class _QuietFirstStep(keras.callbacks.Callback):  # type: ignore[misc]
    """Turns output aside in the first step: TensorFlow compiles it, and remarks on what a teacher uses twice.

    Args:
        stack: Ends with the training, so that a step that fails shows what was written.
    """

    def __init__(self, stack: ExitStack) -> None:
        super().__init__()
        self._stack = stack
        self._is_done = False

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if not self._is_done:
            self._is_done = True
            self._stack.enter_context(output_aside())

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._stack.close()


class _Teller(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells of the end of every step and epoch."""

    def __init__(self, on_epoch: OnEpoch, on_batch: OnBatch | None) -> None:
        super().__init__()
        self._on_epoch = on_epoch
        self._on_batch = on_batch

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._started = time.perf_counter()
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self._on_batch is not None:  # the logs are left alone: reading them would wait for the step
            self._on_batch(self._epoch, batch + 1)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        numbers = {name: float(value) for name, value in (logs or {}).items()}
        if not math.isfinite(numbers["loss"]):
            raise ConfigError(
                f"training: the loss became {numbers['loss']} in epoch {epoch + 1}.",
                hint="Lower the learning rate, as in [training.optimizer] options = {learning_rate = 0.0001}.",
            )
        numbers["learning_rate"] = float(keras.ops.convert_to_tensor(self.model.optimizer.learning_rate))
        self._on_epoch(epoch, numbers, time.perf_counter() - self._started)


def _make(component: Component, where: str, kind: type, **fixed: Any) -> Any:
    try:
        with kept_settings():
            factory = resolve(component.ref)
        if not _makes(factory, kind):
            raise ConfigError(
                f"{where}: expected a class of Keras {kind.__name__}, got {component.ref}.",
                hint=f"It is not called. A function that makes one states it: -> keras...{kind.__name__}.",
            )
        made = factory(**{**component.options, **fixed})
    except PluginError as error:
        raise ConfigError(f"{where}: {error.message}", hint=error.hint) from error
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: {component.ref} cannot be made with these options ({error}).") from error
    if not isinstance(made, kind):
        raise ConfigError(f"{where}: expected a Keras {kind.__name__}, {component.ref} made a {type(made).__name__}.")
    return made


def _makes(factory: Any, kind: type) -> bool:
    """Tell whether something is a class of a kind, or a function that states to return one.

    A configuration may come from a stranger; nothing else of what is installed is called for it.
    """
    if not isinstance(factory, type):
        try:
            factory = get_type_hints(factory).get("return")
        except Exception:  # what is no function, and names in annotations that are not there
            return False
    return isinstance(factory, type) and issubclass(factory, kind)


def _optimizer(config: TrainingConfig, steps: int) -> keras.optimizers.Optimizer:
    averaging: dict[str, Any] = {}
    if config.weight_averaging:
        averaging = {"use_ema": True, "ema_momentum": config.weight_averaging}
    if config.schedule is None:
        return _make(config.optimizer, "training.optimizer", keras.optimizers.Optimizer, **averaging)
    schedule = config.schedule
    options, takes = dict(schedule.options), _parameters(schedule)
    if config.warmup and "warmup_steps" not in options:
        if "warmup_steps" not in takes:
            raise ConfigError(
                f"training.warmup: expected a schedule that takes warmup_steps, got {schedule.ref}.",
                hint="Set warmup = 0, or take keras.optimizers.schedules:CosineDecay with a warmup_target.",
            )
        options["warmup_steps"] = max(1, round(config.warmup * steps))
    if "decay_steps" not in options and "decay_steps" in takes:
        # Keras counts them from the end of the warm-up on.
        options["decay_steps"] = max(1, steps - int(options.get("warmup_steps") or 0))
    rate = _make(Component(ref=schedule.ref, options=options), "training.schedule",
                 keras.optimizers.schedules.LearningRateSchedule)  # fmt: skip
    return _make(config.optimizer, "training.optimizer", keras.optimizers.Optimizer, learning_rate=rate, **averaging)


def _parameters(schedule: Component) -> Collection[str]:
    try:
        with kept_settings():
            return inspect.signature(resolve(schedule.ref)).parameters
    except (PluginError, ValueError):  # making it will say what is wrong
        return ()


def _average_from_the_first_steps(optimizer: keras.optimizers.Optimizer) -> None:
    """Let the momentum of an optimizer's averages rise with the steps, up to the momentum it was made with.

    With 0.998 from the first step on, the weights after that step would still be 70 % of the average 180 steps later.

    Source: `tf.train.ExponentialMovingAverage`, whose `num_updates` does the same.
    """
    kind, most = type(optimizer), optimizer.ema_momentum

    def momentum(self: keras.optimizers.Optimizer) -> Any:
        steps = keras.ops.cast(self.iterations, "float32")
        return keras.ops.minimum(most, (1 + steps) / (10 + steps))

    # Keras reads the attribute whenever it averages; a class of its own, as a property cannot stand in one object.
    optimizer.__class__ = type(
        kind.__name__, (kind,), {"ema_momentum": property(momentum), "__module__": kind.__module__}
    )


def _loss(config: TrainingConfig, labels: LabelScheme) -> keras.losses.Loss:
    if config.loss is not None:
        loss = _make(config.loss, "training.loss", keras.losses.Loss)
        if isinstance(loss, keras.losses.SparseCategoricalCrossentropy):
            raise ConfigError(
                "training.loss: expected a loss of probabilities, got SparseCategoricalCrossentropy.",
                hint="Targets are probabilities, so that they can be smoothed: use "
                "keras.losses:CategoricalCrossentropy.",
            )
        return loss
    return default_loss(labels)


def default_loss(labels: LabelScheme) -> keras.losses.Loss:
    """Return the cross-entropy that fits the head; its targets are those of `training.targets`."""
    if labels.head == "sigmoid":
        return keras.losses.BinaryCrossentropy()
    return keras.losses.CategoricalCrossentropy()


def _is_likeliest(targets: Any, output: Any) -> Any:
    """Tell for each image whether what is likeliest to the network is so in the target, which may be softened."""
    ops = keras.ops
    output = output[:, : targets.shape[-1]]  # without what a teacher says
    if output.shape[-1] == 1:
        return ops.cast(ops.equal(targets > 0.5, output > 0.5), "float32")[:, 0]
    return ops.cast(ops.equal(ops.argmax(targets, axis=-1), ops.argmax(output, axis=-1)), "float32")


def _refuse_early_end_of_averages(config: TrainingConfig, callbacks: list[keras.callbacks.Callback]) -> None:
    """Keras puts the averages into a network that was trained to its end, or whose best epoch is brought back."""
    if config.keep != "best" and any(isinstance(each, keras.callbacks.EarlyStopping) for each in callbacks):
        raise ConfigError(
            "training.weight_averaging: expected no early stopping, got EarlyStopping with keep = 'last'.",
            hint="Set keep = 'best': the averages of the best epoch are kept then.",
        )


def _class_weights(config: TrainingConfig, labels: LabelScheme, counts: Mapping[str, int]) -> np.ndarray | None:
    """Return the weight of each class's images in the loss, float `(n_classes,)`, where there are any."""
    weights = config.class_weights
    if weights is None:
        return None
    if weights == "balanced":
        total = sum(counts.values())
        weights = {emotion: total / (len(labels) * counts[emotion]) for emotion in labels.emotions}
    return np.array([weights[emotion] for emotion in labels.emotions])


@standard_settings()
def predict(
    model: keras.Model, value_range: tuple[float, float], batches: Batches, progress: Progress | None = None
) -> np.ndarray:
    """Return a model's raw output for every image of `batches`, in order: float32 `(n, units)`."""
    network = from_pixels(model, value_range)
    numbers = (progress or Progress()).track(
        range(batches.batches_per_epoch), title="Predicting", total=batches.batches_per_epoch, unit="batches"
    )
    outputs: list[np.ndarray] = []
    for number in numbers:
        # With the first batch TensorFlow compiles, and remarks on layers that are used twice.
        with nullcontext() if outputs else output_aside():
            outputs.append(network.predict_on_batch(batches[number][0]))
    return np.concatenate(outputs)
