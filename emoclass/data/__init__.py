"""Labeled images: list them, decode them once, split them honestly. No TensorFlow in here."""
