"""A layer is kept for the next build."""

from functools import cache

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_builds_share_nothing"
MESSAGE = "expected weights of its own in every build"


@cache
def convolution():
    import keras

    return keras.layers.Conv2D(4, 3, activation="relu", name="convolution")


def build(*, labels, image_shape, seed):
    import keras

    return keras.Sequential(
        [
            keras.Input(image_shape),
            convolution(),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(labels.units, activation=labels.head, name="emotion"),
        ],
        name="small",
    )


@hookimpl
def register_models():
    return [ModelSpec(name="shared-layer", summary="A small network.", build=build, image_shape=(16, 16, 3))]
