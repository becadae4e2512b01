"""What finished runs wrote of their test set, read back without changing or locking anything."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emoclass.errors import OutputError
from emoclass.reporting.folders.run import MARKER, RunFolder, resume_command
from emoclass.values.cells import from_cells
from emoclass.values.results import MetricValue

_FIGURE = ("value", "ci_low", "ci_high", "n_samples", "split", "interval", "reason")
_RUN_AGAIN = "Run it again, or leave it out."


@dataclass(frozen=True)
class Finished:
    """What a run folder says of its test set.

    Attributes:
        path: The folder, resolved.
        labels: Emotion ids in class order.
        headline: The metrics to look at first.
        metrics: Name -> the metric's own value; one that is only a mapping or a matrix has neither value nor reason.
        split: Which split the images are.
        truth: Image id -> true emotion.
        predicted: Image id -> predicted emotion.
        groups: Image id -> group, where it has one.
        clusters: Image id -> the picture of which it is a copy, where the test set has several copies of it.
        leaked: Ids of the test images that are copies of training or validation images; None where nobody looked.
        data: The digest of all images of the run; None where it is not known.
    """

    path: Path
    labels: tuple[str, ...]
    headline: tuple[str, ...]
    metrics: Mapping[str, MetricValue]
    split: str
    truth: Mapping[str, str]
    predicted: Mapping[str, str]
    groups: Mapping[str, str]
    clusters: Mapping[str, str]
    leaked: frozenset[str] | None
    data: str | None


def read_finished(path: Path) -> Finished:
    """Return what a finished run says of its test set.

    Raises:
        OutputError: It is no run folder, the run has not finished, or a file is missing or damaged.
    """
    try:
        folder = RunFolder(path.expanduser().resolve())
        if not (folder.path / "config.toml").is_file():
            raise OutputError(
                f"run folder {path}: expected a folder with a config.toml, found none.",
                hint="Give a folder that emoclass run has created.",
            )
        if (folder.path / MARKER).exists():
            raise OutputError(
                f"run folder {path}: expected a finished run, got one that has not finished.",
                hint=f"Continue it with: {resume_command(folder.path)}",
            )
        metrics, rows = _document(folder, "metrics.json"), _rows(folder, "predictions.csv", ("y_true", "y_pred"))
        environment = json.loads(folder.read_text("environment.json") or "{}")
        labels, n_test = tuple(metrics["labels"]), metrics["n_samples"]["test"]
        if not rows or len(rows) != n_test:
            raise ValueError(f"predictions.csv: expected {n_test} images, got {len(rows)}")
        strange = {row[column] for row in rows.values() for column in ("y_true", "y_pred")}.difference(labels)
        if strange:
            raise ValueError(f"predictions.csv: {min(strange)!r} is not one of the run's emotions")
        sides = _rows(folder, "split.csv", ("group",))
        return Finished(
            path=folder.path,
            labels=labels,
            headline=tuple(metrics["headline"]),
            metrics={name: _figure(value) for name, value in metrics["metrics"].items()},
            split=str(next(iter(rows.values())).get("split") or "test"),
            truth={each: row["y_true"] for each, row in rows.items()},
            leaked=_leaked(rows),
            predicted={each: row["y_pred"] for each, row in rows.items()},
            groups={each: sides[each]["group"] for each in rows if sides[each]["group"]},
            clusters={each: row["cluster"] for each, row in rows.items() if row.get("cluster")},
            data=environment.get("digests", {}).get("data"),
        )
    except KeyError as error:
        raise OutputError(f"run folder {path}: is damaged ({error} is missing).", hint=_RUN_AGAIN) from error
    except (OSError, ValueError, TypeError, AttributeError, RuntimeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error).partition("\n")[0]
        raise OutputError(f"run folder {path}: cannot be read ({reason}).", hint=_RUN_AGAIN) from error


def _leaked(rows: Mapping[str, Mapping[str, str]]) -> frozenset[str] | None:
    marks = {each: row.get("leaked") or "" for each, row in rows.items()}
    return None if "" in marks.values() else frozenset(each for each, mark in marks.items() if mark == "1")


def _document(folder: RunFolder, name: str) -> dict[str, Any]:
    text = folder.read_text(name)
    if text is None:
        raise ValueError(f"it has no {name}")
    document: dict[str, Any] = json.loads(text)
    return document


def _rows(folder: RunFolder, name: str, columns: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return a CSV file's rows by their id."""
    text = folder.read_text(name)
    if text is None:
        raise ValueError(f"it has no {name}")
    reader = csv.DictReader(io.StringIO(text))
    missing = [column for column in ("id", *columns) if column not in (reader.fieldnames or ())]
    if missing:
        raise ValueError(f"{name}: it has no column {missing[0]}")
    rows: dict[str, dict[str, str]] = {}
    for row in map(from_cells, reader):
        if row["id"] in rows or any(row[column] is None for column in columns):
            raise ValueError(f"{name}, line {reader.line_num}: a repeated image, or an incomplete line")
        rows[row["id"]] = row
    return rows


def _figure(document: Mapping[str, Any]) -> MetricValue:
    """Return a metric's own value, whatever else the document holds."""
    return MetricValue.model_validate({key: document[key] for key in _FIGURE if key in document})
