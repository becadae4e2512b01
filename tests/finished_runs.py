"""Folders as finished runs leave them, as far as a comparison reads them."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

EMOTIONS = {"h": "happy", "s": "sad", "a": "angry"}


def write_run(
    folder: Path,
    truth: str,
    predicted: str,
    *,
    labels: Sequence[str] = ("happy", "sad"),
    groups: Sequence[str] = (),
    ids: Sequence[str] = (),
    metrics: Mapping[str, Any] | None = None,
    data: str | None = "digest",
    leaked: str = "",
    clusters: Sequence[str] = (),
) -> Path:
    """Write the files of a run whose test images have a letter each in `truth` and `predicted`, a mark in `leaked`."""
    folder.mkdir(parents=True)
    n = len(truth)
    ids = ids or [f"{number}.png" for number in range(n)]
    right = sum(t == p for t, p in zip(truth, predicted, strict=True)) / n
    accuracy = {"value": right, "ci_low": max(0, right - 0.1), "ci_high": min(1, right + 0.1), "n_samples": n}
    document = {
        "labels": list(labels),
        "headline": ["precision", "accuracy"],
        "n_samples": {"train": 9, "validation": 1, "test": n},
        "metrics": {"accuracy": accuracy | {"split": "test"}, **(metrics or {})},
        "a_later_key": {"of": "a later version"},
    }
    (folder / "config.toml").write_text("")
    (folder / "metrics.json").write_text(json.dumps(document))
    (folder / "environment.json").write_text(json.dumps({"digests": {"data": data}}))
    marks = leaked or "0" * n
    rows = [
        (each, "test", EMOTIONS[t], EMOTIONS[p], mark.strip(), cluster)
        for each, t, p, mark, cluster in zip(ids, truth, predicted, marks, clusters or [""] * n, strict=True)
    ]
    _write(folder / "predictions.csv", [("id", "split", "y_true", "y_pred", "leaked", "cluster"), *rows])
    _write(folder / "split.csv", [("id", "group"), *zip(ids, groups or [""] * n, strict=True)])
    return folder


def _write(path: Path, rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
