"""Write a LiteRT file in a process of its own, where Keras runs on TensorFlow; `training.export` starts it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np


def main(task: dict[str, Any]) -> None:
    """Do what `export_litert` says, with a model from a file."""
    from emoclass.training.build import load_model
    from emoclass.training.export import export_litert

    low, high = task["value_range"]
    pictures = np.load(task["pictures"]) if "pictures" in task else None
    path, quantize = Path(task["path"]), task["quantize"]
    export_litert(load_model(Path(task["model"])), (low, high), path, quantize=quantize, pictures=pictures)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
