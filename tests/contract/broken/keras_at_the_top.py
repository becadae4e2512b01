"""It imports Keras at the top, so that every command waits for it."""

import keras

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_imports_nothing_heavy"
MESSAGE = "keras_at_the_top.py, line 3"


def build(*, labels, image_shape, seed):
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
    return [ModelSpec(name="keras-at-the-top", summary="A small network.", build=build, image_shape=(16, 16, 3))]
