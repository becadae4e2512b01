"""It returns logits: the last activation was forgotten."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_output"
MESSAGE = "expected probabilities in [0, 1] for 2 emotions"


def build(*, labels, image_shape, seed):
    import keras

    return keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(labels.units, name="emotion"),
        ],
        name="small",
    )


@hookimpl
def register_models():
    return [ModelSpec(name="logits", summary="A small network.", build=build, image_shape=(16, 16, 3))]
