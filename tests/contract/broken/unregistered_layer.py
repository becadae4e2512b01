"""Its layer class is not registered, so that a saved model does not find it."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_saves_and_loads"
MESSAGE = "'Squared'"


def build(*, labels, image_shape, seed):
    import keras

    class Squared(keras.layers.Layer):
        def call(self, inputs):
            return keras.ops.square(inputs)

    return keras.Sequential(
        [
            keras.Input(image_shape),
            Squared(name="squared"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(labels.units, activation=labels.head, name="emotion"),
        ],
        name="small",
    )


@hookimpl
def register_models():
    return [ModelSpec(name="unregistered-layer", summary="A small network.", build=build, image_shape=(16, 16, 3))]
