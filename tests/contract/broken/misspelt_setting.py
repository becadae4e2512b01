"""A key of its recipe is misspelt."""

from emoclass import Recipe, hookimpl

CAUGHT_BY = "check_names_resolve"
MESSAGE = "training.epoch"


@hookimpl
def register_recipes():
    config = {"labels": ["happy", "sad"], "model": {"name": "tiny"}, "training": {"epoch": 5}}
    return [Recipe(name="misspelt-setting", summary="A first try.", config=config)]
