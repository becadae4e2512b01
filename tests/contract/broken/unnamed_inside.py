"""The layers of its nested trunk have no names."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_layer_names_repeat"
MESSAGE = "Give every layer a name."


def build(*, labels, image_shape, seed):
    import keras

    trunk = keras.Sequential([keras.Input(image_shape), keras.layers.Conv2D(4, 3, activation="relu")], name="trunk")
    return keras.Sequential(
        [
            keras.Input(image_shape),
            trunk,
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(labels.units, activation=labels.head, name="emotion"),
        ],
        name="small",
    )


@hookimpl
def register_models():
    return [ModelSpec(name="unnamed-inside", summary="A small network.", build=build, image_shape=(16, 16, 3))]
