"""It divides by 255 what is in [0, 1] already, and sees next to nothing."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_learns"
MESSAGE = "expected the loss on eight separable pictures to fall by a tenth"


def build(*, labels, image_shape, seed):
    import keras

    return keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Rescaling(1 / 255, name="rescale"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(labels.units, activation=labels.head, name="emotion"),
        ],
        name="small",
    )


@hookimpl
def register_models():
    return [ModelSpec(name="wrong-range", summary="A small network.", build=build, image_shape=(8, 8, 3))]
