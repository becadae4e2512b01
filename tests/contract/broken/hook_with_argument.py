"""Its hook wants an argument that hooks are not given."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_loads"
MESSAGE = "register_models: there is no argument 'registry'"


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
def register_models(registry):
    return [ModelSpec(name="hook-with-argument", summary="A small network.", build=build, image_shape=(16, 16, 3))]
