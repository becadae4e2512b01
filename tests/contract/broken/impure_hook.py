"""Its hook makes a new function each time that it is asked."""

from functools import partial

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_hooks_are_pure"
MESSAGE = "'impure-hook' with another build the second time"


def build(*, labels, image_shape, seed, units):
    import keras

    return keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(units, activation="relu", name="features"),
            keras.layers.Dense(labels.units, activation=labels.head, name="emotion"),
        ],
        name="small",
    )


@hookimpl
def register_models():
    return [
        ModelSpec(
            name="impure-hook", summary="A small network.", build=partial(build, units=8), image_shape=(16, 16, 3)
        )
    ]
