"""Train on few face crops: the documented network from nothing, beside the faces model that knows faces already.

    python benchmarks/fine_tuning.py FER2013                       happy and sad
    python benchmarks/fine_tuning.py FER2013 --labels basic5
    python benchmarks/fine_tuning.py FER2013 --change "JPEG of quality 20"      crops that the model does worse on

The crops come from FER2013's PublicTest, which the faces model was not trained on; those with a copy in Training are
left out. A few of each emotion are trained on, others of them validate, and of the rest an equal number of each emotion
is the test set: the same for all that a seed draws. It is as balanced as the training set: else a model that keeps
FER2013's shares of the emotions would be better for that alone.
"""

from __future__ import annotations

import argparse
import io
import os
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from robustness import CHANGES

import emoclass
from emoclass import LabelScheme, Registry
from emoclass.auditing.examine import examine
from emoclass.data.index import index
from emoclass.data.leaks import copies_of_training
from emoclass.data.pixels import reader
from emoclass.values.config import DataConfig


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", type=Path, help="FER2013")
    parser.add_argument("--labels", default="happysad")
    parser.add_argument("--images", type=int, nargs="+", default=[10, 30, 100], help="of each emotion, to train on")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of the draw and of the training")
    parser.add_argument("--change", choices=CHANGES, default="as it is", help="what is done to all crops")
    given = parser.parse_args()
    labels = LabelScheme(emotions=given.labels)
    crops = _crops(given.root, labels, CHANGES[given.change])
    print("| images of an emotion | seed | test images | " + " | ".join(_TRAININGS) + " |")
    print("| --- | --- | --- |" + " --- |" * len(_TRAININGS))
    for n in given.images:
        for seed in given.seeds:
            with tempfile.TemporaryDirectory() as scratch:
                n_test = _lay_out(crops, n, seed, Path(scratch, "crops"))
                cells = [_accuracy(name, Path(scratch), labels, seed) for name in _TRAININGS]
            print(f"| {n} | {seed} | {n_test:,} | " + " | ".join(cells) + " |", flush=True)


FIRST_TESTED = 150
"""Of each emotion, those before this one train and validate, 100 and 50 at the most."""

_TRAININGS = {
    "happysad, from nothing": {"plugin": "happysad"},
    "faces, not trained further": None,
    "faces, --from pretrained": {"plugin": "faces", "start": "pretrained"},
}
"""What is compared; None stands for the trained model, restricted to the emotions."""


def _crops(
    root: Path, labels: LabelScheme, change: Callable[[Image.Image], Image.Image]
) -> dict[str, list[Image.Image]]:
    """Return PublicTest's images by emotion, changed, without copies of training images and of each other."""
    spec = Registry.discover().datasets.get("fer2013")
    listed = index(spec, DataConfig(dataset="fer2013", root=root, options={"test": "public"}), labels)
    clusters = examine(listed.samples, spec, root).clusters
    leaked = copies_of_training({sample.id: str(sample.split) for sample in listed.samples}, clusters)
    repeated = {name for cluster in clusters for name in sorted(cluster)[1:]}
    read, crops = reader(spec, root), defaultdict(list)
    for sample in listed.samples:
        if sample.split == "test" and sample.id not in leaked | repeated:
            crops[sample.emotion].append(change(Image.open(io.BytesIO(read(sample))).convert("L")))
    return crops


def _lay_out(crops: dict[str, list[Image.Image]], n: int, seed: int, folder: Path) -> int:
    """Write n training crops of each emotion, half as many that validate, and others for the test."""
    n_test, last = 0, min(map(len, crops.values()))
    if n + n // 2 > FIRST_TESTED or last <= FIRST_TESTED:
        raise SystemExit(f"{n} to train on, {last} crops of the rarest emotion: the first {FIRST_TESTED} do not test.")
    for emotion, images in crops.items():
        order = np.random.default_rng(seed).permutation(len(images))
        sides = {"train": order[:n], "validation": order[n : n + n // 2], "test": order[FIRST_TESTED:last]}
        for side, rows in sides.items():
            place = folder / side / emotion
            place.mkdir(parents=True)
            for row in rows:
                images[row].save(place / f"{row:05d}.png")
        n_test += len(sides["test"])
    return n_test


def _accuracy(name: str, scratch: Path, labels: LabelScheme, seed: int) -> str:
    settings = _TRAININGS[name]
    data = scratch / "crops"
    if settings is None:
        on = [("folder", data)]
        classifier = emoclass.load("faces").among(labels)
        found = emoclass.evaluate(classifier, on, metrics=["accuracy"], split="test", audit=False)[0].metrics[
            "accuracy"
        ]
    else:
        found = emoclass.run(
            data=data, dataset="folder", labels=labels.emotions, seed=seed, audit=False, out=scratch, **settings
        ).metrics["accuracy"]  # fmt: skip
    return f"{found.value:.3f} [{found.ci_low:.3f}, {found.ci_high:.3f}]"


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
