"""Build, feed, fit and save a network: the only room that imports TensorFlow and Keras."""

from emoclass.training.quiet import import_keras_quietly

import_keras_quietly()
