"""Trained models at work: numpy, Pillow and LiteRT; never TensorFlow."""
