"""Why the usual happy/sad script reports 1.0: its training, validation and test sets mix.

    python examples/leaking_split.py PHOTOS [--seeds 0 1 2] [--epochs 20]

PHOTOS holds happy/ and sad/. For each seed, and with the same network,

1. 72 photographs are set aside, and the usual script (`image_dataset_from_directory(shuffle=True)`, then `take` and
   `skip`) trains on the others and measures itself on its own test set, and on the 72 that it never saw;
2. `emoclass` draws its split of all photographs once, trains, and measures its test set.

The dataset of the usual script is shuffled anew whenever it is read, so `skip` skips other photographs in every
epoch: after a few epochs nearly all test photographs have been trained on (tensorflow issue 59279).
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import numpy as np

import emoclass
from emoclass.data.images import read_image

BATCH_SIZE = 32
N_UNSEEN = 72


def network(seed: int):
    from emoclass.training.build import build

    labels = emoclass.LabelScheme(emotions=("happy", "sad"))
    model = build(emoclass.Registry.discover().models.get("happysad"), labels, seed=seed)
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


def set_aside(photos: Path, kept: Path, *, seed: int) -> list[Path]:
    """Copy all photographs but `N_UNSEEN`, as many of each class, to `kept`; return the others."""
    rng = np.random.default_rng(seed)
    unseen: list[Path] = []
    for emotion in ("happy", "sad"):
        files = sorted(path for path in (photos / emotion).iterdir() if path.is_file())
        (kept / emotion).mkdir(parents=True)
        order = rng.permutation(len(files))
        unseen += [files[i] for i in order[: N_UNSEEN // 2]]
        for i in order[N_UNSEEN // 2 :]:
            # Decoded and written again as PNG: TensorFlow reads neither WebP nor every palette.
            from PIL import Image

            Image.fromarray(read_image(files[i].read_bytes(), (256, 256, 3))).save(kept / emotion / f"{i:04d}.png")
    return unseen


def usual_script(kept: Path, *, seed: int, epochs: int):
    """Train the way that tutorials do; return the model and its accuracy on what it takes for its test set."""
    import keras

    keras.utils.set_random_seed(seed)
    photographs = keras.utils.image_dataset_from_directory(
        kept, image_size=(256, 256), batch_size=BATCH_SIZE, shuffle=True, verbose=False
    )
    photographs = photographs.map(lambda x, y: (x / 255, y))
    n_batches = len(photographs)
    n_train = n_batches - 2
    train = photographs.take(n_train)
    validation = photographs.skip(n_train).take(1)
    test = photographs.skip(n_train + 1).take(1)
    model = network(seed)
    model.fit(train, epochs=epochs, validation_data=validation, verbose=0)
    right, total = 0, 0
    for x, y in test:
        predicted = model.predict_on_batch(x)[:, 0] >= 0.5
        right, total = right + int((predicted == y.numpy()).sum()), total + len(y)
    return model, right, total


def accuracy_on(model, files: list[Path]) -> float:
    x = np.stack([read_image(path.read_bytes(), (256, 256, 3)) for path in files]) / 255
    predicted = model.predict(x, batch_size=BATCH_SIZE, verbose=0)[:, 0] >= 0.5
    return float(np.mean(predicted == [path.parent.name == "sad" for path in files]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()
    for seed in arguments.seeds:
        scratch = Path(tempfile.mkdtemp())
        try:
            unseen = set_aside(arguments.photos, scratch / "kept", seed=seed)
            model, right, total = usual_script(scratch / "kept", seed=seed, epochs=arguments.epochs)
            print(
                f"seed {seed}: the usual script reports {right / total:.2f} on its {total} test photographs, and is "
                f"right on {accuracy_on(model, unseen):.2f} of {len(unseen)} that it never saw",
                flush=True,
            )
            result = emoclass.run(
                "happysad", data=arguments.photos, seed=seed, epochs=arguments.epochs, out=scratch / "runs"
            )
            accuracy = result.metrics["accuracy"]
            print(
                f"seed {seed}: emoclass reports {accuracy.value:.2f} [{accuracy.ci_low:.2f}, {accuracy.ci_high:.2f}] "
                f"on its {accuracy.n_samples} test photographs",
                flush=True,
            )
        finally:
            shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
