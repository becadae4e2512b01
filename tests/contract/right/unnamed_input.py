"""A functional model whose Input has no name: Keras counts these across a process."""

from emoclass import ModelSpec, hookimpl


def build(*, labels, image_shape, seed):
    import keras

    pixels = keras.Input(image_shape)
    x = keras.layers.Conv2D(4, 3, activation="relu", name="convolution")(pixels)
    x = keras.layers.GlobalAveragePooling2D(name="average")(x)
    return keras.Model(
        pixels, keras.layers.Dense(labels.units, activation=labels.head, name="emotion")(x), name="small"
    )


@hookimpl
def register_models():
    return [ModelSpec(name="unnamed-input", summary="A small network.", build=build, image_shape=(16, 16, 3))]
