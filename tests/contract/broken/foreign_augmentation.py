"""A reference in its recipe leads nowhere."""

from emoclass import Recipe, hookimpl

CAUGHT_BY = "check_references_resolve"
MESSAGE = "Did you mean 'RandomFlip'?"


@hookimpl
def register_recipes():
    config = {
        "labels": ["happy", "sad"],
        "model": {"name": "tiny"},
        "training": {"augmentation": [{"ref": "keras.layers:RandomFlipp"}]},
    }
    return [Recipe(name="foreign-augmentation", summary="A first try.", config=config)]
