"""Its hook forgets to return what it made."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_loads"
MESSAGE = "register_models: expected a list, got None. Is its `return` missing?"


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
def register_models():
    _ = [ModelSpec(name="hook-returns-nothing", summary="A small network.", build=build, image_shape=(16, 16, 3))]
