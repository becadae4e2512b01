"""Training beside the plain Keras script: whole processes, decoding and training, an epoch alone, and peak memory.

    python benchmarks/training.py [--data DIR] [--epochs N] [--repeats N] [--whole]

Each side runs in a process of its own, in turn, on the same images; ratios are of the medians.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

MODEL = "happysad"
BATCH = 32


def plain(data: str, epochs: int) -> dict[str, float]:
    """The script that a user would write: decode in TensorFlow, again in every epoch."""
    import keras

    network = _network()
    started = time.perf_counter()
    images = keras.utils.image_dataset_from_directory(
        data, image_size=(256, 256), batch_size=BATCH, label_mode="int", verbose=False
    ).map(lambda x, y: (x / 255, y))
    batches = int(images.cardinality())
    n_train, n_validation = round(batches * 0.75), max(1, round(batches * 0.125))
    network.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    network.fit(images.take(n_train), validation_data=images.skip(n_train).take(n_validation), epochs=epochs, verbose=0)
    return {"total": time.perf_counter() - started}


def bare(data: str, epochs: int) -> dict[str, float]:
    """A bare `model.fit` on the same images, decoded and scaled in memory before."""
    import keras
    import numpy as np

    from emoclass.data.images import read_image

    files = sorted(Path(data).rglob("*.*"))
    rng = np.random.default_rng(0)
    files = [files[i] for i in rng.permutation(len(files))]
    x = np.stack([read_image(file.read_bytes(), (256, 256, 3)) for file in files]).astype("float32") / 255
    y = np.array([file.parent.name == "sad" for file in files], dtype="int64")
    n_train, n_validation = len(x) * 6 // 8, len(x) // 8
    network = _network()
    network.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    clock = _EpochClock(keras)
    network.fit(
        x[:n_train],
        y[:n_train],
        validation_data=(x[n_train : n_train + n_validation], y[n_train : n_train + n_validation]),
        batch_size=BATCH,
        epochs=epochs,
        verbose=0,
        callbacks=[clock.callback],
    )
    return {"epoch": clock.median()}


def ours(data: str, epochs: int) -> dict[str, float]:
    """The recipe, checkpoints included."""
    import keras  # noqa: F401  (the other sides do not count the import either)

    import emoclass.training.fit  # noqa: F401
    from emoclass import Registry, run
    from emoclass.progress import Progress

    class Clock(Progress):
        times: dict[str, float] = {}  # noqa: RUF012

        def stage(self, title: str) -> None:
            self.times[title] = time.perf_counter()

    clock = Clock()
    with tempfile.TemporaryDirectory() as out:
        result = run(MODEL, data=data, epochs=epochs, out=out, registry=Registry.discover(), progress=clock)
    seconds = result.history["seconds"]
    return {
        "total": clock.times["evaluation"] - clock.times["decoding"],
        "epoch": statistics.median(seconds[1:] or seconds),
    }


def whole(command: list[str], out: str) -> dict[str, float]:
    """Run a command to its end: its seconds from start to exit, and the processor seconds that it took."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    with Path(out, "log.txt").open("w") as log:
        subprocess.run(command, check=True, stdout=log, stderr=log, env=environment)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"whole": seconds, "processor": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def whole_processes(data: str, epochs: int) -> tuple[dict[str, float], dict[str, float]]:
    """Time `emoclass run` and the plain script, one after the other."""
    length = ["--epochs", str(epochs)]
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "emoclass", "run", "--plugin", MODEL, "--data", data, "--out", out, *length]
        mine = whole(command, out)
        script = Path(__file__).with_name("plain_training.py")
        return mine, whole([sys.executable, str(script), data, out, *length], out)


def _network():
    from emoclass import LabelScheme, Registry
    from emoclass.training.build import build

    return build(Registry.discover().models.get(MODEL), LabelScheme(emotions=("happy", "sad")), seed=0)


class _EpochClock:
    def __init__(self, keras) -> None:
        self.times: list[float] = []
        self.callback = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: self.times.append(-time.perf_counter()),
            on_epoch_end=lambda epoch, logs: self.times.append(self.times.pop() + time.perf_counter()),
        )

    def median(self) -> float:
        return statistics.median(self.times[1:] or self.times)


def _in_process(side: str, data: str, epochs: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, "--side", side, "--data", data, "--epochs", str(epochs)],
        check=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="a folder with happy/ and sad/; by default 256 photographs are made")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--whole", action="store_true", help="time whole processes only")
    parser.add_argument("--side", choices=["plain", "bare", "ours"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        figures = {"plain": plain, "bare": bare, "ours": ours}[arguments.side](arguments.data, arguments.epochs)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({**figures, "peak_mib": peak}))
        return
    with tempfile.TemporaryDirectory() as folder:
        if arguments.data is None:
            from photographs import make_photographs

            make_photographs(Path(folder), n_images=256)
        data = arguments.data or folder
        sides: dict[str, list[dict[str, float]]] = {"ours whole": [], "plain whole": []}
        if not arguments.whole:
            sides |= {"plain": [], "bare": [], "ours": []}
        for number in range(arguments.repeats):
            for side, figures in zip(sides, whole_processes(data, arguments.epochs), strict=False):
                sides[side].append(figures)
                print(f"round {number + 1} {side}: {figures}", file=sys.stderr)
            for side, figures in list(sides.items())[2:]:
                figures.append(_in_process(side, data, arguments.epochs))
                print(f"round {number + 1} {side}: {figures[-1]}", file=sys.stderr)
    middle = {
        side: {name: statistics.median(each[name] for each in figures) for name in figures[0]}
        for side, figures in sides.items()
    }
    rows = [
        ("whole process", middle["ours whole"]["whole"], "s", middle["plain whole"]["whole"], "plain script"),
        ("processor time", middle["ours whole"]["processor"], "s", middle["plain whole"]["processor"], "plain script"),
    ]
    rows += (
        []
        if arguments.whole
        else [
            ("decode and train", middle["ours"]["total"], "s", middle["plain"]["total"], "plain script"),
            ("one epoch", middle["ours"]["epoch"], "s", middle["bare"]["epoch"], "bare fit in memory"),
            ("peak memory", middle["ours"]["peak_mib"], "MiB", middle["plain"]["peak_mib"], "plain script"),
        ]
    )
    for name, mine, unit, other, beside in rows:
        print(f"{name}: {mine:.2f} {unit} beside {other:.2f} {unit} ({beside}): ratio {mine / other:.2f}")


if __name__ == "__main__":
    main()
