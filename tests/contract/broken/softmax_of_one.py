"""Its single unit has a softmax, which is always 1: the loss falls all the same, and nothing is ever told apart."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_learns"
MESSAGE = "expected a model that learned to tell the two kinds of pictures apart, got 1 for one and 1 for the other"


def build(*, labels, image_shape, seed):
    import keras

    return keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(labels.units, activation="softmax", name="emotion"),
        ],
        name="small",
    )


@hookimpl
def register_models():
    return [ModelSpec(name="softmax-of-one", summary="A small network.", build=build, image_shape=(16, 16, 3))]
