"""Train a run's network on another machine, one with a GPU, no network and none of this project's packages.

    emoclass run --plugin faces --config large.toml --data FER2013    # stop it (Ctrl-C) in the first epoch
    python train_elsewhere.py pack RUN PACK                           # the run's images, the code, and wheels
    python PACK/train_elsewhere.py train PACK OUT --minutes 9         # there: Python 3.12, and JAX or torch
    python train_elsewhere.py unpack OUT RUN                          # the weights become the run's checkpoint
    emoclass run --resume RUN                                         # measured, exported and reported as any run

What is trained follows the run's own configuration: model, initial weights, teachers, optimizer, schedule,
augmentation, precision. There are two differences. The number of epochs is what fits into the minutes, at most that of
the configuration; and the weights of the last epoch are kept in half precision (with `weight_averaging`, the averages).
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve()
WHEELS = ("keras", "rich", "namex", "optree", "pydantic", "pydantic-core", "annotated-types",
          "typing-inspection", "pluggy", "tomli-w", "markdown-it-py", "pygments", "mdurl")  # fmt: skip
"""Keras and pydantic with what they need, as far as a machine for deep learning may lack it."""

PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
LARGEST_PACK = 60 * 2**20
LARGEST_PIECE = 15 * 2**20
MOST_PIECES = 5  # and one file of everything else
SMALL = 64
"""Variables of at most so many numbers are kept as they are: counters, seeds, rates."""


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
            added.add_argument("--no-wheels", dest="wheels", action="store_false", help="leave out Python packages")
        if command is train:
            added.add_argument("--minutes", type=float, default=9.0)
            added.add_argument("--epochs", type=int, help="at most so many epochs, to try the script")
    arguments = vars(parser.parse_args())
    arguments.pop("command")(**arguments)


def pack(run: Path, pack: Path, wheels: bool = True) -> None:
    """Write what the other machine needs into a new folder, of at most 60 MiB."""
    from emoclass.plugin.registry import Registry
    from emoclass.progress import Progress
    from emoclass.values.config import RunConfig
    from emoclass.workflows.run_steps import Work

    settings = tomllib.loads((run / "config.toml").read_text())
    config = RunConfig.model_validate(settings)
    work = Work(config, Registry.discover(), Progress())
    dataset = work.dataset
    pack.mkdir(parents=True)
    models = {
        "start": _copy_model(work.trained, pack) if work.trained else None,
        "teachers": [_copy_model(each, pack) for each in work.teachers],
    }
    (pack / "models.json").write_text(json.dumps(models))
    # Paths of this machine, which are not needed there.
    config = config.model_copy(
        update={
            "data": config.data.model_copy(update={"root": None}),
            "model": config.model.model_copy(update={"start": None}),
            "training": config.training.model_copy(update={"teacher": _without_paths(config.training.teacher)}),
        }
    )
    (pack / "config.json").write_text(config.model_dump_json())
    with (run / "split.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] != "test"]
    sizes = []
    with (pack / "images.bin").open("wb") as images:
        for row in rows:
            content = _content(dataset, Path(settings["data"]["root"]), row)
            sizes.append(images.write(content))
    np.savez(
        pack / "images.npz",
        sizes=np.array(sizes, np.int32),
        labels=np.array([int(row["label"]) for row in rows], np.int8),
        training=np.array([row["split"] == "train" for row in rows]),
    )
    for package in ("emoclass", "emoclass_faces"):
        source = Path(sys.modules[package].__file__ or "").parent if package in sys.modules else _folder_of(package)
        shutil.copytree(source, pack / "code" / package, ignore=shutil.ignore_patterns("__pycache__", "trained*"))
    shutil.copyfile(HERE, pack / HERE.name)
    if wheels:
        platforms = [each for platform in PLATFORMS for each in ("--platform", platform)]
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--python-version",
             "3.12", "--implementation", "cp", *platforms, "--dest", str(pack / "wheels"), *WHEELS],
            check=True,
        )  # fmt: skip
    size = sum(file.stat().st_size for file in pack.rglob("*") if file.is_file())
    print(f"{pack}: {len(rows):,} images, {size / 2**20:.1f} MiB")
    if size > LARGEST_PACK:
        raise SystemExit(f"{pack}: expected at most {LARGEST_PACK / 2**20:.0f} MiB, got {size / 2**20:.1f}.")


def _copy_model(bundle: Any, pack: Path) -> str:
    """Copy of a bundle what a training reads, unless it is there already, and return its name in the pack."""
    from emoclass.bundle.manifest import KERAS, MANIFEST

    name: str = bundle.manifest.files[KERAS].sha256
    folder = pack / "models" / name
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


def _content(dataset: Any, root: Path, row: dict[str, str]) -> bytes:
    from emoclass.data.images import read_file
    from emoclass.values.references import resolve
    from emoclass.values.specs import Sample

    sample = Sample(id=row["id"], path=row["path"], emotion=row["emotion"])
    content: bytes = resolve(dataset.read_sample)(root, sample) if dataset.read_sample else read_file(root, sample)
    return content


def train(pack: Path, out: Path, minutes: float, epochs: int | None = None) -> None:
    """Train for so many minutes, and write the weights in half precision: at most 6 files of 15 MiB."""
    deadline = time.monotonic() + 60 * minutes
    site = pack / "site"
    if (pack / "wheels").exists() and not site.exists():
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-compile", "--target",
             str(site), *map(str, sorted((pack / "wheels").glob("*.whl")))],
            check=True,
        )  # fmt: skip
    sys.path[:0] = [str(pack / "code"), str(site)]
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

    config = RunConfig.model_validate_json((pack / "config.json").read_text())
    spec = next(each for each in register_models() if each.name == config.model.name)
    data = _Data(pack, spec.image_shape)
    print(f"Keras {keras.__version__} on {keras.backend.backend()}: {len(data.labels):,} images", flush=True)

    models = json.loads((pack / "models.json").read_text())
    teachers = load_teachers(
        [read_bundle(pack / "models" / name) for name in models["teachers"]], config.training.precision
    )

    def network() -> Any:
        built = build(spec, config.labels, seed=config.seed, options=config.model.options,
                      precision=config.training.precision)  # fmt: skip
        if models["start"] is not None:
            bundle = read_bundle(pack / "models" / models["start"])
            start_from(spec, built, config.labels, load_bundled(bundle), bundle.manifest.labels)
        return built

    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out.parent / f".{out.name}.state"
    history: list[dict[str, float]] = []
    # The first epoch compiles, the second says how many there is time for.
    took: list[float] = []
    _fit(network(), spec, data, config, 2, checkpoint, lambda *epoch: took.append(epoch[2]), teachers)
    checkpoint.unlink()
    left = deadline - time.monotonic() - took[0] - 20
    n_epochs = max(1, min(config.training.epochs, int(0.95 * left / took[1]), epochs or 10**9))
    print(f"{took[1]:.1f} s an epoch: {n_epochs} epochs", flush=True)

    def on_epoch(epoch: int, logs: Any, seconds: float) -> None:
        history.append({"epoch": epoch + 1, "seconds": seconds, **logs})
        print(json.dumps(history[-1]), flush=True)

    model = network()
    _fit(model, spec, data, config, n_epochs, checkpoint, on_epoch, teachers)
    augmentation = tuple(resolve(each.ref)(**each.options) for each in config.training.augmentation)
    n_weights = len(from_pixels(model, spec.value_range, augmentation).variables)
    _write_pieces(out, read_checkpoint(checkpoint), n_weights, history)
    for leftover in out.parent.glob(f"{checkpoint.stem}.*"):
        leftover.unlink()


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
        teachers=teachers,
    )  # fmt: skip


def _write_pieces(out: Path, state: dict[str, np.ndarray], n_weights: int, history: list[dict[str, float]]) -> None:
    """Write a checkpoint without what can be left out: weights in half precision, and no state of the optimizer.

    At the end of a training the optimizer's averages are the weights themselves, which only their numbers tell.
    """
    variables = [state[f"variable_{i}"] for i in range(sum(name.startswith("variable_") for name in state))]
    weights, others = variables[:n_weights], variables[n_weights:]
    kept: dict[str, np.ndarray] = {name: each for name, each in state.items() if not name.startswith("variable_")}
    form: list[dict[str, Any]] = []
    for number, each in enumerate(variables):
        told = {"shape": each.shape, "dtype": str(each.dtype)}
        if each.size <= SMALL:
            kept[f"variable_{number}"] = each
        elif number >= n_weights:
            same = (i for i, weight in enumerate(weights) if weight.shape == each.shape and (weight == each).all())
            told["same_as"] = next(same, None)
        form.append(told)
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
