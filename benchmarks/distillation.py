"""The cost of a teacher: an epoch of a small network with and without one, and the teacher alone in both precisions.

python benchmarks/distillation.py FER2013/train                class folders of face crops
python benchmarks/distillation.py FER2013/train --teacher runs/20260102-030405-mine
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

import emoclass
from emoclass.bundle.read import Bundle, read_bundle
from emoclass.data.calibration import read_pictures
from emoclass.inference.load import find_bundle

SMALL = {"name": "faces", "options": {"widths": [32, 48, 64], "blocks": [1, 1, 1]}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", type=Path, help="a folder per class")
    parser.add_argument("--teacher", default="faces")
    given = parser.parse_args()
    print("Processor time, one thread.")
    for teacher in ({}, {"teacher": {"bundles": [given.teacher]}}):
        config = {"model": SMALL, "training": {"epochs": 1, "keep": "last", **teacher}}
        with tempfile.TemporaryDirectory() as out:
            before = time.process_time()
            emoclass.run("faces", data=given.root, out=out, config=config, audit=False, threads=1)
        print(f"run of one epoch, {'with' if teacher else 'without'} a teacher: {time.process_time() - before:.0f} s")
    _measure_alone(read_bundle(find_bundle(given.teacher)), given.root)


def _measure_alone(bundle: Bundle, root: Path) -> None:
    """Print what an image costs the teacher, and how its probabilities differ in bfloat16."""
    import tensorflow as tf

    from emoclass.training.teacher import load_teachers

    manifest = bundle.manifest
    pixels = read_pictures(root, manifest.labels, manifest.image.shape).pixels[:896]
    outputs = []
    for precision in ("float32", "mixed_bfloat16"):
        (teacher,) = load_teachers([bundle], precision)
        low, high = teacher.value_range
        images = (pixels / 255 * (high - low) + low).astype(np.float32)
        predict = tf.function(lambda batch, model=teacher.model: model(batch, training=False))
        predict(images[:128])
        before = time.process_time()
        outputs.append(np.concatenate([predict(images[i : i + 128]).numpy() for i in range(0, len(images), 128)]))
        print(f"teacher alone, {precision}: {(time.process_time() - before) / len(images) * 1e3:.1f} ms an image")
    differences = abs(outputs[0] - outputs[1]).max(axis=1)
    print(f"probabilities differ by {differences.mean():.4f} on average, {differences.max():.3f} at most")


if __name__ == "__main__":
    main()
