"""A field of its description is misspelt."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_loads"
MESSAGE = "there is no field 'input_range'"


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
            name="unknown-field",
            summary="A small network.",
            build=build,
            image_shape=(16, 16, 3),
            input_range=(-1.0, 1.0),
        )
    ]
