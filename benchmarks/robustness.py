"""Change test pictures the way other crops, cameras and files would, and see what a trained model makes of them.

    python benchmarks/robustness.py faces FER2013            the model that a plugin brings, on FER2013's PublicTest

Only images without a copy in the training set are taken, unless --all says otherwise.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

import emoclass
from emoclass import Registry
from emoclass.auditing.examine import examine
from emoclass.data.index import index
from emoclass.data.leaks import copies_of_training
from emoclass.data.pixels import reader
from emoclass.evaluation.intervals import wilson
from emoclass.values.config import DataConfig

FIVE = ("happy", "sad", "angry", "scared", "surprised")


def moved(
    across: float = 0, down: float = 0, zoom: float = 1, degrees: float = 0
) -> Callable[[Image.Image], Image.Image]:
    """Return what shifts by a share of the side, enlarges and turns a picture; what was not seen stays black."""

    def change(picture: Image.Image) -> Image.Image:
        width, height = picture.size
        a, b = np.cos(np.radians(degrees)) / zoom, np.sin(np.radians(degrees)) / zoom
        x, y = (width - 1) / 2, (height - 1) / 2
        left, top = x + across * width, y + down * height
        places = (a, b, x - a * left - b * top, -b, a, y + b * left - a * top)
        return picture.transform(picture.size, Image.Transform.AFFINE, places, Image.Resampling.BILINEAR)

    return change


def toned(factor: float, gamma: float = 1) -> Callable[[Image.Image], Image.Image]:
    """Return what multiplies the pixels, after a power of them."""
    return lambda picture: picture.point([min(255, round(255 * (v / 255) ** gamma * factor)) for v in range(256)])


def recompressed(quality: int) -> Callable[[Image.Image], Image.Image]:
    """Return what writes a picture as JPEG and reads it again."""

    def change(picture: Image.Image) -> Image.Image:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality)
        return Image.open(file)

    return change


def grained(deviation: float) -> Callable[[Image.Image], Image.Image]:
    """Return what adds normal noise of so many gray levels."""
    rng = np.random.default_rng(0)

    def change(picture: Image.Image) -> Image.Image:
        pixels = np.asarray(picture) + deviation * rng.standard_normal(picture.size[::-1])
        return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))

    return change


def halved(picture: Image.Image) -> Image.Image:
    """Return a picture that was once half as wide and high."""
    width, height = picture.size
    return picture.resize((width // 2, height // 2), Image.Resampling.BOX).resize((width, height))


CHANGES: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "as it is": lambda picture: picture,
    "shifted right by 10 %": moved(across=0.1),
    "shifted up by 10 %": moved(down=-0.1),
    "enlarged by 20 %": moved(zoom=1.2),
    "shrunk by 20 %": moved(zoom=0.8),
    "turned by 10 degrees": moved(degrees=10),
    "turned by 20 degrees": moved(degrees=-20),
    "darkened to 40 %": toned(0.4),
    "brightened (gamma 0.5)": toned(1, gamma=0.5),
    "blurred (sigma 1)": lambda picture: picture.filter(ImageFilter.GaussianBlur(1)),
    "half the resolution": halved,
    "grained (sigma 10)": grained(10),
    "JPEG of quality 20": recompressed(20),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", help="a run, a bundle, or a plugin that brings a trained model")
    parser.add_argument("root", type=Path, help="FER2013")
    parser.add_argument("--all", action="store_true", help="take copies of training images, too")
    given = parser.parse_args()
    registry = Registry.discover()
    classifier = emoclass.load(given.source, registry=registry)
    labels = classifier.labels
    spec = registry.datasets.get("fer2013")
    config = DataConfig(dataset="fer2013", root=given.root, options={"test": "public"})
    listed = index(spec, config, labels)
    sides = {sample.id: str(sample.split) for sample in listed.samples}
    leaked: frozenset[str] = frozenset()
    if not given.all:
        leaked = copies_of_training(sides, examine(listed.samples, spec, given.root).clusters)
    samples = [sample for sample in listed.samples if sample.split == "test" and sample.id not in leaked]
    read = reader(spec, given.root)
    pictures = [Image.open(io.BytesIO(read(sample))).convert("L") for sample in samples]
    y_true = np.array([labels.index(sample.emotion) for sample in samples])
    five = [labels.index(emotion) for emotion in FIVE]
    of_five = np.isin(y_true, five)
    print(f"| PublicTest, {len(samples):,} images without a copy in Training | {len(labels)} emotions | five |")
    print("| --- | --- | --- |")
    for name, change in CHANGES.items():
        scores = classifier.scores(np.stack([classifier.pixels(change(picture)) for picture in pictures]))
        right = int((scores.argmax(axis=1) == y_true).sum())
        right_of_five = int((np.array(five)[scores[of_five][:, five].argmax(axis=1)] == y_true[of_five]).sum())
        print(f"| {name} | {_told(right, len(y_true))} | {_told(right_of_five, int(of_five.sum()))} |", flush=True)


def _told(right: int, n: int) -> str:
    interval = wilson(right, n)
    return f"{right / n:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


if __name__ == "__main__":
    main()
