"""A plugin in one file, for tests that run the command line."""

ONE_FILE = """
from emoclass import ModelSpec, Recipe, hookimpl

@hookimpl
def register_models():
    return [ModelSpec(name="small", summary="A small network.", build="small_plugin:build", image_shape=(16, 16, 3))]

@hookimpl
def register_recipes():
    config = {"labels": ["happy", "sad"], "model": {"name": "small"}, "training": {"epochs": 3, "batch_size": 8},
              "evaluation": {"resamples": 100}}
    return [Recipe(name="small", summary="A quick experiment.", config=config)]

def build(*, labels, image_shape, seed):
    import keras
    return keras.Sequential([
        keras.Input(image_shape),
        keras.layers.Flatten(name="flatten"),
        keras.layers.Dropout(0.3, name="dropout"),
        keras.layers.Dense(labels.units, activation=labels.head, name="dense"),
    ])
"""
