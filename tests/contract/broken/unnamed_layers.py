"""Its layers have default names, which Keras counts."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_layer_names_repeat"
MESSAGE = "expected the same layer names in every build"


def build(*, labels, image_shape, seed):
    import keras

    return keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Flatten(),
            keras.layers.Dense(labels.units, activation=labels.head),
        ],
        name="small",
    )


@hookimpl
def register_models():
    return [ModelSpec(name="unnamed-layers", summary="A small network.", build=build, image_shape=(16, 16, 3))]
