"""All of its layers are frozen."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_learns"
MESSAGE = "expected weights to train, got none"


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
    model.trainable = False
    return model


@hookimpl
def register_models():
    return [ModelSpec(name="frozen", summary="A small network.", build=build, image_shape=(16, 16, 3))]
