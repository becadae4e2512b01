"""It imports a module that imports Keras."""

from emoclass import ModelSpec, hookimpl
from emoclass.training.build import seeded

CAUGHT_BY = "check_imports_nothing_heavy"
MESSAGE = "heavy_by_way_of_another.py, line 4"


def build(*, labels, image_shape, seed):
    import keras

    with seeded(seed):
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
    return [ModelSpec(name="heavy-by-way-of-another", summary="A small network.", build=build, image_shape=(16, 16, 3))]
