"""It reads the picture's rows as a sequence, in a loop that LiteRT does not run."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_exported_file_agrees"
MESSAGE = "expected a model that can be exported to LiteRT"


def build(*, labels, image_shape, seed):
    import keras

    height, width, channels = image_shape
    return keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Reshape((height, width * channels), name="rows"),
            keras.layers.LSTM(4, name="memory"),
            keras.layers.Dense(labels.units, activation=labels.head, name="emotion"),
        ],
        name="small",
    )


@hookimpl
def register_models():
    return [ModelSpec(name="not-exportable", summary="A small network.", build=build, image_shape=(16, 16, 3))]
