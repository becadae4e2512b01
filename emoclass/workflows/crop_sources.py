"""What `emoclass crop` crops: the images of a folder, or those that a table names, with their labels."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emoclass.data.images import image_file
from emoclass.data.index import list_samples, note_of_outside
from emoclass.data.listing import LeftOut
from emoclass.data.outputs import is_output
from emoclass.data.search import Search
from emoclass.data.table import find_table
from emoclass.errors import ConfigError, DataError
from emoclass.plugin.configure import is_table
from emoclass.plugin.registry import Registry
from emoclass.reporting.folders.crops import Row
from emoclass.values.cells import to_cells
from emoclass.values.config import DataConfig
from emoclass.values.faces import Face
from emoclass.values.labels import EMOTIONS, LabelScheme
from emoclass.values.specs import Sample
from emoclass.values.tables import TABLE_DATASET

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Sources:
    """Photographs.

    Attributes:
        home: The folder that their paths are relative to.
        paths: Theirs, each once.
        samples: Path -> the rows of the table that name the photograph; empty for a folder.
        notes: What to know of the table.
        passed_over: What in the folder was not read, in a sentence.
    """

    home: Path
    paths: tuple[str, ...]
    samples: Mapping[str, Sequence[Sample]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    passed_over: str | None = None

    @property
    def boxes(self) -> dict[str, tuple[Face, ...]]:
        """Path -> the faces that the table states the boxes of; others are searched for."""
        found = {}
        for path, samples in self.samples.items():
            faces = tuple(Face(box=sample.box, score=1.0) for sample in samples if sample.box is not None)
            if faces:
                found[path] = faces
        return found

    def labels_of(self, rows: Sequence[Row]) -> str | None:
        """Return a table with the label of each crop, as CSV; None for the photographs of a folder.

        Its columns are `path`, `label`, and where the table has them `split`, `group` and the votes. The crops of one
        photograph are a group, unless the table says whose they are.

        Args:
            rows: The rows of the table of crops.
        """
        if not self.samples:
            return None
        labeled = [(row, sample) for row in rows if row["crop"] and (sample := self._sample(row)) is not None]
        words = list(dict.fromkeys(word for _, sample in labeled for word in sample.votes or ()))
        has_split = any(sample.split is not None for _, sample in labeled)
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(to_cells(["path", "label", *(["split"] if has_split else []), "group", *words]))
        for row, sample in labeled:
            group = sample.group if sample.group is not None else row["source"] if str(row["faces"]) != "1" else ""
            votes = [(sample.votes or {}).get(word, "") for word in words]
            split = [sample.split] if has_split else []
            writer.writerow(to_cells([row["crop"], sample.emotion, *split, group, *votes]))
        return text.getvalue()

    def _sample(self, row: Row) -> Sample | None:
        samples = self.samples.get(row["source"], ())
        boxed = [sample for sample in samples if sample.box is not None]
        if not boxed:
            return samples[0] if samples else None
        place = tuple(row[side] for side in ("left", "top", "width", "height"))
        return next((sample for sample in boxed if sample.box and written(sample.box) == place), None)


def written(box: Box) -> tuple[str, ...]:
    """Return a box as the table of crops has it."""
    return tuple(f"{value:.1f}" for value in box)


def find_sources(
    photos: Path, out: Path, *, registry: Registry, data_options: Mapping[str, Any] | None = None
) -> Sources:
    """List photographs: of a folder, a single file, or a table.

    Args:
        photos: The folder, file or table.
        out: The folder of the crops, which is left out.
        registry: The plugins.
        data_options: Options of the dataset `table`.

    Raises:
        DataError: There are none, or the table is malformed.
        ConfigError: Options, and no table.
    """
    if is_table(photos):
        return _of_table(photos, registry, data_options or {})
    if data_options:
        raise ConfigError(
            f"data_options: expected a table of photographs, got {photos}.",
            hint="Without a table there are no options.",
        )
    left_out = LeftOut()
    paths = tuple(_photographs(photos, out, left_out))
    return Sources(photos if photos.is_dir() else photos.parent, paths, passed_over=left_out.sentence())


def _of_table(table: Path, registry: Registry, options: Mapping[str, Any]) -> Sources:
    spec = registry.datasets.get(TABLE_DATASET)
    config = DataConfig(dataset=spec.name, root=table, options=options)
    samples = list_samples(spec, config, LabelScheme(emotions=EMOTIONS))
    folder = os.path.abspath(find_table(table).parent)  # noqa: PTH100 (links stay as the user names them)
    places = [os.path.abspath(image_file(table, sample)) for sample in samples]  # noqa: PTH100
    inside = all(place.startswith(folder.rstrip(os.sep) + os.sep) for place in places)
    try:
        home = folder if inside else os.path.commonpath([os.path.dirname(place) for place in places])  # noqa: PTH120
    except ValueError as error:  # several drives
        raise DataError(f"table {table}: expected images on one drive ({error}).") from error
    found: dict[str, list[Sample]] = {}
    for place, sample in zip(places, samples, strict=True):
        found.setdefault(Path(place).relative_to(home).as_posix(), []).append(sample)
    notes = tuple(note for note in [note_of_outside(spec, table, samples)] if note)
    return Sources(Path(home), tuple(found), found, notes)


def _photographs(root: Path, out: Path, left_out: LeftOut) -> Iterator[str]:
    """Yield the paths of a folder's images, relative to it; hidden ones and the crops are left out."""

    def refuse(folder: str, error: OSError) -> None:
        raise DataError(f"photographs {folder}: cannot be listed ({error.strerror}).") from error

    def is_left_out(folder: str) -> bool:
        if Path(folder) == root:
            return False
        if _is_same(Path(folder), out):
            return True
        if not is_output(folder):
            return False
        left_out.add("run", folder.rstrip(os.sep))
        return True

    if root.is_file():
        yield root.name
        return
    if not root.exists():
        raise DataError(f"photographs {root}: no such folder or file.", hint="Check the path.")
    for path in Search.in_folder(str(root)).run(is_left_out, refuse, left_out):
        yield Path(path).relative_to(root).as_posix()


def _is_same(one: Path, other: Path) -> bool:
    return other.exists() and one.exists() and one.samefile(other)
