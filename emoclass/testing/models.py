"""Models to check: built, shown pictures and trained for a few steps. What the model checks share."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from emoclass.keras_backend import require_keras
from emoclass.testing.case import Case
from emoclass.values.labels import EMOTIONS, LabelScheme
from emoclass.values.specs import ModelSpec

if TYPE_CHECKING:
    import keras
    import numpy as np

SIZES = (2, 3, 5)
"""Numbers of emotions: a sigmoid unit, and two softmax heads."""

BATCHES = (1, 3, 7)
TOLERANCE = 1e-4
"""How far probabilities may be apart that ought to be equal: float32 adds up in another order."""


def first_labels(size: int) -> LabelScheme:
    """Return a scheme of the first emotions of the vocabulary."""
    return LabelScheme(emotions=EMOTIONS[:size])


def built(case: Case[ModelSpec], labels: LabelScheme, *, seed: int = 0) -> keras.Model:
    """Build the model, and set Keras' settings back.

    Raises:
        CheckSkipped: It cannot be built.
    """
    with settings_kept():
        return attempted(case, labels, seed=seed)


def attempted(case: Case[ModelSpec], labels: LabelScheme, *, seed: int = 0) -> keras.Model:
    """Build the model, whatever that does to Keras' settings.

    Raises:
        CheckSkipped: It cannot be built.
    """
    from emoclass.training.build import build

    try:
        return build(case.spec, labels, seed=seed)
    except Exception:
        try:
            build(case.spec, labels, seed=0)
        except Exception:  # one fault needs no more than one check to tell of it
            case.skip("the model cannot be built: check_output says why")
        raise


def settings() -> dict[str, str | float]:
    """Return those of Keras' settings that hold for a whole process."""
    import keras

    return {
        "floatx": keras.config.floatx(),
        "dtype_policy": keras.config.dtype_policy().name,
        "epsilon": keras.config.epsilon(),
        "image_data_format": keras.config.image_data_format(),
    }


@contextmanager
def settings_kept() -> Iterator[dict[str, str | float]]:
    """Set Keras' settings back after the block, so that a build that changes them spoils no other check."""
    require_keras()
    import keras

    before = settings()
    try:
        yield before
    finally:
        for name, value in before.items():
            if settings()[name] != value:
                getattr(keras.config, f"set_{name}")(value)


def noise(case: Case[ModelSpec], n: int, *, seed: int = 0) -> np.ndarray:
    """Draw noise: float32 `(n, height, width, channels)`, [0, 255]."""
    import numpy as np

    return np.random.default_rng(seed).integers(0, 256, (n, *case.spec.image_shape)).astype(np.float32)


def scores_of(case: Case[ModelSpec], model: keras.Model, pixels: np.ndarray, *, training: bool = False) -> np.ndarray:
    """Return what the model says of pixels in [0, 255], which it sees in its own range."""
    import keras
    import numpy as np

    low, high = case.spec.value_range
    return np.asarray(keras.ops.convert_to_numpy(model(pixels / 255 * (high - low) + low, training=training)))


def two_kinds(case: Case[ModelSpec]) -> tuple[np.ndarray, np.ndarray]:
    """Draw eight pictures of two kinds: bright, above most; and dark, but less so on the left.

    Returns:
        float32 `(8, height, width, channels)`, [0, 255], and int `(8,)`, 0 and 1 in turn.
    """
    import numpy as np

    height, width, _ = case.spec.image_shape
    y_true = np.arange(8) % 2
    pixels = noise(case, 8) / 4
    pixels[y_true == 0] += 100
    pixels[y_true == 0, : height // 2] += 90
    pixels[y_true == 1, :, : width // 2] += 50
    return pixels, y_true


def losses_of(
    case: Case[ModelSpec], model: keras.Model, labels: LabelScheme, rate: float, *, steps: int
) -> list[float]:
    """Train on pictures of two kinds for a few steps of Adam, and return the loss before each."""
    import keras

    from emoclass.training.fit import default_loss
    from emoclass.training.pipeline import from_pixels
    from emoclass.training.targets import validation_targets

    pixels, y_true = two_kinds(case)
    network = from_pixels(model, case.spec.value_range)
    network.compile(optimizer=keras.optimizers.Adam(rate), loss=default_loss(labels))
    targets = validation_targets(y_true, labels)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Gradients do not exist")  # check_learns says it in its own words
        return [float(network.train_on_batch(pixels, targets)) for _ in range(steps)]


def take_step(case: Case[ModelSpec], model: keras.Model, labels: LabelScheme) -> None:
    """Train for one step, so that whatever training changes has changed; one that cannot be trained stays as it is."""
    with suppress(ValueError):  # check_learns tells
        losses_of(case, model, labels, 1e-2, steps=1)
