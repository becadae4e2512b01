"""It subtracts the batch's mean: a picture's output depends on its neighbors."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_output"
MESSAGE = "expected the output for an image to depend on that image alone"


def build(*, labels, image_shape, seed):
    import keras

    pixels = keras.Input(image_shape)
    centered = pixels - keras.ops.mean(pixels, axis=0)
    features = keras.layers.Flatten(name="flatten")(centered)
    scores = keras.layers.Dense(labels.units, activation=labels.head, name="emotion")(features)
    return keras.Model(pixels, scores, name="small")


@hookimpl
def register_models():
    return [ModelSpec(name="batch-statistics", summary="A small network.", build=build, image_shape=(16, 16, 3))]
