"""Write a LiteRT file in a process of its own, where Keras runs on TensorFlow; `training.export` starts it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def main(task: dict[str, Any]) -> None:
    """Do what `export_litert` says, with a model from a file."""
    from emoclass.training.build import load_model
    from emoclass.training.export import export_litert

    low, high = task["value_range"]
    export_litert(load_model(Path(task["model"])), (low, high), Path(task["path"]), quantize=task["quantize"])


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
