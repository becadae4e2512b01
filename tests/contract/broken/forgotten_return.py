"""Its build returns nothing."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_output"
MESSAGE = "expected a keras.Model, got NoneType"


def build(*, labels, image_shape, seed):
    import keras

    keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(labels.units, activation=labels.head, name="emotion"),
        ],
        name="small",
    )


@hookimpl
def register_models():
    return [ModelSpec(name="forgotten-return", summary="A small network.", build=build, image_shape=(16, 16, 3))]
