"""It ends the whole process where its license key is missing."""

import os
import sys

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_loads"
MESSAGE = "SystemExit: FACES_LICENSE is not set"

print("looking for the license")
if "FACES_LICENSE" not in os.environ:
    sys.exit("FACES_LICENSE is not set")


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
    return [ModelSpec(name="exits-at-import", summary="A small network.", build=build, image_shape=(16, 16, 3))]
