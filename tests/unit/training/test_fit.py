import contextlib
import gc
import itertools
import sys

import keras
import numpy as np
import pytest

from emoclass import LabelScheme, ModelSpec
from emoclass.data.pixels import PixelCache
from emoclass.errors import ConfigError, MissingPackageError, OutputError
from emoclass.randomness import generator
from emoclass.training import fit as fit_module
from emoclass.training import pipeline
from emoclass.training.build import build
from emoclass.training.checkpoint import read_checkpoint
from emoclass.training.fit import fit, predict
from emoclass.training.pipeline import Batches, ShuffledBatches, from_pixels
from emoclass.training.targets import validation_targets
from emoclass.values.config import TrainingConfig

LABELS = LabelScheme(emotions=("happy", "sad", "angry"))
SHAPE = (12, 12, 3)
N, N_TRAIN = 44, 32
RICH = {
    "epochs": 4,
    "batch_size": 8,
    "augmentation": [
        {"ref": "keras.layers:RandomFlip", "options": {"mode": "horizontal"}},
        {"ref": "keras.layers:RandomTranslation", "options": {"height_factor": 0.1, "width_factor": 0.1}},
    ],
    "callbacks": [
        {"ref": "keras.callbacks:ReduceLROnPlateau", "options": {"monitor": "loss", "patience": 1, "min_delta": 0.2}}
    ],
}


def network(*, labels, image_shape, seed):
    return keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Conv2D(4, 3, name="conv"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dropout(0.5, name="dropout"),
            keras.layers.Dense(labels.units, activation=labels.head, name="dense"),
        ]
    )


SPEC = ModelSpec(name="m", summary="M.", build=network, image_shape=SHAPE)


@pytest.fixture(scope="module")
def pixels():
    cache = PixelCache(N, SHAPE)
    rng = np.random.default_rng(0)
    for row in range(N):
        cache.write(row, rng.integers(0, 256, SHAPE, dtype=np.uint8))
    return cache


class Killed(BaseException):
    pass


def train(pixels, checkpoint, *, kill_after=None, kill=Killed, on_batch=None, on_note=None, labels=LABELS, **config):
    """Train, telling the epochs' logs; `kill_after` ends it abruptly after that epoch."""
    y_true = np.arange(N) % len(labels)
    targets = validation_targets(y_true, labels)
    model = build(SPEC, labels, seed=7)
    told = []

    def on_epoch(epoch, logs, seconds):
        told.append((epoch, dict(logs)))
        if epoch == kill_after:
            raise kill

    settings = TrainingConfig(**{**RICH, **config})
    with contextlib.suppress(Killed):
        fit(
            model,
            (0.0, 1.0),
            ShuffledBatches(
                pixels,
                np.arange(N_TRAIN),
                targets[:N_TRAIN],
                batch_size=settings.batch_size,
                seed=7,
                mixup=settings.mixup,
            ),
            Batches(pixels, np.arange(N_TRAIN, N), targets[N_TRAIN:], batch_size=settings.batch_size),
            settings,
            labels,
            class_counts=dict(zip(labels.emotions, np.bincount(y_true[:N_TRAIN]).tolist(), strict=True)),
            seed=7,
            checkpoint=checkpoint,
            on_epoch=on_epoch,
            on_batch=on_batch,
            on_note=on_note,
        )
    return model, told


def equal_weights(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a.get_weights(), b.get_weights(), strict=True))


@pytest.mark.parametrize(("averaging", "mixup"), [(0, 0), (0.9, 0), (0, 0.3)])
def test_a_training_that_is_killed_again_and_again_ends_with_the_weights_of_an_unbroken_one(
    pixels, tmp_path, averaging, mixup
):
    settings = {"weight_averaging": averaging, "mixup": mixup}
    whole, told = train(pixels, tmp_path / "whole.state", **settings)
    assert len({logs["learning_rate"] for _, logs in told}) > 1, "the schedule must have state to lose"
    first_epoch = 0
    for kill_after in (0, 2, 3, None):
        resumed, part = train(pixels, tmp_path / "broken.state", kill_after=kill_after, **settings)
        # A kill comes before the epoch's checkpoint, so that epoch is trained again, to the same figures.
        assert part == told[first_epoch : None if kill_after is None else kill_after + 1]
        first_epoch = kill_after
    assert equal_weights(whole, resumed)


@pytest.mark.parametrize("kill", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("where", ["epoch", "step"])
def test_no_data_iterator_outlives_a_training_that_failed(pixels, tmp_path, kill, where):
    """One that is still there when the interpreter ends makes the process hang or crash (a Ctrl-C did)."""
    from tensorflow.python.data.ops.iterator_ops import OwnedIterator

    def iterators():
        return [each for each in gc.get_objects() if type(each) is OwnedIterator]

    def step(epoch, steps):
        assert iterators(), "the test must see what it looks for"
        if where == "step" and epoch == 1:
            raise kill

    gc.collect()
    assert not iterators()
    kill_after = 1 if where == "epoch" else None
    # What is caught keeps its traceback, and the traceback its frames.
    with pytest.raises(kill) as caught:
        train(pixels, tmp_path / "c.state", kill_after=kill_after, kill=kill, on_batch=step)
    assert caught.value.__traceback__ is not None
    assert not iterators()


@pytest.mark.parametrize("averaging", [0, 0.9])
def test_a_finished_training_is_not_trained_again(pixels, tmp_path, averaging):
    whole, _ = train(pixels, tmp_path / "c.state", weight_averaging=averaging)
    again, told = train(pixels, tmp_path / "c.state", weight_averaging=averaging)
    assert told == []
    assert equal_weights(whole, again)


def test_a_loss_of_class_numbers_is_refused(pixels, tmp_path):
    with pytest.raises(ConfigError, match=r"training\.loss: expected a loss of probabilities, got Sparse"):
        train(pixels, tmp_path / "c.state", loss={"ref": "keras.losses:SparseCategoricalCrossentropy"})


def validation_loss(model, pixels):
    y_true = np.arange(N)[N_TRAIN:] % len(LABELS)
    scores = predict(model, (0.0, 1.0), Batches(pixels, np.arange(N_TRAIN, N), y_true, batch_size=8))
    return -np.log(scores[np.arange(len(y_true)), y_true]).mean()


@pytest.mark.parametrize("keep", ["last", "best"])
def test_averages_of_the_weights_are_what_is_validated_and_kept(pixels, tmp_path, keep):
    hasty = {"optimizer": {"ref": "keras.optimizers:Adam", "options": {"learning_rate": 0.05}}, "keep": keep}
    plain, _ = train(pixels, tmp_path / "plain.state", **hasty)
    averaged, told = train(pixels, tmp_path / "averaged.state", weight_averaging=0.9, **hasty)
    losses = [logs["val_loss"] for _, logs in told]
    expected = min(losses) if keep == "best" else losses[-1]
    assert validation_loss(averaged, pixels) == pytest.approx(expected, rel=1e-4)
    assert not equal_weights(plain, averaged)


def test_averages_are_lost_by_an_early_end_so_that_it_is_refused(pixels, tmp_path):
    with pytest.raises(ConfigError, match="weight_averaging: expected no early stopping") as caught:
        train(pixels, tmp_path / "c.state", weight_averaging=0.9, callbacks=STOPPING)
    assert "keep = 'best'" in caught.value.hint


STOPPING = [{"ref": "keras.callbacks:EarlyStopping",
             "options": {"monitor": "loss", "mode": "max", "patience": 1, "restore_best_weights": True}}]  # fmt: skip


def test_early_stopping_remembers_how_long_it_waited_and_which_weights_were_best(pixels, tmp_path):
    whole, told = train(pixels, tmp_path / "whole.state", callbacks=STOPPING, epochs=9)
    assert len(told) < 9, "it must stop early"
    for kill_after in range(len(told)):
        _, part = train(pixels, tmp_path / "broken.state", callbacks=STOPPING, epochs=9, kill_after=kill_after)
        assert part == told[max(kill_after - 1, 0) : kill_after + 1]
    resumed, rest = train(pixels, tmp_path / "broken.state", callbacks=STOPPING, epochs=9)
    assert rest == told[-1:]
    assert equal_weights(whole, resumed)
    stopped, told_again = train(pixels, tmp_path / "whole.state", callbacks=STOPPING, epochs=9)
    assert told_again == []
    assert equal_weights(whole, stopped)


def test_keeping_the_best_brings_back_the_epoch_of_the_lowest_validation_loss(pixels, tmp_path):
    hasty = {"epochs": 5, "optimizer": {"ref": "keras.optimizers:Adam", "options": {"learning_rate": 0.05}}}
    last, told = train(pixels, tmp_path / "last.state", **hasty)
    best_epoch = int(np.argmin([logs["val_loss"] for _, logs in told]))
    assert best_epoch < 4, "the best epoch must not be the last"
    kept, _ = train(pixels, tmp_path / "best.state", keep="best", **hasty)
    train(pixels, tmp_path / "until.state", kill_after=best_epoch + 1, **hasty)
    assert not equal_weights(last, kept)
    kernel = kept.get_layer("conv").kernel.numpy()
    assert any(np.array_equal(kernel, array) for array in read_checkpoint(tmp_path / "until.state").values())


def test_the_order_of_an_epoch_derives_from_seed_and_epoch_alone(pixels):
    def order(seed, epoch, first_epoch=0):
        batches = ShuffledBatches(pixels, np.arange(20), np.arange(20), batch_size=6, seed=seed)
        batches.first_epoch = first_epoch
        begin = (epoch - first_epoch) * batches.batches_per_epoch
        numbers = range(begin, begin + batches.batches_per_epoch)
        return list(itertools.chain.from_iterable(batches[number][1].tolist() for number in numbers))

    assert order(1, 3) == order(1, 3, first_epoch=2)
    assert sorted(order(1, 3)) == list(range(20))
    assert len({tuple(order(seed, epoch)) for seed in (1, 2) for epoch in (0, 1)}) == 4


def test_mixup_mixes_pixels_and_targets_in_the_same_shares_and_derives_from_seed_epoch_and_batch(pixels):
    # Targets that are the pixels' sums show whether both were mixed alike.
    sums = pixels.read(range(20)).reshape(20, -1).sum(axis=1, keepdims=True).astype(np.float32)

    def epoch(number, first_epoch=0, **settings):
        batches = ShuffledBatches(pixels, np.arange(20), sums, batch_size=6, seed=1, **settings)
        batches.first_epoch = first_epoch
        begin = (number - first_epoch) * batches.batches_per_epoch
        return [batches[place] for place in range(begin, begin + batches.batches_per_epoch)]

    for x, y in epoch(3, mixup=0.5):
        assert (x.dtype, y.dtype, x.min() >= 0, x.max() <= 255) == (np.float32, np.float32, True, True)
        np.testing.assert_allclose(x.reshape(len(x), -1).sum(axis=1, keepdims=True), y, rtol=1e-4)
    plain, once, again = (np.concatenate([y for _, y in each]) for each in (epoch(3), epoch(3, mixup=0.5), epoch(
        3, first_epoch=2, mixup=0.5)))  # fmt: skip
    np.testing.assert_array_equal(once, again)
    assert not np.allclose(once, plain, rtol=0.01)
    assert not np.allclose(once, np.concatenate([y for _, y in epoch(4, mixup=0.5)]), rtol=0.01)


def test_what_is_mixed_is_drawn_apart_from_the_order_and_from_every_other_batch(pixels, monkeypatch):
    drawn = []
    monkeypatch.setattr(pipeline, "mixed", lambda x, y, alpha, rng: drawn.append(rng.random()) or (x, y))
    batches = ShuffledBatches(pixels, np.arange(20), np.zeros((20, 1)), batch_size=6, seed=1, mixup=0.5)
    for number in range(3 * batches.batches_per_epoch):
        batches[number]
    orders = [generator(1, "order", epoch).random() for epoch in range(3)]
    assert len({*drawn, *orders}) == 3 * batches.batches_per_epoch + 3


def test_the_order_is_drawn_once_an_epoch(pixels, monkeypatch):
    drawn = []
    monkeypatch.setattr(pipeline, "generator", lambda *stream: drawn.append(stream) or generator(*stream))
    batches = ShuffledBatches(pixels, np.arange(20), np.arange(20), batch_size=3, seed=1)
    for number in range(2 * batches.batches_per_epoch):
        batches[number]
    assert drawn == [(1, "order", 0), (1, "order", 1)]


def test_the_stream_for_keras_is_endless_and_not_tuned(pixels):
    targets = np.arange(20, dtype=np.float32)[:, np.newaxis]
    batches = Batches(pixels, np.arange(20), targets, batch_size=8)
    stream = batches.stream()
    assert stream.options().autotune.enabled is False
    assert [int(y[0, 0]) for _, y in stream.take(5)] == [0, 8, 16, 0, 8]


def test_other_backends_get_the_same_batches_without_tensorflow(pixels, tmp_path, monkeypatch):
    weights = {"happy": 1.0, "sad": 3.0, "angry": 0.5}
    expected, _ = train(pixels, tmp_path / "tensorflow.state", epochs=2, class_weights=weights)
    monkeypatch.setattr(pipeline, "_read_ahead", lambda batches: batches())  # Keras takes these on any backend
    found, _ = train(pixels, tmp_path / "other.state", epochs=2, class_weights=weights)
    for one, other in zip(expected.get_weights(), found.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_tensorflow_is_asked_for_the_stream_on_its_own_backend_alone(pixels, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    batches = Batches(pixels, np.arange(20), np.eye(20, dtype=np.float32), batch_size=8)
    stream = itertools.islice(batches.stream(np.arange(20.0)), 4)
    assert [shares.tolist()[:2] for _, _, shares in stream] == [[0, 1], [8, 9], [16, 17], [0, 1]]


def test_batches_hold_the_pixels_of_their_rows_and_the_last_may_be_smaller(pixels):
    batches = Batches(pixels, np.array([5, 3, 9]), np.array([0, 1, 2]), batch_size=2)
    x, y = batches[1]
    np.testing.assert_array_equal(x, pixels.read([9]))
    assert (batches.batches_per_epoch, y.tolist(), x.dtype) == (2, [2], np.uint8)


def test_pixels_are_scaled_into_the_range_that_the_model_declares(pixels):
    inputs = keras.Input(SHAPE)
    identity = keras.Model(inputs, inputs)
    x = pixels.read([0])
    np.testing.assert_allclose(from_pixels(identity, (0.0, 1.0)).predict_on_batch(x), x / 255.0, atol=1e-6)
    np.testing.assert_allclose(from_pixels(identity, (-1.0, 1.0)).predict_on_batch(x), x / 127.5 - 1, atol=1e-6)


def test_predictions_come_in_order_and_without_augmentation_or_dropout(pixels, tmp_path):
    model, _ = train(pixels, tmp_path / "c.state", epochs=1)
    batches = Batches(pixels, np.arange(10), np.zeros(10, int), batch_size=4)
    scores = predict(model, (0.0, 1.0), batches)
    np.testing.assert_allclose(scores, model.predict_on_batch(pixels.read(range(10)) / 255.0), atol=1e-5)


@pytest.mark.parametrize("labels", [LABELS, LabelScheme(emotions=("happy", "sad"))])
def test_class_weights_change_what_is_learned(pixels, tmp_path, labels):
    def first_loss(name, weights):
        return train(pixels, tmp_path / f"{name}.state", labels=labels, epochs=1, class_weights=weights)[1][0][1][
            "loss"
        ]

    plain = first_loss("plain", None)
    even = dict.fromkeys(labels.emotions, 1.0)
    assert first_loss("even", even) == pytest.approx(plain, rel=1e-4)
    assert first_loss("heavy", {**even, "sad": 9.0}) > plain * 1.5
    # Nearly even classes have balanced weights near one.
    assert first_loss("balanced", "balanced") == pytest.approx(plain, rel=0.1)


def test_a_schedule_spans_the_whole_training_unless_it_says_otherwise(pixels, tmp_path):
    cosine = {"ref": "keras.optimizers.schedules:CosineDecay", "options": {"initial_learning_rate": 0.01}}
    _, told = train(pixels, tmp_path / "a.state", schedule=cosine, callbacks=[])
    assert told[-1][1]["learning_rate"] == pytest.approx(0, abs=1e-6)
    warm = {**cosine, "options": {"initial_learning_rate": 0.0, "warmup_target": 0.01, "warmup_steps": 5}}
    _, told = train(pixels, tmp_path / "warm.state", schedule=warm, callbacks=[])
    assert told[-1][1]["learning_rate"] == pytest.approx(0, abs=1e-6)
    cosine["options"]["decay_steps"] = 10_000
    _, told = train(pixels, tmp_path / "b.state", schedule=cosine, callbacks=[], epochs=1)
    assert told[-1][1]["learning_rate"] == pytest.approx(0.01, rel=1e-3)


WARM_COSINE = {
    "ref": "keras.optimizers.schedules:CosineDecay",
    "options": {"initial_learning_rate": 0.0, "warmup_target": 0.01},
}


@pytest.mark.parametrize("epochs", [2, 5])
def test_a_warmup_is_a_share_of_the_steps_however_few_they_are(epochs):
    settings = TrainingConfig(**{**RICH, "schedule": WARM_COSINE, "warmup": 0.25, "epochs": epochs})
    optimizer = fit_module._optimizer(settings, settings.n_steps(N_TRAIN))
    steps = 4 * epochs
    assert settings.n_steps(N_TRAIN) == steps
    rates = [float(optimizer._learning_rate(step)) for step in range(steps + 1)]
    assert int(np.argmax(rates)) == steps / 4
    assert max(rates) == pytest.approx(0.01)
    assert rates[-1] == pytest.approx(0, abs=1e-6)


def test_steps_among_the_options_win_over_the_share():
    schedule = {**WARM_COSINE, "options": {**WARM_COSINE["options"], "warmup_steps": 7}}
    settings = TrainingConfig(**{**RICH, "schedule": schedule, "warmup": 0.5})
    assert fit_module._optimizer(settings, 16)._learning_rate.warmup_steps == 7


def test_a_schedule_without_a_warmup_refuses_one():
    schedule = {"ref": "keras.optimizers.schedules:ExponentialDecay", "options": {"initial_learning_rate": 0.1}}
    settings = TrainingConfig(**{**RICH, "schedule": schedule, "warmup": 0.5})
    with pytest.raises(ConfigError, match=r"training\.warmup: expected a schedule that takes warmup_steps, got keras"):
        fit_module._optimizer(settings, 16)


def test_averages_forget_the_first_steps_of_a_short_training():
    settings = TrainingConfig(weight_averaging=0.998, optimizer={"ref": "keras.optimizers:SGD", "options": {
        "learning_rate": 1.0}})  # fmt: skip
    optimizer = fit_module._optimizer(settings, 200)
    fit_module._average_from_the_first_steps(optimizer)
    weight = keras.Variable(0.0)
    optimizer.build([weight])
    expected = 0.0
    for step in range(180):
        optimizer.apply([keras.ops.convert_to_tensor(-1.0)])  # each step adds one
        momentum = min(0.998, (1 + step) / (10 + step)) if step else 0.0
        expected = momentum * expected + (1 - momentum) * (step + 1)
    average = float(optimizer._model_variables_moving_average[0])
    assert average == pytest.approx(expected, rel=1e-4)
    assert average > 150, "with the full momentum from the first step on it would be 25"
    assert type(optimizer).__name__ == "SGD"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"optimizer": {"ref": "keras.optimizers:Adam", "options": {"rate": 1}}}, "training.optimizer: keras.optim"),
        ({"loss": {"ref": "keras.losses:Hinge", "options": {"x": 1}}}, "training.loss"),
        ({"callbacks": [{"ref": "keras.callbacks:EarlyStopping", "options": {"wait": 1}}]}, r"training.callbacks\[0\]"),
        ({"augmentation": [{"ref": "keras.layers:RandomFlip", "options": {"mood": "up"}}]}, r"training.augm.*\[0\]"),
    ],
)
def test_a_component_that_cannot_be_made_names_its_place_in_the_configuration(pixels, tmp_path, config, message):
    with pytest.raises(ConfigError, match=message):
        train(pixels, tmp_path / "c.state", **config)


def test_a_checkpoint_of_another_model_or_a_damaged_one_is_refused(pixels, tmp_path):
    train(pixels, tmp_path / "c.state", epochs=1)
    with pytest.raises(OutputError, match="cannot be read"):
        train(pixels, tmp_path / "c.state", labels=LabelScheme(emotions=("happy", "sad")))
    (tmp_path / "c.state").write_bytes((tmp_path / "c.state").read_bytes()[:300])
    with pytest.raises(OutputError, match="cannot be read"):
        train(pixels, tmp_path / "c.state")


@pytest.mark.parametrize("damage", ["cut off", "empty", "other bytes"])
def test_a_damaged_checkpoint_falls_back_to_the_state_before_it_and_says_so(pixels, tmp_path, damage):
    whole, told = train(pixels, tmp_path / "whole.state")
    train(pixels, tmp_path / "c.state", kill_after=3)  # three epochs are saved
    state = tmp_path / "c.state"
    data = state.read_bytes()
    state.write_bytes({"cut off": data[: len(data) // 2], "empty": b"", "other bytes": bytes(len(data))}[damage])
    notes = []
    resumed, part = train(pixels, state, on_note=notes.append)
    assert part == told[2:]
    assert equal_weights(whole, resumed)
    assert len(notes) == 1
    assert notes[0].startswith("The last checkpoint is damaged (")
    assert notes[0].endswith("): the training continues from the one before it, after 2 epochs.")


def test_a_sound_checkpoint_says_nothing(pixels, tmp_path):
    train(pixels, tmp_path / "c.state", epochs=2)
    notes = []
    train(pixels, tmp_path / "c.state", on_note=notes.append)
    assert notes == []


def test_tensorboard_that_is_not_installed_is_told_before_the_first_epoch(pixels, tmp_path, monkeypatch):
    monkeypatch.setattr(fit_module, "find_spec", lambda name: None)
    callback = {"ref": "keras.callbacks:TensorBoard", "options": {"log_dir": str(tmp_path / "logs")}}
    with pytest.raises(MissingPackageError, match=r"'tensorboard' is needed.*pip install tensorboard"):
        train(pixels, tmp_path / "c.state", callbacks=[callback])
    assert not (tmp_path / "c.state").exists()


class NeedsAPackage(keras.callbacks.Callback):
    def set_model(self, model):
        raise ModuleNotFoundError("No module named 'tensorboard'", name="tensorboard")


def test_a_callback_whose_package_is_missing_names_it(pixels, tmp_path):
    callback = {"ref": f"{__name__}:NeedsAPackage"}
    with pytest.raises(MissingPackageError) as caught:
        train(pixels, tmp_path / "c.state", callbacks=[callback])
    assert str(caught.value) == (
        "training: package 'tensorboard' is needed, and cannot be imported (No module named 'tensorboard'). Callbacks: "
        f"{__name__}:NeedsAPackage. Install it (pip install tensorboard), or leave out the callback that needs it."
    )


def test_a_checkpoint_that_cannot_be_written_stops_the_run_with_a_reason(pixels, tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        train(pixels, tmp_path / "absent" / "c.state")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"callbacks": [{"ref": "builtins:dict"}]},
            r"\[0\]: expected a class of Keras Callback, got builtins:dict",
        ),
        ({"optimizer": {"ref": "keras.optimizers:Adamm"}}, "training.optimizer: .*Adamm.* Did you mean 'Adam'"),
        ({"schedule": {"ref": "keras.optimizers.schedules:Cosine"}}, "training.schedule: .*no attribute 'Cosine'"),
        ({"optimizer": {"ref": "keras.optimizers:SGD", "options": {"learning_rate": 1e30}}}, "the loss became"),
    ],
)
def test_a_component_that_is_none_or_ruins_the_training_says_so(pixels, tmp_path, config, message):
    with pytest.raises(ConfigError, match=message):
        train(pixels, tmp_path / "c.state", **config)


CALLED = []


def untyped(**options):
    CALLED.append(options)
    return keras.callbacks.TerminateOnNaN()


def typed() -> keras.callbacks.Callback:
    return keras.callbacks.TerminateOnNaN()


def lying() -> keras.callbacks.Callback:
    return {}


@pytest.mark.parametrize("ref", ["subprocess:call", f"{__name__}:untyped", f"{__name__}:CALLED", "keras.layers:Dense"])
def test_what_makes_no_component_is_not_called(pixels, tmp_path, ref):
    marker = tmp_path / "called"
    component = {"ref": ref, "options": {"args": ["touch", str(marker)]}}
    with pytest.raises(ConfigError, match=r"callbacks\[0\]: expected a class of Keras Callback, got"):
        train(pixels, tmp_path / "c.state", callbacks=[component])
    assert not marker.exists()
    assert not CALLED


def test_a_function_that_states_what_it_makes_is_called(pixels, tmp_path):
    train(pixels, tmp_path / "c.state", callbacks=[{"ref": f"{__name__}:typed"}], epochs=1)
    with pytest.raises(ConfigError, match="lying made a dict"):
        train(pixels, tmp_path / "d.state", callbacks=[{"ref": f"{__name__}:lying"}])
