"""An option of its own has no default."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_signatures"
MESSAGE = "missing a required argument: 'width'"


def build(*, labels, image_shape, seed, width):
    import keras

    return keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(width, activation="relu", name="features"),
            keras.layers.Dense(labels.units, activation=labels.head, name="emotion"),
        ],
        name="small",
    )


@hookimpl
def register_models():
    return [ModelSpec(name="option-without-default", summary="A small network.", build=build, image_shape=(16, 16, 3))]
