"""It prints its layers, in the middle of what a command prints."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_output"
MESSAGE = "expected build to print nothing, got 'Model: "


def build(*, labels, image_shape, seed):
    import keras

    model = keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(labels.units, activation=labels.head, name="emotion"),
        ],
        name="small",
    )
    model.summary()
    return model


@hookimpl
def register_models():
    return [ModelSpec(name="printing-build", summary="A small network.", build=build, image_shape=(16, 16, 3))]
