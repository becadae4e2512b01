"""The report of a study: one page, looking like that of a run, and `study.json`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emoclass.reporting.folders.study import EXPERIMENT, RESULT, StudyFolder, StudyPlan
from emoclass.reporting.formatting import FILTERS, NAMES
from emoclass.reporting.pages.templates import embedded, template
from emoclass.values.config import RunConfig
from emoclass.values.results import MetricValue
from emoclass.values.study import StudyRecord


@dataclass(frozen=True)
class StudyContents:
    """What the report of a study is written from.

    Attributes:
        result: The numbers.
        plan: Which runs it holds.
        config: The experiment that they share.
        dataset_summary: One sentence about the dataset.
        model_summary: One sentence about the model.
        metric_summaries: Metric name -> one sentence saying what it is.
        environment: What the first run's `environment.json` holds.
    """

    result: StudyRecord
    plan: StudyPlan
    config: RunConfig
    dataset_summary: str
    model_summary: str
    metric_summaries: Mapping[str, str]
    environment: Mapping[str, Any]


def write_study(folder: StudyFolder, contents: StudyContents) -> None:
    """Write the plot, the report page and, last, `study.json`."""
    result = contents.result
    matrix = pooled_matrix(result)
    plot = None
    if matrix is not None:
        from emoclass.reporting.plots.run import draw_confusion

        with folder.guard("plots"):
            (folder.path / "plots").mkdir(exist_ok=True)
            plot = folder.path / "plots" / "confusion_matrix.png"
            draw_confusion(matrix, result.labels).savefig(plot, format="png", metadata={"Software": None})
    with folder.writing("report.html") as path:
        path.write_bytes(_page(contents, matrix, plot).encode("utf-8", "backslashreplace"))
    folder.write_json(RESULT, result.to_json())


def pooled_matrix(result: StudyRecord) -> MetricValue | None:
    """Return the confusion matrix over all folds; None where none was measured."""
    return next((value for value in result.pooled.values() if value.matrix is not None), None)


def _page(contents: StudyContents, matrix: MetricValue | None, plot: Path | None) -> str:
    result = contents.result
    return template("study.html.jinja", filters=FILTERS, names=NAMES).render(
        contents=contents,
        result=result,
        plan=contents.plan,
        config=contents.config,
        headline=[name for name in result.headline if name in result.spread],
        per_class={name: value.per_class for name, value in result.pooled.items() if value.per_class},
        matrix=matrix,
        plot=None if plot is None else embedded(plot.read_bytes()),
        tested=sum(run.n_samples.get("test", 0) for run in result.parts.values()),
        rerun=f"emoclass run --config {shlex.quote(str(result.folder / EXPERIMENT))} {contents.plan.option}",
        versions={"started": contents.environment.get("started", ""), **contents.environment.get("versions", {})},
    )
