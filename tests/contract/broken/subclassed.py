"""It is a class of its own, which nobody else can load."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_output"
MESSAGE = "expected a Sequential or functional model, got Small"


def build(*, labels, image_shape, seed):
    import keras

    class Small(keras.Model):
        def __init__(self):
            super().__init__(name="small")
            self.flatten = keras.layers.Flatten(name="flatten")
            self.dense = keras.layers.Dense(labels.units, activation=labels.head, name="emotion")

        def call(self, pixels):
            return self.dense(self.flatten(pixels))

    model = Small()
    model.build((None, *image_shape))
    return model


@hookimpl
def register_models():
    return [ModelSpec(name="subclassed", summary="A small network.", build=build, image_shape=(16, 16, 3))]
