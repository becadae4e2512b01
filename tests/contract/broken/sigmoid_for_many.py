"""Its probabilities do not sum to 1: it has a sigmoid also beyond two emotions."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_output"
MESSAGE = "expected probabilities that sum to 1 for 3 emotions"


def build(*, labels, image_shape, seed):
    import keras

    return keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(labels.units, activation="sigmoid", name="emotion"),
        ],
        name="small",
    )


@hookimpl
def register_models():
    return [ModelSpec(name="sigmoid-for-many", summary="A small network.", build=build, image_shape=(16, 16, 3))]
