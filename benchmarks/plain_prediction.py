"""The script that a user would write: decode with Pillow, and ask Keras in batches of 32.

python benchmarks/plain_prediction.py MODEL.keras LOW HIGH IMAGE|FOLDER

Prints a line an image, and last the seconds from the first image to the last, without imports and loading.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import keras
import numpy as np
from PIL import Image

BATCH = 32


def main() -> None:
    model = keras.models.load_model(sys.argv[1])
    low, high = float(sys.argv[2]), float(sys.argv[3])
    source = Path(sys.argv[4])
    _, height, width, channels = model.input_shape
    mode = "RGB" if channels == 3 else "L"
    started = time.perf_counter()
    files = [source] if source.is_file() else sorted(path for path in source.rglob("*.*"))
    for begin in range(0, len(files), BATCH):
        batch = files[begin : begin + BATCH]
        pixels = [np.asarray(Image.open(file).convert(mode).resize((width, height))) for file in batch]
        x = np.stack(pixels).reshape(-1, height, width, channels).astype("float32") / 255 * (high - low) + low
        for file, scores in zip(batch, model.predict(x, verbose=0), strict=True):
            print(file, *scores)
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main()
