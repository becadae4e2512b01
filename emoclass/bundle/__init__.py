"""What a trained model is on disk: one folder with a manifest, the network, and what predicts without TensorFlow."""
