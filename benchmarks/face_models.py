"""Models of face crops beside each other: processor time for a face, size, and accuracy on labeled crops.

    python benchmarks/face_models.py MODEL ... [--on DATASET=FOLDER] [--split test] [--leaked RUN] [--repeats 9]

A MODEL is what `emoclass predict` takes, or a LiteRT file of another package with its emotions in order, such as
`emotion_model_quantized.tflite=angry,disgusted,scared,happy,sad,surprised,neutral`, whose pixels are taken to be
scaled to [-1, 1]. All run in this process, on one thread, in turn; the shortest of the repeats counts. `--leaked RUN`
is the folder of a run on the same dataset: accuracy is also given without the images that its predictions.csv marks as
copies of training images.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

import emoclass
from emoclass import LabelScheme, Registry
from emoclass.bundle.manifest import LITERT
from emoclass.data.images import read_file, read_image
from emoclass.data.index import index
from emoclass.evaluation.intervals import wilson
from emoclass.values.config import DataConfig
from emoclass.values.references import resolve

SEVEN = LabelScheme(emotions="happy,sad,angry,scared,surprised,disgusted,neutral")
Predict = Callable[[np.ndarray], np.ndarray]


class Model:
    """A model with its name, the size of its LiteRT file, the size of its input, and its emotions."""

    def __init__(self, name: str) -> None:
        path, _, emotions = name.partition("=")
        if emotions:
            self.name, file = Path(path).stem, Path(path)
            self.predict, self.shape = _foreign(file)
            self.emotions = tuple(emotions.split(","))
        else:
            self.name, classifier = name, emoclass.load(name, threads=1)
            file = classifier.bundle.path / LITERT
            self.predict = classifier.scores
            self.shape, self.emotions = classifier.image_shape, classifier.labels.emotions
        self.bytes = file.stat().st_size

    def milliseconds(self, batch: int) -> float:
        """Return the processor time for one face."""
        rounds = max(1, 64 // batch)
        pixels = np.random.default_rng(0).integers(0, 256, (batch, *self.shape), dtype=np.uint8)
        self.predict(pixels)
        started = time.process_time()
        for _ in range(rounds):
            self.predict(pixels)
        return 1000 * (time.process_time() - started) / rounds / batch


def _foreign(file: Path) -> tuple[Predict, tuple[int, int, int]]:
    """Return what predicts with a file whose batch may be fixed at one image, and the shape of an image."""
    interpreter = Interpreter(model_content=file.read_bytes(), num_threads=1)
    interpreter.allocate_tensors()
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()

    def predict(pixels: np.ndarray) -> np.ndarray:
        if tuple(interpreter.get_input_details()[0]["shape"]) != pixels.shape:
            interpreter.resize_tensor_input(taken["index"], pixels.shape)
            interpreter.allocate_tensors()
        interpreter.set_tensor(taken["index"], (pixels / np.float32(127.5) - 1).astype(np.float32))
        interpreter.invoke()
        return np.array(interpreter.get_tensor(given["index"]))

    return predict, tuple(int(side) for side in taken["shape"][1:])


def print_accuracies(models: list[Model], dataset: str, root: Path, split: str | None, leaked: Path | None) -> None:
    """Print how often each model is right, on all images and without those marked as leaked."""
    spec = Registry.discover().datasets.get(dataset)
    samples = [
        each
        for each in index(spec, DataConfig(dataset=dataset, root=root), SEVEN).samples
        if split is None or each.split == split
    ]
    truth = np.array([SEVEN.index(each.emotion) for each in samples])
    contents = [
        resolve(spec.read_sample)(root, each) if spec.read_sample else read_file(root, each) for each in samples
    ]
    new = None
    if leaked is not None:
        with (leaked / "predictions.csv").open(newline="") as file:
            marked = {row["id"] for row in csv.DictReader(file) if row["leaked"] == "1"}
        new = np.array([each.id not in marked for each in samples])
    for model in models:
        order = [model.emotions.index(emotion) for emotion in SEVEN.emotions]
        found = []
        for first in range(0, len(contents), 256):
            pixels = np.stack([read_image(each, model.shape) for each in contents[first : first + 256]])
            found.append(model.predict(pixels)[:, order].argmax(axis=1))
        right = np.concatenate(found) == truth
        without = "" if new is None else f"; without copies of training images {_share(right[new])}"
        print(f"{model.name}: {dataset} {_share(right)}{without}", flush=True)


def _share(right: np.ndarray) -> str:
    interval = wilson(int(right.sum()), len(right))
    return f"{right.mean():.3f} [{interval.low:.3f}, {interval.high:.3f}], n = {len(right):,}"


def main() -> None:
    """Read the command line, time the models, and measure their accuracy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--on", action="append", default=[], metavar="DATASET=FOLDER")
    parser.add_argument("--split")
    parser.add_argument("--leaked", type=Path, metavar="RUN")
    parser.add_argument("--repeats", type=int, default=9)
    given = parser.parse_args()
    models = [Model(name) for name in given.models]
    times: dict[tuple[str, int], list[float]] = defaultdict(list)
    for _ in range(given.repeats):  # in turn, so that a busy moment does not fall on one of them
        for model in models:
            for batch in (1, 32):
                times[model.name, batch].append(model.milliseconds(batch))
    for model in models:
        alone, together = (min(times[model.name, batch]) for batch in (1, 32))
        print(
            f"{model.name}: {alone:.3f} ms of processor time for a face alone, {together:.3f} ms in batches of 32; "
            f"{model.bytes / 1000:,.0f} kB",
            flush=True,
        )
    for each in given.on:
        dataset, _, root = each.partition("=")
        print_accuracies(models, dataset, Path(root), given.split, given.leaked)


if __name__ == "__main__":
    main()
