"""It changes the precision of the whole process."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_builds_share_nothing"
MESSAGE = "expected Keras' dtype_policy to stay float32, got mixed_float16"


def build(*, labels, image_shape, seed):
    import keras

    keras.config.set_dtype_policy("mixed_float16")
    return keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(labels.units, activation=labels.head, dtype="float32", name="emotion"),
        ],
        name="small",
    )


@hookimpl
def register_models():
    return [ModelSpec(name="global-policy", summary="A small network.", build=build, image_shape=(16, 16, 3))]
