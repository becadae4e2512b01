"""The report: one page that holds everything a finished run has to tell, its pictures included."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from emoclass.reporting.contents import ReportContents
from emoclass.reporting.formatting import FILTERS, NAMES, images, number, single_figures, words
from emoclass.reporting.pages.templates import template
from emoclass.values.config import TrainingConfig
from emoclass.values.results import MetricValue, RunRecord

SHOWN_SKIPPED = 20
WIDE = 0.2


def write_report(contents: ReportContents, plots: Mapping[str, Path], path: Path) -> None:
    """Write the report page: one file without script and without any address outside itself.

    Args:
        contents: What the page shows.
        plots: Name -> PNG file, as `write_plots` returns them; a section whose picture is missing does without.
        path: The file to write.
    """
    result = contents.result
    text = template("run.html.jinja", filters=FILTERS, names=NAMES).render(
        contents=contents,
        result=result,
        config=contents.config,
        date=_date(contents.environment),
        headline={name: result.metrics[name] for name in contents.config.evaluation.headline if name in result.metrics},
        reading=read_intervals(contents),
        kept=describe_kept(contents),
        reading_curves=read_curves(contents.config.training),
        singles=single_figures(result.metrics),
        adjusted=single_figures(result.leak_adjusted),
        per_class={name: value.per_class for name, value in result.metrics.items() if value.per_class},
        matrix=_matrix(result),
        rerun_config=shlex.quote(str(result.folder / "config.toml")),
        plots={name: _embed(name, file, contents) for name, file in plots.items()},
        environment=list(_flat(contents.environment)),
        shown_skipped=SHOWN_SKIPPED,
    )
    # A file name may hold bytes that are no text in any encoding; they must not cost a run its report.
    path.write_bytes(text.encode("utf-8", "backslashreplace"))


def read_intervals(contents: ReportContents) -> list[str]:
    """Say in plain words what the numbers can and cannot show.

    Returns:
        Sentences: the interval of a headline metric, and what the most frequent class would score.
    """
    result, sentences = contents.result, []
    measured = [
        (name, result.metrics[name])
        for name in contents.config.evaluation.headline
        if name in result.metrics and result.metrics[name].ci_low is not None
    ]
    if measured:
        # The metric with the largest sample: "with 32 test images" must not mean the ten that were predicted sad.
        name, value = max(measured, key=lambda each: each[1].n_samples)
        low, high = value.ci_low or 0.0, value.ci_high or 0.0
        sentences.append(
            f"With {images(value.n_samples, value.split)}, the 95 % confidence interval of the {words(name)} is "
            f"{low:.2f} to {high:.2f}."
        )
        if high - low > WIDE:
            sentences.append("That is wide; only more test images make it narrower.")
    return sentences + _against_the_most_frequent(result)


def _against_the_most_frequent(result: RunRecord) -> list[str]:
    matrix = _matrix(result)
    if matrix is None or not any(map(sum, matrix.matrix or ())):
        return []
    rows = matrix.matrix or ()
    total, right = sum(map(sum, rows)), sum(row[i] for i, row in enumerate(rows))
    most, emotion = max(zip(map(sum, rows), result.labels, strict=True), key=lambda pair: pair[0])
    sentences = [
        f"The model classified {right:,g} of {total:,g} correctly; always predicting “{emotion}”, the most frequent "
        f"emotion among them, would classify {most:,g} correctly."
    ]
    # The share of right answers is known by what it is: plugins may call their metric as they like.
    shares = [
        (words(name), value.ci_low)
        for name, value in result.metrics.items()
        if value.ci_low is not None and value.n_samples == total and value.value == right / total
    ]
    if right <= most:
        sentences.append("The model is no better than that baseline.")
    elif shares:
        name, low = shares[0]
        sentences.append(
            f"The interval of the {name} includes that baseline ({most / total:.2f}): the difference may be chance."
            if low <= most / total
            else f"The whole interval of the {name} lies above that baseline ({most / total:.2f})."
        )
    return sentences


def describe_kept(contents: ReportContents) -> str:
    """Say which epoch's weights are kept, and how well it did on the validation set.

    Returns:
        Sentences; none where no epoch can be told from its validation loss.
    """
    history = contents.result.history
    losses, accuracies = history.get("val_loss", ()), history.get("val_accuracy", ())
    if contents.config.training.keep == "last":
        kept, sentence = -1, "The model has the weights of the last epoch."
    elif losses:
        kept = losses.index(min(losses))
        sentence = f"The model has the weights of epoch {kept + 1}, which has the lowest validation loss."
    else:
        return ""
    if not accuracies:
        return sentence
    shown = images(contents.result.n_samples.get("validation", 0), "validation")
    return f"{sentence} The validation accuracy of this epoch is {number(accuracies[kept])}, on {shown}."


def read_curves(training: TrainingConfig) -> list[str]:
    """Say in plain words how the numbers of the training set differ from those of the validation set.

    Returns:
        Sentences.
    """
    sentences = [
        "Training values are means over an epoch, while the network is trained, augmentation and dropout included; "
        "validation values are those at the end of the epoch, without."
    ]
    if training.teacher is not None:
        sentences.append(
            "The training loss includes the divergence from the teachers, so it is not comparable with a validation "
            "loss. Compare the loss on the labels alone with that of validation."
        )
    if training.mixup:
        sentences.append("Training loss and accuracy are those on mixed images (mixup), and worse than on single ones.")
    changes = [
        "smoothed labels" if training.label_smoothing else "",
        "annotators' votes" if training.targets != "label" else "",
    ]
    if any(changes):
        sentences.append(
            f"Training targets are {' and '.join(filter(None, changes))}, which changes the training loss."
        )
    if training.class_weights is not None:
        sentences.append("The training loss is weighted by class.")
    return sentences


def _matrix(result: RunRecord) -> MetricValue | None:
    return next((value for value in result.metrics.values() if value.matrix is not None), None)


def _date(environment: Mapping[str, Any]) -> str | None:
    try:
        started = datetime.fromisoformat(str(environment.get("started")))
    except ValueError:
        return None
    return f"{started:%B} {started.day}, {started:%Y, %H:%M}"


def _embed(name: str, file: Path, contents: ReportContents) -> dict[str, Any]:
    encoded = file.read_bytes()
    # A PNG begins with its size; telling it to the browser keeps the text from jumping.
    width, height = (int.from_bytes(encoded[start : start + 4], "big") for start in (16, 20))
    return {
        "source": "data:image/png;base64," + base64.b64encode(encoded).decode("ascii"),
        "width": width,
        "height": height,
        "alternative": _describe(name, contents),
    }


def _describe(name: str, contents: ReportContents) -> str:
    """Return what a reader who cannot see the picture should know of it."""
    result, batch = contents.result, contents.test_batch
    if name == "examples":
        shown = ", ".join(f"{result.labels.index(each.emotion)} = {each.emotion}" for each in contents.examples)
        return f"Training images, labeled {shown}."
    if name == "boxed":
        shown = ", ".join(f"{each.emotion} with {len(each.boxes)}" for each in contents.boxed)
        return f"Training photographs and how many faces were found in each: {shown}."
    if name == "curves":
        courses = [
            f"{words(column).replace('val ', 'validation ')} from {number(values[0])} to {number(values[-1])}"
            for column, values in result.history.items()
            if values and column.removeprefix("val_") in ("loss", "accuracy", "label_loss")
        ]
        return "Training curves from the first to the last epoch: " + "; ".join(courses) + "."
    if name == "confusion_matrix":
        return "Confusion matrix as colored cells; the table below has the numbers."
    if name == "metrics":
        return "Each metric as a dot on its 95 % interval; the table below has the numbers."
    if name == "single_predictions":
        return (
            "Individual test images, correct and incorrect, each with the predicted and the true emotion and the "
            "probabilities."
        )
    wrong = sum(each.predicted != each.emotion for each in batch)
    return f"{len(batch)} test images: {len(batch) - wrong} predicted correctly, {wrong} marked as errors."


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key} \N{MIDDLE DOT} ")
        elif value is not None:
            yield f"{prefix}{key}", ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
