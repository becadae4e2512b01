"""Its weights come from a generator without a seed."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_same_seed_same_weights"
MESSAGE = "expected the same weights from the same seed"


def build(*, labels, image_shape, seed):
    import keras
    import numpy as np

    kernel = np.random.default_rng().normal(0, 0.01, (int(np.prod(image_shape)), labels.units))
    initial = keras.initializers.Constant(kernel)
    return keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(labels.units, activation=labels.head, kernel_initializer=initial, name="emotion"),
        ],
        name="small",
    )


@hookimpl
def register_models():
    return [ModelSpec(name="own-generator", summary="A small network.", build=build, image_shape=(16, 16, 3))]
