"""What a model was trained on, and which images of another dataset are copies of it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from emoclass.auditing.examine import examine, examine_with_thumbnails
from emoclass.auditing.flat import UNLABELED
from emoclass.auditing.hashes import Hashes, find_hashed
from emoclass.data.index import is_inside, list_samples
from emoclass.data.leaks import copies_of_training
from emoclass.data.pixels import reader
from emoclass.data.units import photograph_id
from emoclass.errors import EmoclassError
from emoclass.plugin.config_file import read_file
from emoclass.plugin.registry import Registry
from emoclass.progress import Progress
from emoclass.values.cells import from_cells
from emoclass.values.config import DataConfig, validate
from emoclass.values.labels import LabelScheme
from emoclass.values.specs import DatasetSpec, Sample, SplitName


@dataclass(frozen=True)
class Seen:
    """The images that a model was trained on, or its epoch chosen by.

    Attributes:
        samples: Those of its training and its validation set.
        spec: Their dataset.
        root: Its folder; None for one that takes none.
        recorded: Whether a run folder says so; else they are the training set of a published dataset's own split.
    """

    samples: tuple[Sample, ...]
    spec: DatasetSpec
    root: Path | None
    recorded: bool = True


@dataclass(frozen=True)
class Copies:
    """Which images a model has seen.

    Attributes:
        ids: Theirs.
        n_unreadable: Images of its training or validation that cannot be read any more: copies of these are not found.
        clusters: Ids of images of the dataset that are copies of each other.
    """

    ids: frozenset[str]
    n_unreadable: int = 0
    clusters: tuple[tuple[str, ...], ...] = ()


def seen_by(run: Path, registry: Registry, *, plugin: str, config_digest: str) -> Seen | None:
    """Return what a run has seen; None where its folder, its data or its dataset's plugin are no longer there.

    Of a folder whose `split.csv` leads out of the data folder, it returns None as well.

    Args:
        run: Where the run folder is, if it is one.
        registry: The plugins.
        plugin: The one that was run.
        config_digest: Of the run's configuration.
    """
    try:
        settings = validate(read_file(run / "config.toml"))
        config = settings.data
        with (run / "split.csv").open(encoding="utf-8", newline="") as file:
            samples = [
                Sample(id=row["id"], path=row["path"], emotion=row["emotion"])
                for row in map(from_cells, csv.DictReader(file))
                if row["split"] != "test"
            ]
        spec = registry.datasets.get(config.dataset, prefer=plugin)
        if spec.reads_outside_root:
            samples = _of_today(samples, list_samples(spec, config, settings.labels), cropped=config.crop is not None)
        elif config.crop is not None:  # several faces of one photograph
            samples = list({photograph_id(each.id): each for each in samples}.values())
            samples = [replace(each, id=photograph_id(each.id)) for each in samples]
    except (EmoclassError, OSError, ValueError, KeyError):
        return None
    is_safe = spec.reads_outside_root or all(is_inside(sample.path) for sample in samples)
    if not is_safe:  # a stranger's folder shall not choose what is opened
        return None
    if settings.digest() != config_digest or (config.root is not None and not config.root.exists()):
        return None
    return Seen(tuple(samples), spec, config.root)


def _of_today(seen: Sequence[Sample], listed: Sequence[Sample], *, cropped: bool) -> list[Sample]:
    """Return what a run has seen of a dataset whose images may lie anywhere: only files that its table names today."""
    ids = {sample.id for sample in seen}
    if cropped:  # several faces of one photograph
        ids |= {photograph_id(sample.id) for sample in seen}
    return [sample for sample in listed if sample.id in ids]


def training_set_of(spec: DatasetSpec, root: Path | None, labels: LabelScheme) -> Seen | None:
    """Return what every model that was trained on a dataset has seen of it; None where that cannot be said.

    It can be where the dataset is a published one, the same images wherever they lie, with a training set of its own.

    Args:
        spec: The dataset.
        root: Its folder.
        labels: The model's emotions.

    Raises:
        DataError: The dataset cannot be listed.
    """
    if spec.url is None:
        return None
    samples = list_samples(spec, DataConfig(dataset=spec.name, root=root), labels)
    training = tuple(sample for sample in samples if sample.split == "train")
    return Seen(training, spec, root, recorded=False) if training else None


def copies_of_seen(
    seen: Seen,
    spec: DatasetSpec,
    root: Path | None,
    samples: Sequence[Sample],
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Copies:
    """Find the images that a model has seen, as the same file or as an altered copy.

    Args:
        seen: What it was trained on.
        spec: The dataset that is looked at.
        root: Its folder.
        samples: Its images.
        threads: Processor threads; None takes those that this process may use.
        progress: Progress callback.
    """
    itself: frozenset[str] = frozenset()
    if (seen.spec.name, seen.root) == (spec.name, root):  # no need to look at these
        trained = {(sample.id, sample.path) for sample in seen.samples}
        itself = frozenset(sample.id for sample in samples if (sample.id, sample.path) in trained)
        samples = [sample for sample in samples if sample.id not in itself]
    readers = {"train": reader(seen.spec, seen.root), "test": reader(spec, root)}
    sides: dict[str, SplitName] = {}
    origin: dict[str, Sample] = {}
    both_sides: tuple[tuple[SplitName, Sequence[Sample]], ...] = (("train", seen.samples), ("test", samples))
    for side, listed in both_sides:
        sides |= {f"{side}:{sample.id}": side for sample in listed}
        origin |= {f"{side}:{sample.id}": sample for sample in listed}

    def read(_: Path | None, sample: Sample) -> bytes:
        return readers[sides[sample.id]](origin[sample.id])

    both = DatasetSpec(name="both", summary="Two datasets as one.", load=lambda root: [], read_sample=read)
    union = [Sample(id=each, path=each, emotion=UNLABELED) for each in origin]
    found = examine(union, both, None, threads=threads, progress=progress)
    looked_at = {f"test:{sample.id}" for sample in samples} | {f"train:{each}" for each in itself}
    return Copies(
        ids=itself | {origin[each].id for each in copies_of_training(sides, found.clusters)},
        n_unreadable=sum(sides[each.path] == "train" for each in found.unreadable),
        clusters=tuple(tuple(origin[each].id for each in cluster if each in looked_at) for cluster in found.clusters),
    )


def copies_among(
    spec: DatasetSpec,
    root: Path | None,
    samples: Sequence[Sample],
    *,
    threads: int | None = None,
    hashes: Hashes | None = None,
    progress: Progress | None = None,
) -> Copies:
    """Find the images of a dataset that are copies of each other, and those that are copies of hashed ones.

    Args:
        spec: The dataset.
        root: Its folder.
        samples: Its images.
        threads: Processor threads; None takes those that this process may use.
        hashes: Of the images that a model has seen; None where they are not known.
        progress: Progress callback.
    """
    found, thumbs = examine_with_thumbnails(samples, spec, root, threads=threads, progress=progress)
    if hashes is None:
        return Copies(frozenset(), clusters=found.clusters)
    ids = find_hashed(thumbs, hashes, threads=threads, progress=progress)
    tied = (cluster for cluster in found.clusters if not ids.isdisjoint(cluster))
    return Copies(ids.union(*tied), clusters=found.clusters)
