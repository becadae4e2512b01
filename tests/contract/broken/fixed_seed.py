"""Its initializer has a seed of its own, so that the run's seed changes nothing."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_same_seed_same_weights"
MESSAGE = "expected other weights from another seed"


def build(*, labels, image_shape, seed):
    import keras

    initial = keras.initializers.GlorotUniform(seed=42)
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
    return [ModelSpec(name="fixed-seed", summary="A small network.", build=build, image_shape=(16, 16, 3))]
