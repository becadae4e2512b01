"""The script that a user would write with Keras: train, measure on the test set, plot, and save the model.

    python benchmarks/plain_training.py DATA OUT [--epochs N]

`benchmarks/training.py` runs it beside `emoclass run`, as a whole process. The network is that of the happysad recipe.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import keras
import matplotlib.pyplot as plt

BATCH = 32


def network() -> keras.Model:
    """Return the network that the happysad plugin builds."""
    from emoclass import LabelScheme, Registry
    from emoclass.training.build import build

    return build(Registry.discover().models.get("happysad"), LabelScheme(emotions=("happy", "sad")), seed=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()
    images = keras.utils.image_dataset_from_directory(
        arguments.data, image_size=(256, 256), batch_size=BATCH, label_mode="int", verbose=False
    ).map(lambda x, y: (x / 255, y))
    batches = int(images.cardinality())
    n_train, n_validation = round(batches * 0.75), max(1, round(batches * 0.125))
    test = images.skip(n_train + n_validation)
    model = network()
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    history = model.fit(
        images.take(n_train),
        validation_data=images.skip(n_train).take(n_validation),
        epochs=arguments.epochs,
        verbose=2,
    ).history
    metrics = [keras.metrics.Precision(), keras.metrics.Recall(), keras.metrics.BinaryAccuracy()]
    for x, y in test.as_numpy_iterator():
        scores = model.predict(x, verbose=0)
        for metric in metrics:
            metric.update_state(y, scores)
    print({metric.name: float(metric.result()) for metric in metrics})
    for name in ("loss", "accuracy"):
        figure, axes = plt.subplots()
        axes.plot(history[name], label=name)
        axes.plot(history[f"val_{name}"], label=f"val_{name}")
        axes.legend()
        figure.savefig(arguments.out / f"{name}.png")
    model.save(arguments.out / "model.keras")


if __name__ == "__main__":
    main()
