"""It is compiled already."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_output"
MESSAGE = "is compiled"


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
    model.compile(optimizer="adam", loss="binary_crossentropy")
    return model


@hookimpl
def register_models():
    return [ModelSpec(name="compiled", summary="A small network.", build=build, image_shape=(16, 16, 3))]
