"""Another plugin offers a model of that name."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_names_are_free"
MESSAGE = "'tiny', which tiny offers too"


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
    return [ModelSpec(name="tiny", summary="A small network.", build=build, image_shape=(16, 16, 3))]
