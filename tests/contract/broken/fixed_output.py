"""The last layer has always two units."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_output"
MESSAGE = "expected output (None, 1), got (None, 2)"


def build(*, labels, image_shape, seed):
    import keras

    return keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(2, activation=labels.head, name="emotion"),
        ],
        name="small",
    )


@hookimpl
def register_models():
    return [ModelSpec(name="fixed-output", summary="A small network.", build=build, image_shape=(16, 16, 3))]
