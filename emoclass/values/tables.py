"""Which files are tables of labeled images, by their names."""

from __future__ import annotations

from pathlib import PurePath

TABLE_SUFFIXES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".parquet", ".pq")
"""What the names of tables end in, in lower case."""

TABLE_DATASET = "table"
"""The dataset that reads them."""


def names_table(path: str | PurePath | None) -> bool:
    """Tell whether a path is named as a table is.

    Example:
        >>> names_table("labels.CSV"), names_table("photos/"), names_table(None)
        (True, False, False)
    """
    return path is not None and str(path).lower().endswith(TABLE_SUFFIXES)
