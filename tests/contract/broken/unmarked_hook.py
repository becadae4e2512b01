"""Its only hook lacks @hookimpl."""

from emoclass import ModelSpec

CAUGHT_BY = "check_loads"
MESSAGE = "register_models is not marked: put @hookimpl above it."


def build(*, labels, image_shape, seed):
    import keras

    return keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(labels.units, activation=labels.head, name="emotion"),
        ],
        name="small",
    )


def register_models():
    return [ModelSpec(name="unmarked-hook", summary="A small network.", build=build, image_shape=(16, 16, 3))]
