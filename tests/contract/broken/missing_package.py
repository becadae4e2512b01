"""It imports a package that it forgot to depend on."""

import facenet_extras

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_loads"
MESSAGE = "No module named 'facenet_extras'"


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


@hookimpl
def register_models():
    return [
        ModelSpec(
            name="missing-package",
            summary="A small network.",
            build=build,
            image_shape=(16, 16, 3),
            value_range=facenet_extras.RANGE,
        )
    ]
