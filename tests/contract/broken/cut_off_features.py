"""Gradients stop before its convolution, which stays as it was drawn."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_learns"
MESSAGE = "expected training to move every trainable weight, got"


def build(*, labels, image_shape, seed):
    import keras

    pixels = keras.Input(image_shape)
    features = keras.layers.Conv2D(4, 3, activation="relu", name="convolution")(pixels)
    features = keras.layers.Flatten(name="flatten")(keras.ops.stop_gradient(features))
    scores = keras.layers.Dense(labels.units, activation=labels.head, name="emotion")(features)
    return keras.Model(pixels, scores, name="small")


@hookimpl
def register_models():
    return [ModelSpec(name="cut-off-features", summary="A small network.", build=build, image_shape=(16, 16, 3))]
