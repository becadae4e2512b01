"""Write a run's files: what is decided before training, and what comes out in the end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from emoclass.auditing.findings import Audit
from emoclass.bundle.hashes import SeenBefore
from emoclass.bundle.manifest import KERAS
from emoclass.bundle.read import Bundle
from emoclass.data.index import Index
from emoclass.data.labeled import LabeledPixels
from emoclass.data.split import to_csv
from emoclass.errors import OutputError
from emoclass.evaluation.notes import note_of_leaks
from emoclass.evaluation.predictions import Predictions
from emoclass.plugin.registry import PluginInfo
from emoclass.randomness import generator
from emoclass.reporting.contents import Picture, ReportContents
from emoclass.reporting.folders.environment import describe_environment
from emoclass.reporting.folders.run import RunFolder
from emoclass.values.config import RunConfig, name_of_model
from emoclass.values.results import SkippedFile

N_EXAMPLES = 12
N_TEST_PICTURES = 32


def write_beginning(
    folder: RunFolder,
    config: RunConfig,
    plugin: PluginInfo,
    data_digest: str,
    skipped: Sequence[SkippedFile],
    images: LabeledPixels,
    *,
    teachers: Sequence[Bundle] = (),
    threads: int,
) -> dict[str, Any]:
    """Write the split, the skipped files and the environment; return the environment.

    Raises:
        OutputError: The run is being resumed, and its images, split or teachers are not those that it began with.
    """
    split_csv = to_csv(images.split, config.labels)
    digests: dict[str, Any] = {
        "config": config.digest(),
        "split": hashlib.sha256(split_csv.encode()).hexdigest(),
        "data": data_digest,
    }
    if teachers:
        digests["teacher"] = [bundle.manifest.files[KERAS].sha256 for bundle in teachers]
    first = _read_environment(folder)
    if first is not None and first["digests"] != digests:
        if first["digests"] == {**digests, "teacher": first["digests"].get("teacher")}:
            raise OutputError(
                f"run folder {folder.path}: training.teacher: the teacher is another model than when the run was "
                f"started.",
                hint="Start a new run, or restore the teacher.",
            )
        raise OutputError(
            f"run folder {folder.path}: the images, their split or the settings have changed since the run was "
            f"started.",
            hint="Start a new run, or restore them.",
        )
    environment = describe_environment(plugin, seed=config.seed, threads=threads)
    if first is None:
        environment["digests"] = digests
    else:  # what the run began with stays; where it went on is added
        went_on = {name: environment[name] for name in ("started", "versions", "threads")}
        environment = {**first, "resumed": [*first.get("resumed", []), went_on]}
    folder.write_json("environment.json", environment)
    folder.write_rows("skipped.csv", ("path", "reason"), [(each.path, each.reason) for each in skipped])
    folder.write_text("split.csv", split_csv)
    return environment


def _read_environment(folder: RunFolder) -> dict[str, Any] | None:
    text = folder.read_text("environment.json")
    if text is None:
        return None
    try:
        document: dict[str, Any] = json.loads(text)
        return document if document["digests"] else None
    except (ValueError, KeyError, TypeError) as error:
        raise OutputError(f"{folder.path / 'environment.json'}: is damaged.", hint="Start a new run.") from error


def write_predictions(folder: RunFolder, predictions: Predictions, images: LabeledPixels) -> None:
    """Write `predictions.csv`: a row a test image, with the probability of each emotion."""
    emotions = predictions.labels.emotions
    scores = [f"score_{emotion}" for emotion in emotions]
    header = ("id", "path", "split", "y_true", "y_pred", "correct", "leaked", "cluster", *scores)
    leaked = [None] * len(predictions) if predictions.leaked is None else predictions.leaked.astype(int).tolist()
    clusters = predictions.clusters or [None] * len(predictions)
    rows = [
        [
            *(sample.id, sample.path, predictions.split, emotions[y_true], emotions[y_pred], int(y_true == y_pred)),
            *(copied, cluster),
            *map(repr, y_score.tolist()),  # in full, so that what is pooled is what was predicted
        ]
        for sample, y_true, y_pred, copied, cluster, y_score in zip(
            images.samples("test"),
            predictions.y_true,
            predictions.y_pred,
            leaked,
            clusters,
            predictions.y_score,
            strict=True,
        )
    ]
    folder.write_rows("predictions.csv", header, rows)


def write_audit(folder: RunFolder, audited: Audit, read: Callable[[str], bytes]) -> None:
    """Write `audit.json`, and `audit.html` with the pictures.

    Args:
        folder: The run folder.
        audited: What was found.
        read: Returns an encoded image by what the audit calls it.
    """
    from emoclass.reporting.pages.audit import write_audit_page

    folder.write_json("audit.json", audited.to_json())
    with folder.writing("audit.html") as path:
        write_audit_page(audited, read, path)


def write_report_and_metrics(folder: RunFolder, contents: ReportContents) -> None:
    """Write the plots, the report page and, last, `metrics.json`."""
    from emoclass.reporting.pages.run import write_report
    from emoclass.reporting.plots.run import write_plots

    with folder.guard("plots"):
        plots = write_plots(contents, folder.path)
    with folder.writing("report.html") as path:
        write_report(contents, plots, path)
    folder.write_json("metrics.json", contents.result.to_json())


def choose_examples(images: LabeledPixels, *, seed: int) -> tuple[Picture, ...]:
    """Return training images, drawn at random, as the model sees them."""
    samples, rows = images.samples("train"), images.rows_of("train")
    chosen = generator(seed, "report: training images").permutation(len(rows))[:N_EXAMPLES]
    return tuple(Picture(samples[i].id, images.pixels.read(rows[[i]])[0], samples[i].emotion) for i in chosen)


def choose_test_pictures(images: LabeledPixels, predictions: Predictions, *, seed: int) -> tuple[Picture, ...]:
    """Return test images, drawn at random, with their predictions."""
    emotions = predictions.labels.emotions
    samples, rows = images.samples("test"), images.rows_of("test")
    chosen = generator(seed, "report: test images").permutation(len(rows))[:N_TEST_PICTURES]
    return tuple(
        Picture(
            id=samples[i].id,
            pixels=images.pixels.read(rows[[i]])[0],
            emotion=samples[i].emotion,
            scores=dict(zip(emotions, predictions.y_score[i].tolist(), strict=True)),
            predicted=emotions[predictions.y_pred[i]],
        )
        for i in chosen
    )


def note_of_start(start: str, trained_on: Sequence[str], seen: SeenBefore, n_test: int) -> str:
    """Say which model the training started from, and what that one had seen of the test images."""
    on = f", trained on {', '.join(trained_on)}" if trained_on else ""
    return f"The model was fine-tuned from a trained model ({name_of_model(start)}{on}). {_had_seen(seen, n_test, 1)}"


def note_of_teachers(sources: Sequence[str], teachers: Sequence[Bundle], seen: SeenBefore, n_test: int) -> str:
    """Say which models taught the network, by what the configuration calls them, and what they had seen of the test.

    Two teachers can have the same name in their manifests, such as the variants of a pretrained model.
    """
    trained_on = [", ".join(dict.fromkeys(bundle.manifest.trained_on)) for bundle in teachers]
    named = " and ".join(
        name_of_model(source) + (f" (trained on {datasets})" if datasets else "")
        for source, datasets in zip(sources, trained_on, strict=True)
    )
    whose = "another model, its teacher" if len(teachers) == 1 else "other models, its teachers"
    had_seen = _had_seen(seen, n_test, len(teachers))
    return f"The model learned from the predictions of {whose}: {named}. {had_seen}"


def _had_seen(seen: SeenBefore, n_test: int, n_models: int) -> str:
    who, that, its = ("It", "that one", "its") if n_models == 1 else ("They", "these", "their")
    if seen.is_complete or len(seen.ids) == n_test:  # where all were seen, there are no others
        n = f"{len(seen.ids):,}" if seen.ids else "none"
        return f"{who} had seen {n} of the {n_test:,} test images, by the hashes of {its} training images."
    some = f"{who} had seen at least {len(seen.ids):,} of the {n_test:,} test images. " if seen.ids else ""
    which = "others" if seen.ids else "some of these images"
    return f"{some}It is not known whether {that} had seen {which}; if so, the metrics are optimistically biased."


def notes_of(
    images: LabeledPixels,
    notices: Sequence[str | None],
    listed: Index,
    n_skipped: int,
    audited: Audit | None,
    leaked: frozenset[str] | None,
    config: RunConfig,
) -> tuple[str, ...]:
    """Return what a reader of the numbers must know, as sentences."""
    notes = [notice for notice in notices if notice]
    if config.training.targets != "label" and not any(sample.votes for sample in images.samples("train")):
        notes.append("No training image has votes: the model was trained on the labels alone.")
    if note := config.training.schedule_note(len(images.samples("train"))):
        notes.append(note)
    notes += images.split.notes
    if leaked:
        n_test = len(images.samples("test"))
        learned = config.model.start is not None or config.training.teacher is not None
        of = "training or validation images" + ", or of those of a model that this one learned from" * learned
        notes.append(note_of_leaks(len(leaked), n_test, images="test images", of=of))
    if audited is not None and audited.label_conflicts:
        notes.append(
            f"{sum(map(len, audited.label_conflicts))} images show {_pictures(len(audited.label_conflicts))} that "
            f"appear under different labels: see audit.html in the run folder."
        )
    if audited is None:
        notes.append("Duplicate images were not searched for: copies may be in both the training and the test set.")
    if listed.unlisted:
        notes.append(listed.unlisted)
    notes += _notes_of_classes(listed, config)
    if listed.merge_note:
        notes.append(listed.merge_note)
    if listed.n_excluded:
        notes.append(f"Excluded by the list of exclusions: {_images(listed.n_excluded)}.")
    if listed.not_excluded:
        named = "name" if len(listed.not_excluded) == 1 else "names"
        notes.append(
            f"The list of exclusions has {len(listed.not_excluded)} {named} not found in this dataset, for example "
            f"{listed.not_excluded[0]!r}."
        )
    if n_skipped:
        files = "1 file" if n_skipped == 1 else f"{n_skipped} files"
        notes.append(f"Skipped, since unreadable: {files}, listed in skipped.csv.")
    return tuple(notes)


def _notes_of_classes(listed: Index, config: RunConfig) -> Iterator[str]:
    """Yield what classes are left out: those of other emotions, and those that the map ignores."""
    others = {word: n for word, n in sorted(listed.left_out.items()) if word in listed.others}
    ignored = {word: n for word, n in sorted(listed.left_out.items()) if word not in listed.others}
    if others:
        total = len(listed.samples) + sum(listed.left_out.values())
        meant = sorted({listed.others[word] for word in others})
        yield (
            f"Excluded, since they are not among the emotions of this run: {_counted(others)}. These are "
            f"{sum(others.values()):,} of {total:,} images ({sum(others.values()) / total:.0%}). To include them: "
            f"--labels {','.join([*config.labels.emotions, *meant])}"
        )
    if ignored:
        yield f"Excluded, as mapped: {_counted(ignored)}."


def _counted(words: Mapping[str, int]) -> str:
    return ", ".join(f"{word} {count:,}" for word, count in words.items())


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"


def _pictures(count: int) -> str:
    return "one picture" if count == 1 else f"{count} pictures"
