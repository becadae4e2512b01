"""Draw the train, validation and test sets once: stratified, seeded, groups and copies kept whole, written to disk."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import get_args

import numpy as np

from emoclass.data.apportion import apportion
from emoclass.data.folds import LEAST, deal
from emoclass.data.place import place
from emoclass.data.units import few_units, numbers_of_units, units
from emoclass.errors import DataError, SplitLeakageError
from emoclass.values.cells import to_cells
from emoclass.values.config import DataConfig, Fold
from emoclass.values.labels import LabelScheme
from emoclass.values.specs import Sample, SplitName

SPLITS: tuple[SplitName, ...] = get_args(SplitName)
COLUMNS = ("id", "path", "emotion", "label", "split", "group")

ENOUGH_GROUPS = 10
"""Groups (persons or sources) that a test set should hold: with fewer, a figure says little of new persons."""

FEW_IMAGES = 30
"""With fewer test images, one image is more than three percentage points of accuracy."""

MOST_FOR_GROUPS = Fraction(1, 4)
"""The test set is given no larger share of the images than this for the sake of its number of groups."""


@dataclass(frozen=True)
class Split:
    """Which sample stands on which side.

    Attributes:
        samples: The usable samples, sorted by id.
        sides: The side of each sample.
        method: How it was drawn: sentences.
        notes: Those of them that a reader of the numbers must not miss.
    """

    samples: tuple[Sample, ...]
    sides: tuple[SplitName, ...]
    method: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def positions(self, side: SplitName) -> np.ndarray:
        """Return the positions of one side's samples, int `(n,)`, rising."""
        return np.flatnonzero(np.fromiter((each == side for each in self.sides), bool, len(self.sides)))

    def counts(self, labels: LabelScheme) -> dict[str, dict[str, int]]:
        """Return side -> emotion -> number of samples."""
        pairs = Counter(zip(self.sides, (sample.emotion for sample in self.samples), strict=True))
        return {side: {emotion: pairs[side, emotion] for emotion in labels.emotions} for side in SPLITS}


def split(
    samples: Sequence[Sample],
    labels: LabelScheme,
    config: DataConfig,
    *,
    seed: int,
    clusters: Sequence[Collection[str]] = (),
) -> Split:
    """Split samples into train, validation and test.

    The sizes of the sides are the configured shares of the whole, by largest remainder; each class is spread
    over them within one image of its share, where groups and clusters allow. Samples of one `group`, and copies of
    one picture, stay on one side. Where that leaves the test set with fewer than ten groups, it is given more
    images, but no more than a quarter. The order in which the samples come does not matter.

    Official splits are kept; a side that they lack is drawn from their training set, and its share is one of that
    set: the share of a side that is not drawn does not count.

    Where the configuration names a fold, the test set is that part of all samples and official splits are set aside.

    Args:
        samples: Usable samples, their emotions translated.
        labels: The scheme.
        config: The shares of validation and test, or the fold.
        seed: Decides who goes where.
        clusters: Ids of samples that show one picture, as `audit` finds them.

    Raises:
        DataError: A class is too small to stand on every side.
    """
    ordered = sorted(samples, key=lambda sample: sample.id)
    shares: dict[SplitName, Fraction] = {
        "train": 1 - Fraction(str(config.validation)) - Fraction(str(config.test)),
        "validation": Fraction(str(config.validation)),
        "test": Fraction(str(config.test)),
    }
    official = {sample.split for sample in ordered} - {None} if config.fold is None else set()
    if config.fold is not None:
        result = _fold(ordered, labels, shares["validation"], config.fold, seed, clusters)
    elif not official:
        sides, note = _draw_with_groups(ordered, labels, shares, seed, clusters)
        method = f"Split once at random from all {len(ordered)} images, stratified by emotion, with seed {seed}."
        notes = () if note is None else (note,)
        result = Split(tuple(ordered), tuple(sides), (method, *notes), notes)
    else:
        result = _complete(ordered, labels, shares, seed, clusters)
    if any(sample.group is not None for sample in ordered):
        result = _about_groups(result, bool(official))
        if config.fold is None:  # the folds together test every group
            result = _about_few_groups(result)
    elif config.fold is None and not official:
        result = _about_few_images(result, labels, clusters)
    _check(result, labels)
    return result


def _about_groups(result: Split, official: bool) -> Split:
    """Say whether groups stand on one side; only official splits may tear them."""
    torn = _torn_groups(result.samples, result.sides)
    if not torn:
        said = "No group (person or source) is in more than one split."
        if n_without := sum(sample.group is None for sample in result.samples):
            said += f" {n_without:,} of the {len(result.samples):,} images have no group."
        return replace(result, method=(*result.method, said))
    if not official:
        raise SplitLeakageError(f"group {torn[0]!r}: expected in one split, got in two.")
    note = (
        f"{len(torn)} groups (persons or sources) are in more than one of the dataset's official splits, for example "
        f"{torn[0]!r}: metrics on them are optimistically biased."
    )
    return replace(result, method=(*result.method, note), notes=(*result.notes, note))


def _about_few_groups(result: Split) -> Split:
    """Say where the test set holds few groups."""
    tested = _n_independent(result.samples, result.sides, ("test",))
    every = _n_independent(result.samples, result.sides, SPLITS)
    if tested >= ENOUGH_GROUPS:
        return result
    note = f"The test set holds only {tested} of the {every} groups (persons or sources); its metrics are about these."
    if every >= 2 * LEAST:
        note += f" With --folds {min(5, every // 2)}, every group is tested once."
    return replace(result, notes=(*result.notes, note))


def _about_few_images(result: Split, labels: LabelScheme, clusters: Sequence[Collection[str]]) -> Split:
    """Say where the test set holds few images."""
    tested, every = result.sides.count("test"), len(result.samples)
    if tested >= FEW_IMAGES or not tested:
        return result
    note = (
        f"The test set holds only {tested} of the {every} images: one image is {100 / tested:.0f} percentage points of "
        f"accuracy."
    )
    wholes = numbers_of_units(result.samples, units(result.samples, clusters))
    folds = min(5, *(wholes[emotion] for emotion in labels.emotions))
    if folds >= LEAST:
        note += f" With --folds {folds}, every image is tested once."
    return replace(result, notes=(*result.notes, note))


def _n_independent(samples: Sequence[Sample], sides: Sequence[SplitName], among: Collection[str]) -> int:
    """Count the groups on some sides; an image without a group is one of its own."""
    on_sides = [sample.group for sample, side in zip(samples, sides, strict=True) if side in among]
    return len(set(on_sides) - {None}) + on_sides.count(None)


def _draw_with_groups(
    ordered: Sequence[Sample],
    labels: LabelScheme,
    shares: Mapping[SplitName, Fraction],
    seed: int,
    clusters: Sequence[Collection[str]],
) -> tuple[list[SplitName], str | None]:
    """Draw all three sides, and return a note where the test set is given more images for the sake of its groups.

    Its share is raised step by step, up to a quarter, until it holds `ENOUGH_GROUPS`, or a quarter of the groups where
    that is fewer. Training gives what the test set takes.
    """

    def draw(test: Fraction) -> tuple[list[SplitName], int, bool]:
        wanted = {**shares, "train": shares["train"] + shares["test"] - test, "test": test}
        sides = _draw(ordered, labels, [(side, wanted[side]) for side in SPLITS], seed, clusters)
        pairs = {(side, sample.emotion) for sample, side in zip(ordered, sides, strict=True)}
        return sides, _n_independent(ordered, sides, ("test",)), len(pairs) == len(SPLITS) * len(labels)

    share = shares["test"]
    sides, found, _ = draw(share)
    if all(sample.group is None for sample in ordered):
        return sides, None
    every = _n_independent(ordered, sides, SPLITS)
    enough = min(ENOUGH_GROUPS, math.floor(every * MOST_FOR_GROUPS))
    most = min(MOST_FOR_GROUPS, (shares["train"] + shares["test"]) / 2)
    note = None
    while found < enough and share < most:
        share = min(most, share + Fraction(1, 64))
        drawn, now, complete = draw(share)
        if now > found and complete:
            sides, found = drawn, now
            note = (
                f"The test set was given {sides.count('test') / len(sides):.1%} of the images instead of "
                f"{float(shares['test']):.1%}, so that it holds {found} of the {every} groups (persons or sources)."
            )
    return sides, note


def _complete(
    ordered: Sequence[Sample],
    labels: LabelScheme,
    shares: Mapping[SplitName, Fraction],
    seed: int,
    clusters: Sequence[Collection[str]],
) -> Split:
    official = {sample.split for sample in ordered}
    if "train" not in official:
        raise DataError(
            f"official splits: expected a training set, got only {' and '.join(sorted(str(s) for s in official))}.",
            hint="Name the folder of training images train/.",
        )
    missing = [side for side in SPLITS if side not in official]
    train = [sample for sample in ordered if sample.split == "train"]
    sides = {sample.id: sample.split for sample in ordered}
    notes: list[str] = []
    if missing:
        held_back = [(side, shares[side]) for side in missing]
        rest: tuple[SplitName, Fraction] = ("train", 1 - sum((share for _, share in held_back), Fraction()))
        drawn = _draw(train, labels, [rest, *held_back], seed, clusters)
        sides.update(zip((sample.id for sample in train), drawn, strict=True))
        counts = Counter(drawn)
        notes = [
            f"The dataset has no {side} set: {counts[side]} images were sampled from its {len(train)} training "
            f"images, stratified by emotion, with seed {seed}."
            for side in missing
        ]
    all_sides = tuple(sides[sample.id] or "train" for sample in ordered)
    return Split(tuple(ordered), all_sides, ("The dataset's official splits are used.", *notes), tuple(notes))


def _fold(
    ordered: Sequence[Sample],
    labels: LabelScheme,
    validation: Fraction,
    fold: Fold,
    seed: int,
    clusters: Sequence[Collection[str]],
) -> Split:
    """Test on one part of all samples, and draw the validation set from the others."""
    parts = deal(ordered, labels, fold.of, seed=seed, clusters=clusters)
    rest = [sample for sample, part in zip(ordered, parts, strict=True) if part != fold.number]
    wanted: list[tuple[SplitName, Fraction]] = [
        ("train", 1 - validation - Fraction(1, fold.of)),
        ("validation", validation),
    ]
    drawn = iter(_draw(rest, labels, wanted, seed, clusters))
    sides: tuple[SplitName, ...] = tuple("test" if part == fold.number else next(drawn) for part in parts)
    method = (
        f"Fold {fold.number} of {fold.of}: all {len(ordered)} images were divided into {fold.of} folds, stratified by "
        f"emotion, with seed {seed}. Fold {fold.number} is the test set; the validation set is sampled from the others."
    )
    official = [side for side in SPLITS if any(sample.split == side for sample in ordered)]
    if not official:
        return Split(tuple(ordered), sides, (method,))
    note = f"The dataset's official splits ({', '.join(official)}) are not used: every image is tested in one fold."
    return Split(tuple(ordered), sides, (method, note), (note,))


def _draw(
    samples: Sequence[Sample],
    labels: LabelScheme,
    shares: Sequence[tuple[SplitName, Fraction]],
    seed: int,
    clusters: Sequence[Collection[str]],
) -> list[SplitName]:
    """Return a side for each sample."""
    found = Counter(sample.emotion for sample in samples)
    unit_of = units(samples, clusters)
    small = few_units(samples, labels, unit_of, len(shares))
    if small is not None:
        raise DataError(
            f"too few images to split: {small.listed}; expected at least {len(shares)} per class{small.apart} "
            f"({', '.join(side for side, _ in shares)}).",
            hint=f"{small.cure}, or leave the emotion out with --labels.",
        )
    table = apportion([found[emotion] for emotion in labels.emotions], [share for _, share in shares])
    quotas = dict(zip(labels.emotions, table, strict=True))
    rng = np.random.default_rng([seed, 0x5911])
    sides = place(samples, unit_of, quotas, len(shares), rng)
    return [shares[side][0] for side in sides]


def _torn_groups(samples: Sequence[Sample], sides: Sequence[SplitName]) -> list[str]:
    """Return the groups that stand on more than one side."""
    found: dict[str, set[SplitName]] = defaultdict(set)
    for sample, side in zip(samples, sides, strict=True):
        if sample.group is not None:
            found[sample.group].add(side)
    return sorted(group for group, where in found.items() if len(where) > 1)


def _check(result: Split, labels: LabelScheme) -> None:
    for side, counts in result.counts(labels).items():
        for emotion, count in counts.items():
            if count == 0:
                raise DataError(
                    f"{side} set: no images of {emotion}.",
                    hint="Add different images (or smaller groups), or leave the emotion out with --labels.",
                )


def to_csv(result: Split, labels: LabelScheme) -> str:
    """Return the split as CSV: `id,path,emotion,label,split,group`, a row a sample."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for sample, side in zip(result.samples, result.sides, strict=True):
        label = labels.index(sample.emotion)
        writer.writerow(to_cells([sample.id, sample.path, sample.emotion, label, side, sample.group or ""]))
    return text.getvalue()
