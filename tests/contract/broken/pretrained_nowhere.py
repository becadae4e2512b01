"""Its trained model was left out of the package."""

from pathlib import Path

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_pretrained_predicts"
MESSAGE = "expected a bundle, found no manifest.json in"


def build(*, labels, image_shape, seed):
    import keras

    return keras.Sequential(
        [
            keras.Input(image_shape),
            keras.layers.Flatten(name="flat"),
            keras.layers.Dense(labels.units, activation=labels.head, name="emotion"),
        ],
        name="small",
    )


@hookimpl
def register_models():
    return [
        ModelSpec(
            name="pretrained-nowhere",
            summary="A small network.",
            build=build,
            image_shape=(16, 16, 3),
            pretrained={"default": str(Path(__file__).with_name("trained"))},
        )
    ]
