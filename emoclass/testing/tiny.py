"""A dataset's tiny edition: what its `make_tiny` writes, or what a dataset without a folder lists anyway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emoclass.testing.case import Case
from emoclass.values.labels import LabelScheme, canonical
from emoclass.values.references import resolve
from emoclass.values.specs import DatasetSpec, Sample


@dataclass(frozen=True)
class Tiny:
    """A dataset's tiny edition.

    Attributes:
        root: The folder; None for a dataset that takes none.
        samples: What `load` lists there.
    """

    root: Path | None
    samples: list[Sample]


def make_tiny(case: Case[DatasetSpec]) -> Tiny:
    """Write the tiny edition into a new folder, and list it.

    Raises:
        CheckSkipped: It cannot be written or listed: one fault needs no more than one check to tell of it.
    """
    root, _ = write_tiny(case)
    try:
        return Tiny(root, list_samples(case.spec, root))
    except Exception:
        case.skip("the dataset cannot be listed: check_tiny_round_trips says why")


def write_tiny(case: Case[DatasetSpec]) -> tuple[Path | None, Mapping[str, str] | None]:
    """Write the tiny edition into a new folder; a dataset that takes none has None.

    Raises:
        CheckSkipped: It cannot be written.
    """
    spec = case.spec
    if not spec.needs_root:
        return None, None
    if spec.make_tiny is None:
        case.skip("the dataset has no make_tiny")
    root = case.folder("tiny")
    try:
        return root, resolve(spec.make_tiny)(root)
    except Exception:
        case.skip("make_tiny fails: check_tiny_can_be_made says why")


def list_samples(spec: DatasetSpec, root: Path | None) -> list[Sample]:
    """Call a dataset's `load` without options and take all that it yields."""
    extra = {emotion: "declared by the dataset" for emotion in spec.emotions if canonical(emotion) is None}
    labels = {"labels": LabelScheme(emotions=spec.emotions, extra=extra)} if spec.takes_labels else {}
    return list(resolve(spec.load)(root, **labels))
