"""The reference has a slip of the pen."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_references_resolve"
MESSAGE = "Did you mean 'build'?"


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
            name="dangling-reference",
            summary="A small network.",
            build="dangling_reference:biuld",
            image_shape=(16, 16, 3),
        )
    ]
