"""Audit a dataset before anything is trained on it. Nothing is written, and nothing here needs TensorFlow."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emoclass.auditing.examine import examine
from emoclass.auditing.findings import Audit
from emoclass.auditing.flat import FLAT_FOLDER, is_flat
from emoclass.data.index import list_samples, table_beside
from emoclass.data.unlisted import note_of_unlisted
from emoclass.errors import ConfigError
from emoclass.plugin.configure import is_table
from emoclass.plugin.registry import Registry
from emoclass.progress import Progress
from emoclass.values.config import DataConfig
from emoclass.values.labels import EMOTIONS, LabelScheme
from emoclass.values.specs import DatasetSpec, Sample
from emoclass.values.tables import TABLE_DATASET

__all__ = ["audit"]


@dataclass(frozen=True)
class Listing:
    """A dataset's images, as the dataset itself lists and labels them.

    Attributes:
        samples: Their `emotion` is the dataset's own word.
        spec: The dataset.
        root: Its folder; None for one that takes none.
        unlisted: What else is in the folder, in a sentence; None where there is nothing else.
    """

    samples: tuple[Sample, ...]
    spec: DatasetSpec
    root: Path | None
    unlisted: str | None = None

    def examine(self, *, threads: int | None = None, progress: Progress | None = None) -> Audit:
        """Audit the images."""
        return examine(self.samples, self.spec, self.root, threads=threads, progress=progress, unlisted=self.unlisted)


def audit(
    root: str | Path | None = None,
    *,
    dataset: str = "folder",
    options: Mapping[str, Any] | None = None,
    registry: Registry | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Find what is wrong with a dataset's images before they are trained on.

    Found are exact copies and near-duplicates, one picture under different labels, copies and groups that cross the
    official splits, and files that cannot be read or look wrong. Each image is decoded once; what stays in memory is a
    fingerprint an image. Nothing is written or changed.

    Args:
        root: The images: a folder per class, of any names, or one folder without classes; a table such as
            `labels.csv`; whatever else the dataset reads. None for a dataset that takes no folder.
        dataset: The dataset's name.
        options: Passed to the dataset's `load`.
        registry: The plugins; None discovers the installed ones.
        threads: Processor threads; None takes those that this process may use.
        progress: Progress callback.

    Raises:
        ConfigError: A folder is missing or not taken, or an option that the dataset does not know.
        PluginError: A plugin, or a dataset that nobody offers.
        DataError: The folder cannot be listed, or there are no images in it.

    Example:
        >>> found = audit("photos/")  # doctest: +SKIP
        >>> found.leaks, found.label_conflicts  # doctest: +SKIP
        (False, (('happy/beach.jpg', 'sad/beach-small.jpg'),))
    """
    listing = list_images(root, dataset=dataset, options=options, registry=registry)
    return listing.examine(threads=threads, progress=progress)


def list_images(
    root: str | Path | None = None,
    *,
    dataset: str = "folder",
    options: Mapping[str, Any] | None = None,
    registry: Registry | None = None,
) -> Listing:
    """List what `audit` looks at; arguments and errors are its own."""
    registry = Registry.discover() if registry is None else registry
    if dataset == "folder" and is_table(root):
        dataset = TABLE_DATASET
    spec = registry.datasets.get(dataset)
    folder = None if root in (None, "") else Path(str(root))
    try:
        folder = folder and folder.expanduser()
        # A folder without classes is no dataset, as nothing can be trained on it: only here it stands for one.
        if dataset == "folder" and folder is not None and not options and is_flat(folder):
            spec = FLAT_FOLDER
    except RuntimeError as error:
        raise ConfigError(f"data folder {root}: cannot be used ({error}).") from error
    config = DataConfig(dataset=spec.name, root=folder, options=options or {})
    extra = {emotion: f"declared by dataset {spec.name}" for emotion in spec.emotions if emotion not in EMOTIONS}
    samples = list_samples(spec, config, LabelScheme(emotions=spec.emotions, extra=extra))
    unlisted = note_of_unlisted(spec, folder, samples)
    table = table_beside(spec, folder)
    if table is not None:
        hint = (
            f"{table.name} may have labels: emoclass audit {shlex.quote(str(table))} audits the images that it names."
        )
        unlisted = f"{unlisted} {hint}" if unlisted else hint
    return Listing(tuple(sorted(samples, key=lambda sample: sample.id)), spec, folder, unlisted)
