"""It rounds its probabilities, and no gradient passes."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_learns"
MESSAGE = "expected gradients that reach the weights, got none for any of them"


def build(*, labels, image_shape, seed):
    import keras

    pixels = keras.Input(image_shape)
    features = keras.layers.Flatten(name="flatten")(pixels)
    scores = keras.layers.Dense(labels.units, activation=labels.head, name="emotion")(features)
    return keras.Model(pixels, keras.ops.round(scores * 100) / 100, name="small")


@hookimpl
def register_models():
    return [ModelSpec(name="rounded-scores", summary="A small network.", build=build, image_shape=(16, 16, 3))]
