"""It asks for one thread: TensorFlow can be told so only before it has worked."""

from emoclass import Recipe, hookimpl


@hookimpl
def register_recipes():
    config = {
        "labels": ["happy", "sad"],
        "data": {"options": {"n_samples": 24}},
        "model": {"name": "tiny"},
        "runtime": {"threads": 1},
    }
    return [Recipe(name="one-thread", summary="A quick experiment.", config=config)]
