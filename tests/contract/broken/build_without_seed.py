"""Its build does not take the seed."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_signatures"
MESSAGE = "got an unexpected keyword argument 'seed'"


def build(*, labels, image_shape):
    import keras

    return keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(labels.units, activation=labels.head, name="emotion"),
        ],
        name="small",
    )


@hookimpl
def register_models():
    return [ModelSpec(name="build-without-seed", summary="A small network.", build=build, image_shape=(16, 16, 3))]
