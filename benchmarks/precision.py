"""Time training steps of the faces network: in half precision beside float32, and with batch normalization.

    python benchmarks/precision.py

The pictures are random; what counts is the ratio, and whether the processor has matrix units for bfloat16.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

import numpy as np

from emoclass import LabelScheme, Registry


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20, help="of 128 pictures, in each round")
    parser.add_argument("--repeats", type=int, default=3, help="rounds, in which all take turns")
    given = parser.parse_args()
    import keras

    rng = np.random.default_rng(0)
    pictures = rng.random((128 * given.steps, 48, 48, 1), dtype=np.float32)
    targets = np.eye(7, dtype=np.float32)[rng.integers(0, 7, len(pictures))]
    networks = {
        "float32": _network("float32"),
        "mixed_bfloat16": _network("mixed_bfloat16"),
        "mixed_bfloat16, batch normalization": _normalized("mixed_bfloat16"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in networks}
    for network in networks.values():
        network.compile(keras.optimizers.AdamW(1e-3), "categorical_crossentropy")
        network.fit(pictures[:256], targets[:256], batch_size=128, verbose=0)
    for _ in range(given.repeats):
        for name, network in networks.items():
            started = time.perf_counter()
            network.fit(pictures, targets, batch_size=128, verbose=0)
            seconds[name].append(time.perf_counter() - started)
    reference = statistics.median(seconds["mixed_bfloat16"])
    print("| Training of the faces network | milliseconds a picture | ratio |")
    print("| --- | --- | --- |")
    for name, each in seconds.items():
        median = statistics.median(each)
        print(f"| {name} | {1000 * median / len(pictures):.2f} | {median / reference:.2f} |")


def _network(precision: str):  # type: ignore[no-untyped-def]
    from emoclass.training.build import build

    labels = LabelScheme(emotions="fer7")
    return build(Registry.discover().models.get("faces"), labels, seed=0, precision=precision)


def _normalized(precision: str):  # type: ignore[no-untyped-def]
    """Return the same network with Keras' convolutions, each followed by batch normalization."""
    import keras
    from emoclass_faces.layers import StandardizedConv2D

    def plain(layer):  # type: ignore[no-untyped-def]
        config = layer.get_config()
        if not isinstance(layer, StandardizedConv2D):
            return type(layer).from_config(config)
        del config["scale"], config["gain"]
        return keras.layers.Conv2D.from_config(config)

    def normalized(layer, *args, **kwargs):  # type: ignore[no-untyped-def]
        output = layer(*args, **kwargs)
        if type(layer) is not keras.layers.Conv2D or "squeeze" in layer.name or output.shape[1] == 1:
            return output
        return keras.layers.BatchNormalization(name=f"{layer.name}_norm", dtype=precision)(output)

    return keras.models.clone_model(_network(precision), clone_function=plain, call_function=normalized)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
