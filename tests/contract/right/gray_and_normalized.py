"""One channel from -1 to 1, with layers that behave otherwise in training than after it."""

from emoclass import ModelSpec, hookimpl


def build(*, labels, image_shape, seed):
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input(image_shape),
            layers.Conv2D(4, 3, use_bias=False, name="convolution"),
            layers.BatchNormalization(momentum=0.9, name="normalization"),
            layers.ReLU(name="relu"),
            layers.Flatten(name="flat"),
            layers.Dropout(0.3, name="dropout"),
            layers.Dense(labels.units, activation=labels.head, name="emotion"),
        ],
        name="small",
    )


@hookimpl
def register_models():
    return [
        ModelSpec(
            name="gray-and-normalized",
            summary="A small network.",
            build=build,
            image_shape=(16, 16, 1),
            value_range=(-1.0, 1.0),
        )
    ]
