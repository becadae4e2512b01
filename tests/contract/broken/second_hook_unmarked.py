"""One hook is marked, the other lacks @hookimpl: half of the plugin is missing."""

from emoclass import ModelSpec, Recipe, hookimpl

CAUGHT_BY = "check_loads"
MESSAGE = "register_recipes is not marked: put @hookimpl above it."


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
    return [ModelSpec(name="second-hook-unmarked", summary="A small network.", build=build, image_shape=(16, 16, 3))]


def register_recipes():
    config = {"labels": ["happy", "sad"], "model": {"name": "second-hook-unmarked"}}
    return [Recipe(name="second-hook-unmarked", summary="A first try.", config=config)]
