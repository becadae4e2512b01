"""Loaders for the public facial-expression datasets: one vocabulary, whatever each of them calls its classes.

`tables` describes the datasets whose images are rows of a table, `folders` those whose images are files. Nothing is
ever downloaded: an error says where the owner distributes the data.
"""

from __future__ import annotations

from collections.abc import Sequence

from emoclass import DatasetSpec, hookimpl
from emoclass_datasets.folders import FOLDERS
from emoclass_datasets.tables import TABLES


@hookimpl
def register_datasets() -> Sequence[DatasetSpec]:
    """Return the public datasets that can be read."""
    return [*TABLES, *FOLDERS]
