"""Predictions, metrics and their intervals: numpy, scipy and scikit-learn; never TensorFlow."""
