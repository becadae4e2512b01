"""A layer of its own, registered with Keras, so that a saved model finds it again."""

from functools import cache

from emoclass import ModelSpec, hookimpl


@cache
def scale_layer():
    """Define the layer when it is needed: a class at the top would import Keras."""
    import keras

    @keras.saving.register_keras_serializable("layer_of_its_own")
    class Scale(keras.layers.Layer):
        def __init__(self, start=1.0, **options):
            super().__init__(**options)
            self.start = start

        def build(self, input_shape):
            start = keras.initializers.Constant(self.start)
            self.factor = self.add_weight(shape=(input_shape[-1],), initializer=start, name="factor")

        def call(self, inputs):
            return inputs * self.factor

        def get_config(self):
            return {**super().get_config(), "start": self.start}

    return Scale


def build(*, labels, image_shape, seed):
    import keras

    return keras.Sequential(
        [
            keras.Input(image_shape),
            scale_layer()(start=2.0, name="scale"),
            keras.layers.Conv2D(4, 3, activation="relu", name="convolution"),
            keras.layers.GlobalAveragePooling2D(name="average"),
            keras.layers.Dense(labels.units, activation=labels.head, name="emotion"),
        ],
        name="small",
    )


@hookimpl
def register_models():
    return [ModelSpec(name="layer-of-its-own", summary="A small network.", build=build, image_shape=(16, 16, 3))]
