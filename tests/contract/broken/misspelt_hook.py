"""Its hook is called register_model."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_loads"
MESSAGE = "there is no hook 'register_model'; did you mean 'register_models'?"


def build(*, labels, image_shape, seed):
    import keras

    return keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(labels.units, activation=labels.head, name="emotion"),
        ],
        name="small",
    )


@hookimpl
def register_model():
    return [ModelSpec(name="misspelt-hook", summary="A small network.", build=build, image_shape=(16, 16, 3))]
