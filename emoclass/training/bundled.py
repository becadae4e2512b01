"""Open the Keras file of a bundle."""

from __future__ import annotations

import keras

from emoclass.bundle.manifest import KERAS
from emoclass.bundle.plain import one_line
from emoclass.bundle.read import Bundle
from emoclass.errors import BundleError
from emoclass.native_output import output_aside
from emoclass.training.build import load_model


def load_bundled(bundle: Bundle) -> keras.Model:
    """Load a bundle's `model.keras` in Keras's safe mode, after comparing its digest and looking into it.

    Raises:
        BundleError: It is missing, damaged, or another network than the manifest says.
    """
    path = bundle.file(KERAS)
    try:
        with output_aside():
            model = load_model(path)
    except BundleError as error:  # Keras quotes what the file says
        raise BundleError(one_line(error.message, 600), error.hint) from error
    expected = ((None, *bundle.manifest.image.shape), (None, bundle.manifest.labels.units))
    found = (getattr(model, "input_shape", None), getattr(model, "output_shape", None))
    if found != expected:
        raise BundleError(
            f"bundle {bundle.path}: {KERAS}: expected input and output {expected}, as the manifest says, got {found}."
        )
    return model
