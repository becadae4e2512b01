"""Faces in photographs: found by a detector plugin, and cut out one way for training, evaluation and prediction."""
