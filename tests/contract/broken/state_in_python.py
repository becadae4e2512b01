"""Its layer keeps what it learned of the pixels where no file finds it."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_saves_and_loads"
MESSAGE = "expected equal outputs after saving and loading"


def layer():
    import keras

    @keras.saving.register_keras_serializable("state_in_python")
    class Darker(keras.layers.Layer):
        steps = 0

        def call(self, pixels, training=False):
            if training:
                self.steps += 1
            return pixels / (1.0 + self.steps)

    return Darker(name="darker")


def build(*, labels, image_shape, seed):
    import keras

    return keras.Sequential(
        [
            keras.Input(image_shape),
            layer(),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(labels.units, activation=labels.head, name="emotion"),
        ],
        name="small",
    )


@hookimpl
def register_models():
    return [ModelSpec(name="state-in-python", summary="A small network.", build=build, image_shape=(16, 16, 3))]
