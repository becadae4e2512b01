"""List a dataset and translate its class words into the run's emotions."""

from __future__ import annotations

import math
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

import pydantic

from emoclass.data.folder import CROPS_TABLE
from emoclass.data.images import image_file
from emoclass.data.meanings import meanings
from emoclass.data.unlisted import note_of_unlisted
from emoclass.errors import ConfigError, ContractError, DataError
from emoclass.plugin.diagnosis import explain
from emoclass.values.config import DataConfig
from emoclass.values.labels import LabelScheme, canonical, folded
from emoclass.values.references import call_with_options
from emoclass.values.specs import DatasetSpec, Sample, SplitName
from emoclass.values.tables import names_table

_PLAIN_PATH = re.compile(r"(?!.*\.\.)[^/.:\\][^:\\]*\Z")
"""Paths that stay below their root on every system: no leading slash or dot, no drive, no '..' anywhere."""


@dataclass(frozen=True)
class Index:
    """The images of a run.

    Attributes:
        samples: Sorted by id, their `emotion` one of the scheme's; their `votes` too, or None where no vote is.
        left_out: Class word -> how many images belong to no emotion of the run.
        others: Those of these words that stand for an emotion -> the emotion; the map ignores the rest.
        merged: Emotion -> class word -> how many images of another class the map counts as this emotion. Where a word
            that is no emotion is an emotion's only class, the map translates it and merges nothing.
        n_excluded: How many were left out because a list names them.
        not_excluded: Names in that list that no image has, sorted.
        unlisted: What is in the dataset's folder and not listed, in a sentence; None where there is nothing else.
    """

    samples: tuple[Sample, ...]
    left_out: Mapping[str, int]
    merged: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    n_excluded: int = 0
    not_excluded: tuple[str, ...] = ()
    unlisted: str | None = None
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def merge_note(self) -> str | None:
        """A note on the merged classes for readers of the metrics; None without merged classes."""
        if not self.merged:
            return None
        counted = [
            f"{word} {n} counted as {emotion}" for emotion, words in self.merged.items() for word, n in words.items()
        ]
        return (
            f"Merged, as mapped: {', '.join(counted)}. A merged class is a different class: its metrics are not "
            f"comparable with those of the emotion alone."
        )


def index(
    spec: DatasetSpec, config: DataConfig, labels: LabelScheme, *, excluded: frozenset[str] = frozenset()
) -> Index:
    """List a dataset's images for a label scheme; nothing is decoded.

    Args:
        spec: The dataset.
        config: Its root, options, and how class words are mapped.
        labels: The run's emotions.
        excluded: Paths, or ids, of images to leave out.

    Raises:
        ConfigError: A root is missing or not taken; an option that `load` does not know.
        DataError: No images; a class word that is no known emotion; an emotion without images; nothing of what is to
            be left out is there.
        ContractError: Ids that repeat, paths that leave the root, or votes that are no counts.
    """
    samples = list_samples(spec, config, labels)
    listed = _translate(spec, config, labels, samples, samples)
    if excluded:
        listed = _without(listed, samples, excluded, _place(spec, config))
    found = {sample.emotion for sample in listed.samples}
    missing = [emotion for emotion in labels.emotions if emotion not in found]
    if missing:
        there = {known for word in listed.left_out if (known := canonical(word, labels.extra))}
        raise DataError(
            f"{_place(spec, config)}: no images of {', '.join(missing)}.",
            hint=f"Found: {_emotions_of(listed)}. "
            + (
                "Choose at least two emotions with --labels." if len(found | there) > 1 else "A run needs two emotions."
            ),
        )
    return replace(listed, unlisted=note_of_unlisted(spec, config.root, samples))


def index_shared(
    spec: DatasetSpec, config: DataConfig, labels: LabelScheme, *, split: SplitName | None = None
) -> Index:
    """List a dataset's images of those emotions that it shares with a label scheme: one is enough.

    Args:
        spec: The dataset.
        config: As for `index`.
        labels: The emotions of a trained model.
        split: Only this one of the dataset's official splits; None lists all images.

    Raises:
        ConfigError: As `index` does.
        DataError: No images, or none of that split; a class word that is no known emotion; no shared emotion.
        ContractError: As `index` does.
    """
    every = list_samples(spec, config, labels)
    samples = every
    if split is not None:
        there = sorted({sample.split for sample in every if sample.split})
        samples = [sample for sample in every if sample.split == split]
        if not samples:
            found = f"only {', '.join(there)}" if there else "no official splits"
            raise DataError(
                f"{_place(spec, config)}: expected images of the split {split!r}, got {found}.",
                hint="Without a split, all images are used.",
            )
    listed = _translate(spec, config, labels, samples, every)
    if not listed.samples:
        raise DataError(
            f"{_place(spec, config)}: no images of {', '.join(labels.emotions)}.",
            hint=f"Found: {_emotions_of(listed)}.",
        )
    return replace(listed, unlisted=note_of_unlisted(spec, config.root, every))


def list_samples(spec: DatasetSpec, config: DataConfig, labels: LabelScheme) -> list[Sample]:
    """List a dataset's images as the dataset itself labels them.

    Raises:
        ConfigError: As `index` does.
        DataError: No images.
        ContractError: As `index` does.
    """
    samples = _load(spec, config, labels)
    _check_contract(spec, samples)
    if not samples:
        left_out = note_of_unlisted(spec, config.root, samples)
        raise DataError(f"{_place(spec, config)}: no images found." + (f" {left_out}" if left_out else ""))
    return samples


def _without(listed: Index, samples: Sequence[Sample], excluded: frozenset[str], place: str) -> Index:
    """Leave out the images that a list names; the classes were looked at before, as those of the whole dataset."""
    gone = [sample for sample in samples if not excluded.isdisjoint((sample.id, sample.path))]
    if not gone:
        raise DataError(
            f"{place}: contains none of the images to exclude, for example {min(excluded)!r}.",
            hint="The list names paths relative to the data folder.",
        )
    ids, words = {sample.id for sample in gone}, Counter(sample.emotion for sample in gone)
    merged = {emotion: _less(counts, words) for emotion, counts in listed.merged.items()}
    return Index(
        samples=tuple(sample for sample in listed.samples if sample.id not in ids),
        left_out=_less(listed.left_out, words),
        others=listed.others,
        merged={emotion: counts for emotion, counts in merged.items() if counts},
        n_excluded=len(gone),
        not_excluded=tuple(sorted(excluded - ids - {sample.path for sample in gone})),
    )


def _less(counts: Mapping[str, int], gone: Mapping[str, int]) -> dict[str, int]:
    return {word: n - gone.get(word, 0) for word, n in counts.items() if n > gone.get(word, 0)}


def _emotions_of(listed: Index) -> str:
    found = {sample.emotion for sample in listed.samples}
    return ", ".join(sorted({canonical(word) or word for word in listed.left_out} | found))


def table_beside(spec: DatasetSpec, root: Path | None) -> Path | None:
    """Return the only table in a folder whose dataset does not read it: it may say the labels."""
    if root is None or spec.url is not None or spec.read_sample is not None:
        return None
    try:
        tables = [each for each in root.iterdir() if names_table(each) and each.is_file() and each.name != CROPS_TABLE]
    except OSError:
        return None
    return tables[0] if len(tables) == 1 else None


def _place(spec: DatasetSpec, config: DataConfig) -> str:
    return f"dataset {spec.name!r}" + (f" in {config.root}" if config.root else "")


def _load(spec: DatasetSpec, config: DataConfig, labels: LabelScheme) -> list[Sample]:
    if spec.needs_root and config.root is None:
        raise ConfigError(f"dataset {spec.name!r}: expected a folder, got none.", hint="Name it with --data DIR.")
    if not spec.needs_root and config.root is not None:
        raise ConfigError(
            f"dataset {spec.name!r}: needs no folder, got {config.root}.",
            hint="Leave --data out, or choose another --dataset ('folder' reads one subfolder per class).",
        )
    fixed = {"labels": labels} if spec.takes_labels else {}
    subject = f"dataset {spec.name!r}: [data]"
    try:
        return list(call_with_options(spec.load, config.options, config.root, subject=subject, **fixed))
    except pydantic.ValidationError as error:  # of a Sample, most likely
        raise ContractError(f"dataset {spec.name!r}: load: {explain(error)}") from error


def is_inside(path: str) -> bool:
    """Tell whether a path stays below its root, by its words alone."""
    if _PLAIN_PATH.match(path):  # nearly all: a PurePath takes many times as long
        return True
    pure = PurePath(path)
    return bool(pure.parts) and ".." not in pure.parts and not pure.is_absolute()


def note_of_outside(spec: DatasetSpec, root: Path | None, samples: Sequence[Sample]) -> str | None:
    """Return what to say where images lie outside the root; None where all are inside.

    A table names files anywhere, and need not be the user's own.
    """
    if not spec.reads_outside_root or root is None:
        return None
    folder = os.path.abspath(image_file(root, Sample(id=".", path=".", emotion="")))  # noqa: PTH100 (no links followed)
    inside = os.path.join(folder, "")  # noqa: PTH118
    outside = [
        sample.path
        for sample in samples
        if not is_inside(sample.path) and not os.path.abspath(os.path.join(folder, sample.path)).startswith(inside)  # noqa: PTH100, PTH118
    ]
    if not outside:
        return None
    return (
        f"{len(outside):,} of the {len(samples):,} images lie outside the folder of the {spec.name}, for example "
        f"{outside[0]}."
    )


def note_of_boxes(samples: Sequence[Sample]) -> str | None:
    """Return what to say where faces are cut out as a dataset's boxes have them; None where there are no boxes."""
    n_boxed = sum(sample.box is not None for sample in samples)
    if not n_boxed:
        return None
    return (
        f"The faces of {n_boxed:,} images are cut out by the dataset's boxes, as high as these are. --crop frames them "
        f"as the model expects faces."
    )


def _check_contract(spec: DatasetSpec, samples: list[Sample]) -> None:
    for sample in samples:
        if not isinstance(sample, Sample):
            raise ContractError(f"dataset {spec.name!r}: load: expected Samples, got {type(sample).__name__}.")
    if len({sample.id for sample in samples}) < len(samples):
        repeated, times = Counter(sample.id for sample in samples).most_common(1)[0]
        raise ContractError(f"dataset {spec.name!r}: expected unique ids, got {repeated!r} {times} times.")
    for sample in samples:
        if not spec.reads_outside_root and not is_inside(sample.path):
            raise ContractError(
                f"dataset {spec.name!r}: expected paths inside the root, got {sample.path!r}.",
                hint="A dataset whose images lie elsewhere declares reads_outside_root.",
            )
        if "group" in sample.attributes:  # metrics by group are those of persons
            raise ContractError(
                f"dataset {spec.name!r}: expected attributes under other names than 'group', "
                f"got {sample.attributes['group']!r} (sample {sample.id!r}).",
                hint="A person or source is Sample.group.",
            )
        for word, count in sample.votes.items() if sample.votes else ():
            if not (math.isfinite(count) and count >= 0):
                raise ContractError(
                    f"dataset {spec.name!r}: expected votes from 0 on, "
                    f"got {count:g} for {word!r} (sample {sample.id!r})."
                )
    with_split = sum(sample.split is not None for sample in samples)
    if 0 < with_split < len(samples):
        raise ContractError(
            f"dataset {spec.name!r}: expected an official split for all images or none, "
            f"got one for {with_split} of {len(samples)}."
        )


def _translate(
    spec: DatasetSpec, config: DataConfig, labels: LabelScheme, samples: Sequence[Sample], every: Sequence[Sample]
) -> Index:
    """List some of a dataset's samples in the words of a run; the map may name a class of any of its samples."""
    classes = {sample.emotion for sample in every}
    votes = {word for sample in every for word in sample.votes or ()}
    # A vote may be for no emotion at all, as FER+'s for "unknown" are: it is left out.
    meaning = meanings(
        sorted(classes | votes), config.map, labels, place=_place(spec, config),
        may_be_none=(votes - classes) | set(spec.not_emotions), table=table_beside(spec, config.root),
    )  # fmt: skip
    kept: list[Sample] = []
    counted: dict[str, Counter[str]] = {emotion: Counter() for emotion in labels.emotions}
    left_out: Counter[str] = Counter()
    for sample in samples:
        emotion = meaning[sample.emotion]
        if emotion is not None and emotion in counted:
            counted[emotion][sample.emotion] += 1
            if emotion != sample.emotion or sample.votes is not None:
                sample = replace(sample, emotion=emotion, votes=_votes(sample, labels, meaning))
            kept.append(sample)
        else:
            left_out[sample.emotion] += 1
    merged = {emotion: _of_other_classes(emotion, words, labels) for emotion, words in counted.items()}
    return Index(
        tuple(sorted(kept, key=lambda sample: sample.id)),
        left_out=dict(left_out),
        others={word: meant for word in left_out if (meant := meaning[word]) is not None},
        merged={emotion: words for emotion, words in merged.items() if words},
    )


def _of_other_classes(emotion: str, counts: Mapping[str, int], labels: LabelScheme) -> dict[str, int]:
    """Return the class words, with their images, that stand for something else than the emotion they count as."""
    known = {word: canonical(word, labels.extra) for word in sorted(counts)}
    classes = {own or folded(word) for word, own in known.items()}
    return {
        word: counts[word] for word, own in known.items() if own != emotion and (own is not None or len(classes) > 1)
    }


def _votes(sample: Sample, labels: LabelScheme, meaning: Mapping[str, str | None]) -> dict[str, float] | None:
    """Return a sample's votes for the run's emotions, added up by emotion, or None where there are none."""
    votes: dict[str, float] = {}
    for word, count in (sample.votes or {}).items():
        emotion = meaning[word]
        if emotion in labels.emotions and count:
            votes[emotion] = votes.get(emotion, 0.0) + count
    return votes or None
