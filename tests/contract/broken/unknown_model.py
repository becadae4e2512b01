"""Its recipe names a model that nobody offers."""

from emoclass import Recipe, hookimpl

CAUGHT_BY = "check_names_resolve"
MESSAGE = "model 'tinny': not provided by any plugin"


@hookimpl
def register_recipes():
    config = {"labels": ["happy", "sad"], "model": {"name": "tinny"}}
    return [Recipe(name="unknown-model", summary="A first try.", config=config)]
