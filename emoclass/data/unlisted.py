"""Say what in a dataset's folder the dataset does not list, so that no image is left out without a word."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from emoclass.data.folder import is_passed_over
from emoclass.data.listing import Kind, LeftOut
from emoclass.data.outputs import is_output
from emoclass.data.search import Search
from emoclass.values.specs import DatasetSpec, Sample


def note_of_unlisted(spec: DatasetSpec, root: Path | None, samples: Sequence[Sample]) -> str | None:
    """Return what is in a dataset's folder beside its samples, in a sentence; None where there is nothing else.

    Published datasets are left alone: they list what they consist of. So are those that read containers.

    Args:
        spec: The dataset.
        root: Its folder.
        samples: All that it lists.
    """
    if root is None or spec.url is not None or spec.read_sample is not None:
        return None
    left_out = _Unlisted(root, samples)

    def is_left_out(folder: str) -> bool:
        if folder == left_out.base or not is_passed_over(folder.rstrip(os.sep)):
            return False
        if is_output(folder):
            left_out.add("run", folder.rstrip(os.sep))
        return True

    for path in Search.in_folder(str(root)).run(is_left_out, lambda folder, error: None, left_out):
        left_out.add("unlisted", path)
    return left_out.sentence()


class _Unlisted(LeftOut):
    """Counts what a dataset does not list; its files are called by their paths below the root."""

    def __init__(self, root: Path, samples: Sequence[Sample]) -> None:
        super().__init__()
        self.base = os.path.join(root, "")  # noqa: PTH118 (with a separator at its end)
        self._listed = {sample.path for sample in samples}

    def add(self, kind: Kind, path: str) -> None:
        """Count a file or folder, unless the dataset lists it, or files in it."""
        path = path.removeprefix(self.base).replace(os.sep, "/")
        if path in self._listed:
            return
        if kind == "link" and any(each.startswith(f"{path}/") for each in self._listed):
            return
        super().add(kind, path)
