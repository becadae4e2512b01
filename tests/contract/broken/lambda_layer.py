"""It has a Lambda layer, code that a saved model must not carry."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_saves_and_loads"
MESSAGE = "got Lambda"


def build(*, labels, image_shape, seed):
    import keras

    return keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Lambda(lambda pixels: 2 * pixels - 1, name="rescale"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(labels.units, activation=labels.head, name="emotion"),
        ],
        name="small",
    )


@hookimpl
def register_models():
    return [ModelSpec(name="lambda-layer", summary="A small network.", build=build, image_shape=(16, 16, 3))]
