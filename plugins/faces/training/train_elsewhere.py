"""Train a run's network on another machine, one with a GPU, no network and none of this project's packages.

    emoclass run --plugin faces --config large.toml --data FER2013    # stop it (Ctrl-C) in the first epoch
    python train_elsewhere.py pack RUN PACK                           # images, models, code, and Python packages
    python PACK/train_elsewhere.py train PACK OUT --minutes 9         # there: Python 3.12, and JAX or torch
    python train_elsewhere.py unpack OUT RUN                          # the weights become the run's checkpoint
    emoclass run --resume RUN                                         # measured, exported and reported as any run

What is trained follows the run's own configuration: model, initial weights, teachers, optimizer, schedule,
augmentation, precision. There are two differences. The number of epochs is what fits into the minutes, at most that of
the configuration; and the weights of the last epoch are kept in half precision (with `weight_averaging`, the averages).

If time runs out nevertheless, or the process is asked to end (SIGTERM, Ctrl-C), training stops after the step, and the
weights after the last whole epoch are kept. The learning rate has not reached the end of its schedule then.

All that is packed is compressed as one archive, without loss: the images are those of the dataset, byte by byte.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve()
ARCHIVE = "content.tar.xz"
PACKAGES = ("keras", "rich", "namex", "optree", "pydantic", "pydantic-core", "annotated-types",
            "typing-inspection", "pluggy", "tomli-w", "markdown-it-py", "pygments", "mdurl")  # fmt: skip
"""Keras and pydantic with what they need, as far as a machine for deep learning may lack it."""

PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
LARGEST_PACK = 60 * 2**20
LARGEST_PIECE = 15 * 2**20
MOST_PIECES = 5  # and one file of everything else
SMALL = 64
"""Variables of at most so many numbers are kept as they are: counters, seeds, rates."""

SECONDS_TO_WRITE = 20
"""This much of the time is left for writing the weights."""


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for command, names in ((pack, ("run", "pack")), (train, ("pack", "out")), (unpack, ("out", "run"))):
        added = commands.add_parser(command.__name__, help=command.__doc__)
        added.set_defaults(command=command)
        for name in names:
            added.add_argument(name, type=Path)
        if command is pack:
            added.add_argument("--no-packages", dest="packages", action="store_false", help="leave out Python packages")
        if command is train:
            added.add_argument("--minutes", type=float, default=9.0)
            added.add_argument("--epochs", type=int, help="at most so many epochs, to try the script")
    arguments = vars(parser.parse_args())
    arguments.pop("command")(**arguments)


def pack(run: Path, pack: Path, packages: bool = True) -> None:
    """Write what the other machine needs into a new folder, of at most 60 MiB."""
    from emoclass.plugin.registry import Registry
    from emoclass.progress import Progress
    from emoclass.values.config import RunConfig
    from emoclass.workflows.work import Work

    config = RunConfig.model_validate(tomllib.loads((run / "config.toml").read_text()))
    work = Work(config, Registry.discover(), Progress())
    pack.mkdir(parents=True)
    shutil.copyfile(HERE, pack / HERE.name)
    with tempfile.TemporaryDirectory() as folder:
        n_images = _collect(work, run / "split.csv", Path(folder), packages)
        # One archive of everything: what the files have in common is stored once, such as the headers of small JPEGs.
        shutil.make_archive(str(pack / ARCHIVE.removesuffix(".tar.xz")), "xztar", folder)
    size = sum(file.stat().st_size for file in pack.iterdir())
    print(f"{pack}: {n_images:,} images, {size / 2**20:.1f} MiB")
    if size > LARGEST_PACK:
        raise SystemExit(f"{pack}: expected at most {LARGEST_PACK / 2**20:.0f} MiB, got {size / 2**20:.1f}.")


def _collect(work: Any, split: Path, content: Path, packages: bool) -> int:
    """Write what is packed into a folder, and return the number of images."""
    config = work.config
    models = {
        "start": _copy_model(work.trained, content) if work.trained else None,
        "teachers": [_copy_model(each, content) for each in work.teachers],
    }
    (content / "models.json").write_text(json.dumps(models))
    root = config.data.root
    # Paths of this machine, which are not needed there.
    config = config.model_copy(
        update={
            "data": config.data.model_copy(update={"root": None}),
            "model": config.model.model_copy(update={"start": None}),
            "training": config.training.model_copy(update={"teacher": _without_paths(config.training.teacher)}),
        }
    )
    (content / "config.json").write_text(config.model_dump_json())
    with split.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] != "test"]
    sizes = []
    with (content / "images.bin").open("wb") as images:
        for row in rows:
            sizes.append(images.write(_image(work.dataset, Path(root), row)))
    np.savez(
        content / "images.npz",
        sizes=np.array(sizes, np.int32),
        labels=np.array([int(row["label"]) for row in rows], np.int8),
        training=np.array([row["split"] == "train" for row in rows]),
    )
    for package in ("emoclass", "emoclass_faces"):
        source = Path(sys.modules[package].__file__ or "").parent if package in sys.modules else _folder_of(package)
        shutil.copytree(source, content / "code" / package, ignore=shutil.ignore_patterns("__pycache__", "trained*"))
    if packages:
        platforms = [each for platform in PLATFORMS for each in ("--platform", platform)]
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--only-binary=:all:",
             "--python-version", "3.12", "--implementation", "cp", *platforms, "--target", str(content / "site"),
             *PACKAGES],
            check=True,
        )  # fmt: skip
    return len(rows)


def _copy_model(bundle: Any, content: Path) -> str:
    """Copy of a bundle what a training reads, unless it is there already, and return its name in the pack."""
    from emoclass.bundle.manifest import KERAS, MANIFEST

    name: str = bundle.manifest.files[KERAS].sha256
    folder = content / "models" / name
    if not folder.exists():
        folder.mkdir(parents=True)
        shutil.copyfile(bundle.file(KERAS), folder / KERAS)
        shutil.copyfile(bundle.path / MANIFEST, folder / MANIFEST)
    return name


def _without_paths(teacher: Any) -> Any:
    return teacher and teacher.model_copy(update={"bundles": tuple(Path(each).name for each in teacher.bundles)})


def _folder_of(package: str) -> Path:
    import importlib

    return Path(str(importlib.import_module(package).__file__)).parent


def _image(dataset: Any, root: Path, row: dict[str, str]) -> bytes:
    from emoclass.data.images import read_file
    from emoclass.values.references import resolve
    from emoclass.values.specs import Sample

    sample = Sample(id=row["id"], path=row["path"], emotion=row["emotion"])
    content: bytes = resolve(dataset.read_sample)(root, sample) if dataset.read_sample else read_file(root, sample)
    return content


def train(pack: Path, out: Path, minutes: float, epochs: int | None = None) -> None:
    """Train for so many minutes, and write the weights in half precision: at most 6 files of 15 MiB."""
    deadline = time.monotonic() + 60 * minutes - SECONDS_TO_WRITE
    content = pack / ARCHIVE.removesuffix(".tar.xz")
    shutil.unpack_archive(pack / ARCHIVE, content, filter="data")
    sys.path[:0] = [str(content / "code"), str(content / "site")]
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras
    from emoclass_faces import register_models

    from emoclass.bundle.read import read_bundle
    from emoclass.training.build import build
    from emoclass.training.bundled import load_bundled
    from emoclass.training.checkpoint import read_checkpoint
    from emoclass.training.pipeline import from_pixels
    from emoclass.training.start import start_from
    from emoclass.training.teacher import load_teachers
    from emoclass.values.config import RunConfig
    from emoclass.values.references import resolve

    config = RunConfig.model_validate_json((content / "config.json").read_text())
    spec = next(each for each in register_models() if each.name == config.model.name)
    data = _Data(content, spec.image_shape)
    print(f"Keras {keras.__version__} on {keras.backend.backend()}: {len(data.labels):,} images", flush=True)

    models = json.loads((content / "models.json").read_text())
    teachers = load_teachers(
        [read_bundle(content / "models" / name) for name in models["teachers"]], config.training.precision
    )

    def network() -> Any:
        built = build(spec, config.labels, seed=config.seed, options=config.model.options,
                      precision=config.training.precision)  # fmt: skip
        if models["start"] is not None:
            bundle = read_bundle(content / "models" / models["start"])
            start_from(spec, built, config.labels, load_bundled(bundle), bundle.manifest.labels)
        return built

    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out.parent / f".{out.name}.state"
    _remove_checkpoint(checkpoint)  # of a training that was killed
    history: list[dict[str, float]] = []

    def on_epoch(epoch: int, logs: Any, seconds: float) -> None:
        history.append({"epoch": epoch + 1, "seconds": seconds, **logs})
        print(json.dumps(history[-1]), flush=True)

    def end(*_: object) -> None:
        nonlocal deadline
        deadline = 0.0

    def on_batch(epoch: int, batch: int) -> None:
        if time.monotonic() > deadline:
            raise _StoppedError

    # An exception out of the handler may be lost: the signal may arrive while code runs that swallows exceptions.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    try:
        # The first epoch compiles, the second says how many there is time for.
        took: list[float] = []
        _fit(network(), spec, data, config, 2, checkpoint, lambda *epoch: took.append(epoch[2]), on_batch, teachers)
        _remove_checkpoint(checkpoint)
        left = deadline - time.monotonic() - took[0]
        n_epochs = max(1, min(config.training.epochs, int(0.95 * left / took[1]), epochs or 10**9))
        print(f"{took[1]:.1f} s an epoch: {n_epochs} epochs", flush=True)
        model = network()
        _fit(model, spec, data, config, n_epochs, checkpoint, on_epoch, on_batch, teachers)
    except _StoppedError:
        if not history:
            raise SystemExit("Stopped before the end of the first epoch: no weights are kept.") from None
        print(f"Stopped after {len(history)} of {n_epochs} epochs.", flush=True)
    augmentation = tuple(resolve(each.ref)(**each.options) for each in config.training.augmentation)
    network_of_pixels = from_pixels(model, spec.value_range, augmentation)
    averaged = {id(each) for each in network_of_pixels.trainable_variables if config.training.weight_averaging}
    is_averaged = [id(each) in averaged for each in network_of_pixels.variables]
    _write_pieces(out, read_checkpoint(checkpoint), is_averaged, history)
    _remove_checkpoint(checkpoint)


class _StoppedError(Exception):
    """The time is over, or the process was asked to end."""


def _remove_checkpoint(checkpoint: Path) -> None:
    """Remove a checkpoint and the one before it, which is kept beside it."""
    for file in checkpoint.parent.glob(f"{checkpoint.stem}.*"):
        file.unlink()


class _Data:
    """The images of a pack, as `emoclass.training.pipeline` reads them."""

    def __init__(self, pack: Path, shape: tuple[int, int, int]) -> None:
        from emoclass.data.images import read_image
        from emoclass.data.pixels import PixelCache

        with np.load(pack / "images.npz") as saved:
            sizes, self.labels, training = (saved[name] for name in ("sizes", "labels", "training"))
        self.rows = {"train": np.flatnonzero(training), "validation": np.flatnonzero(~training)}
        self.pixels = PixelCache(len(sizes), shape)
        content, at = (pack / "images.bin").read_bytes(), 0
        for row, size in enumerate(sizes.tolist()):
            self.pixels.write(row, read_image(content[at : at + size], shape, path=str(row)))
            at += size


def _fit(
    model: Any,
    spec: Any,
    data: _Data,
    config: Any,
    epochs: int,
    checkpoint: Path,
    on_epoch: Callable[..., None],
    on_batch: Callable[[int, int], None],
    teachers: Any,
) -> None:
    from emoclass.training.fit import fit
    from emoclass.training.pipeline import Batches, ShuffledBatches
    from emoclass.training.targets import training_targets, validation_targets

    settings = config.training.model_copy(update={"epochs": epochs, "keep": "last"})
    train, validation = (data.labels[data.rows[side]] for side in ("train", "validation"))
    size = settings.batch_size
    fit(
        model,
        spec.value_range,
        ShuffledBatches(
            data.pixels, data.rows["train"], training_targets(train, None, config.labels, settings), batch_size=size,
            seed=config.seed, mixup=settings.mixup,
        ),
        Batches(data.pixels, data.rows["validation"], validation_targets(validation, config.labels), batch_size=size),
        settings,
        config.labels,
        class_counts={emotion: int((train == i).sum()) for i, emotion in enumerate(config.labels.emotions)},
        seed=config.seed,
        checkpoint=checkpoint,
        on_epoch=on_epoch,
        on_batch=on_batch,
        teachers=teachers,
    )  # fmt: skip


def _write_pieces(
    out: Path, state: dict[str, np.ndarray], is_averaged: list[bool], history: list[dict[str, float]]
) -> None:
    """Write a checkpoint without what can be left out: weights in half precision, and no state of the optimizer.

    The optimizer's averages become the weights, in which the averages are at the end of an epoch. Only Keras's last
    epoch leaves them so; after another one, the averages hold the weights that training would go on from.

    Args:
        out: The folder for the files.
        state: What `read_checkpoint` returns.
        is_averaged: Of each variable of the network, in their order, whether the optimizer averages it.
        history: The log of each epoch.
    """
    variables = [state[f"variable_{i}"] for i in range(sum(name.startswith("variable_") for name in state))]
    n_weights = len(is_averaged)
    weights, others = variables[:n_weights], variables[n_weights:]
    averaged = [i for i, each in enumerate(is_averaged) if each]
    shapes = [weights[i].shape for i in averaged]
    # Keras makes the averages before the variables of a certain optimizer, such as Adam's momenta.
    first = next(i for i in range(len(others)) if [each.shape for each in others[i : i + len(shapes)]] == shapes)
    same = {n_weights + first + i: weight for i, weight in enumerate(averaged)}
    kept: dict[str, np.ndarray] = {name: each for name, each in state.items() if not name.startswith("variable_")}
    form: list[dict[str, Any]] = []
    for number, each in enumerate(variables):
        form.append({"shape": each.shape, "dtype": str(each.dtype), "same_as": same.get(number)})
        if each.size <= SMALL and number not in same:
            kept[f"variable_{number}"] = each
    large = {f"variable_{i}": each.astype(np.float16) for i, each in enumerate(weights) if each.size > SMALL}
    pieces: list[dict[str, np.ndarray]] = [{}]
    for name, each in large.items():
        if pieces[-1] and sum(piece.nbytes for piece in pieces[-1].values()) + each.nbytes > LARGEST_PIECE - 2**16:
            pieces.append({})
        pieces[-1][name] = each
    for number, piece in enumerate(pieces):
        np.savez(out / f"weights-{number}.npz", **piece)
    kept["form"] = np.array(json.dumps(form))
    kept["history"] = np.array(json.dumps(history))
    np.savez(out / "rest.npz", **kept)
    largest = max(file.stat().st_size for file in out.iterdir())
    print(f"{out}: {len(pieces) + 1} files, the largest {largest / 2**20:.1f} MiB; {len(others)} other variables")
    if largest > LARGEST_PIECE or len(pieces) > MOST_PIECES:
        raise SystemExit(f"{out}: expected at most {MOST_PIECES + 1} files of {LARGEST_PIECE / 2**20:.0f} MiB.")


def unpack(out: Path, run: Path) -> None:
    """Make of the weights the checkpoint of the run that was packed, at the end of its training."""
    from emoclass.reporting.folders.run import RunFolder
    from emoclass.training.checkpoint import write_checkpoint

    found: dict[str, np.ndarray] = {}
    for file in sorted(out.glob("*.npz")):
        with np.load(file) as saved:
            found.update({name: saved[name] for name in saved.files})
    form, history = (json.loads(str(found.pop(name))) for name in ("form", "history"))
    arrays = {name: each for name, each in found.items() if not name.startswith("variable_")}
    for number, told in enumerate(form):
        source = told.get("same_as")
        each = found.get(f"variable_{number if source is None else source}")
        each = np.zeros(told["shape"], told["dtype"]) if each is None else each.astype(told["dtype"])
        arrays[f"variable_{number}"] = each
    state = json.loads(str(arrays["state"]))
    arrays["state"] = np.array(json.dumps({**state, "stopped": True}))
    folder = RunFolder.open(run)
    try:
        write_checkpoint(folder.path / "checkpoint.state", arrays)
        (folder.path / "history.csv").unlink(missing_ok=True)  # of the epoch that was broken off
        for epoch in history:
            folder.append_history(int(epoch.pop("epoch")), epoch.pop("seconds"), epoch)
    finally:
        folder.release()
    print(f"{run}: {len(history)} epochs. Finish it with: emoclass run --resume {run}")


if __name__ == "__main__":
    main()
