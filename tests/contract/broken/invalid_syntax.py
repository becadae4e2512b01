"""A parenthesis was not closed."""

from emoclass import ModelSpec, hookimpl

CAUGHT_BY = "check_loads"
MESSAGE = "SyntaxError: '[' was never closed"

@hookimpl
def register_models():
    return [ModelSpec(name="invalid-syntax", summary="A small network.", build="x:y", image_shape=(16, 16, 3))
