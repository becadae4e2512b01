"""Draw the train, validation and test sets once: stratified, seeded, groups kept whole, written to disk."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import get_args

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from emoclass.config import DataConfig
from emoclass.errors import DataError, OutputError, SplitLeakageError
from emoclass.labels import LabelScheme
from emoclass.specs import Sample, SplitName

SPLITS: tuple[SplitName, ...] = get_args(SplitName)
COLUMNS = ("id", "path", "emotion", "label", "split", "group")


@dataclass(frozen=True)
class Split:
    """Which sample stands on which side.

    Attributes:
        samples: The usable samples, sorted by id.
        sides: The side of each sample.
        method: How it was drawn: sentences.
        drawn: The sides that were drawn where the dataset has others of its own.
    """

    samples: tuple[Sample, ...]
    sides: tuple[SplitName, ...]
    method: tuple[str, ...] = ()
    drawn: tuple[SplitName, ...] = ()

    def positions(self, side: SplitName) -> np.ndarray:
        """Return the positions of one side's samples, int `(n,)`, rising."""
        return np.flatnonzero(np.array(self.sides) == side)

    def counts(self, labels: LabelScheme) -> dict[str, dict[str, int]]:
        """Return side -> emotion -> number of samples."""
        pairs = Counter(zip(self.sides, (sample.emotion for sample in self.samples), strict=True))
        return {side: {emotion: pairs[side, emotion] for emotion in labels.emotions} for side in SPLITS}


def split(samples: Sequence[Sample], labels: LabelScheme, config: DataConfig, *, seed: int) -> Split:
    """Split samples into train, validation and test.

    The sizes of the sides are the configured shares of the whole, by largest remainder; each class is spread
    over them within one image of its share. Samples of one `group` stay on one side. Official splits are kept; a side
    that they lack is drawn from their training set. The order in which the samples come does not matter.

    Args:
        samples: Usable samples, their emotions translated.
        labels: The scheme.
        config: The shares of validation and test.
        seed: Decides who goes where.

    Raises:
        DataError: A class is too small to stand on every side.
    """
    ordered = sorted(samples, key=lambda sample: sample.id)
    shares = {
        "train": 1 - Fraction(str(config.validation)) - Fraction(str(config.test)),
        "validation": Fraction(str(config.validation)),
        "test": Fraction(str(config.test)),
    }
    official = {sample.split for sample in ordered} - {None}
    if not official:
        sides = _draw(ordered, labels, [(side, shares[side]) for side in SPLITS], seed)
        method = [f"Drawn once from all {len(ordered)} images, stratified by emotion, with seed {seed}."]
        result = Split(tuple(ordered), tuple(sides), tuple(method))
    else:
        result = _complete(ordered, labels, shares, seed)
    if any(sample.group is not None for sample in ordered):
        result = replace(result, method=(*result.method, _groups_sentence(result, bool(official))))
    _check(result, labels)
    return result


def _groups_sentence(result: Split, official: bool) -> str:
    torn = _torn_groups(result.samples, result.sides)
    if not torn:
        return "No group (person or source) stands on two sides."
    if not official:
        raise SplitLeakageError(f"group {torn[0]!r}: expected on one side of the split, got on two.")
    return (
        f"The dataset's own splits tear {len(torn)} groups (persons or sources) apart, {torn[0]!r} for one: "
        f"figures on them flatter the model."
    )


def _complete(ordered: Sequence[Sample], labels: LabelScheme, shares: Mapping[str, Fraction], seed: int) -> Split:
    official = {sample.split for sample in ordered}
    if "train" not in official:
        raise DataError(
            f"official splits: expected a training set, got only {' and '.join(sorted(str(s) for s in official))}.",
            hint="Name the folder of training images train/.",
        )
    missing = [side for side in SPLITS if side not in official]
    train = [sample for sample in ordered if sample.split == "train"]
    sides = {sample.id: sample.split for sample in ordered}
    method = ["The dataset's own splits are kept."]
    if missing:
        wanted: list[SplitName] = ["train", *missing]
        drawn = _draw(train, labels, [(side, shares[side]) for side in wanted], seed)
        sides.update(zip((sample.id for sample in train), drawn, strict=True))
        counts = Counter(drawn)
        method += [
            f"The dataset has no {side} set: {counts[side]} images were drawn from its {len(train)} training images, "
            f"stratified by emotion, with seed {seed}."
            for side in missing
        ]
    return Split(
        tuple(ordered), tuple(sides[sample.id] or "train" for sample in ordered), tuple(method), tuple(missing)
    )


def _draw(
    samples: Sequence[Sample], labels: LabelScheme, shares: Sequence[tuple[SplitName, Fraction]], seed: int
) -> list[SplitName]:
    """Return a side for each sample."""
    by_class: dict[str, list[int]] = {emotion: [] for emotion in labels.emotions}
    for position, sample in enumerate(samples):
        by_class[sample.emotion].append(position)
    small = {emotion: len(members) for emotion, members in by_class.items() if len(members) < len(shares)}
    if small:
        listed = ", ".join(f"{emotion} has {count}" for emotion, count in small.items())
        raise DataError(
            f"too few images to split: {listed}; expected at least {len(shares)} a class "
            f"({', '.join(side for side, _ in shares)}).",
            hint="Add images, or leave the emotion out with --labels.",
        )
    quotas = apportion([len(members) for members in by_class.values()], [share for _, share in shares])
    rng = np.random.default_rng([seed, 0x5911])
    sides = [-1] * len(samples)
    room = dict(zip(by_class, quotas, strict=True))
    _place_groups(samples, sides, room, rng)
    _place_singles(by_class, sides, room, rng)
    return [shares[side][0] for side in sides]


def apportion(class_sizes: Sequence[int], shares: Sequence[Fraction]) -> np.ndarray:
    """Share classes out over sides: every side its size by largest remainder, every class as near its share as can be.

    Args:
        class_sizes: Images a class, each at least the number of sides.
        shares: Relative sizes of the sides.

    Returns:
        Images for each class (rows) on each side (columns), int, at least one.

    Example:
        >>> from fractions import Fraction
        >>> apportion([128, 128], [Fraction(3, 4), Fraction(1, 8), Fraction(1, 8)]).tolist()
        [[96, 16, 16], [96, 16, 16]]
    """
    classes, sides = len(class_sizes), len(shares)
    cells = classes * sides
    exact = np.array([[float(size * share / sum(shares)) for share in shares] for size in class_sizes])
    sizes = _side_sizes(sum(class_sizes), shares, at_least=classes)
    # Rounding a table so that its rows and columns keep their sums is an integer program: the unknowns are the
    # counts, their deviations from the exact shares, and the largest deviation, which weighs most.
    cost = np.concatenate([np.zeros(cells), np.ones(cells), [10.0 * cells]])
    each, none, worst = np.eye(cells), np.zeros((cells, cells)), np.ones((cells, 1))
    rows = np.kron(np.eye(classes), np.ones(sides))
    columns = np.kron(np.ones(classes), np.eye(sides))
    sums = np.hstack([np.vstack([rows, columns]), np.zeros((classes + sides, cells + 1))])
    constraints = [
        LinearConstraint(sums, [*class_sizes, *sizes], [*class_sizes, *sizes]),
        LinearConstraint(np.hstack([each, -each, 0 * worst]), ub=exact.ravel()),
        LinearConstraint(np.hstack([each, each, 0 * worst]), lb=exact.ravel()),
        LinearConstraint(np.hstack([none, each, -worst]), ub=0),
    ]
    integral = np.concatenate([np.ones(cells), np.zeros(cells + 1)])
    lowest = np.concatenate([np.ones(cells), np.zeros(cells + 1)])
    solution = milp(cost, integrality=integral, bounds=Bounds(lowest, np.inf), constraints=constraints)
    return np.rint(solution.x[:cells]).astype(int).reshape(classes, sides)


def _side_sizes(total: int, shares: Sequence[Fraction], *, at_least: int) -> list[int]:
    """Return the sides' sizes by largest remainder, none smaller than `at_least`: the first side gives."""
    exact = [total * share / sum(shares) for share in shares]
    sizes = [math.floor(size) for size in exact]
    by_remainder = sorted(range(len(shares)), key=lambda side: (sizes[side] - exact[side], side))
    for side in by_remainder[: total - sum(sizes)]:
        sizes[side] += 1
    for side in range(1, len(sizes)):
        given = max(0, at_least - sizes[side])
        sizes[side] += given
        sizes[0] -= given
    return sizes


def _place_groups(
    samples: Sequence[Sample], sides: list[int], room: dict[str, np.ndarray], rng: np.random.Generator
) -> None:
    """Put each group, the largest first, where it overflows its classes' room the least."""
    groups: dict[str, list[int]] = defaultdict(list)
    for position, sample in enumerate(samples):
        if sample.group is not None:
            groups[sample.group].append(position)
    shuffled = rng.permutation(list(groups)).tolist()
    for name in sorted(shuffled, key=lambda group: -len(groups[group])):
        needs = Counter(samples[position].emotion for position in groups[name])
        cost = sum(np.square(room[emotion] - need) - np.square(room[emotion]) for emotion, need in needs.items())
        side = int(np.argmin(cost))
        for emotion, need in needs.items():
            room[emotion][side] -= need
        for position in groups[name]:
            sides[position] = side


def _place_singles(
    by_class: Mapping[str, list[int]], sides: list[int], room: dict[str, np.ndarray], rng: np.random.Generator
) -> None:
    """Deal each class's other samples out at random until the room on each side is used up."""
    for emotion, members in by_class.items():
        singles = [position for position in members if sides[position] < 0]
        for position in rng.permutation(singles).tolist():
            side = int(np.argmax(room[emotion]))
            room[emotion][side] -= 1
            sides[position] = side


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
                    hint="Add images (or smaller groups), or leave the emotion out with --labels.",
                )


def to_csv(result: Split, labels: LabelScheme) -> str:
    """Return the split as CSV: `id,path,emotion,label,split,group`, a row a sample."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for sample, side in zip(result.samples, result.sides, strict=True):
        label = labels.index(sample.emotion)
        writer.writerow([sample.id, sample.path, sample.emotion, label, side, sample.group or ""])
    return text.getvalue()


def check_unchanged(written: str, result: Split, labels: LabelScheme) -> None:
    """Check that a split drawn again is the one that was written.

    Raises:
        OutputError: It is not: the data or the program changed in between.
    """
    if written != to_csv(result, labels):
        raise OutputError(
            "split.csv: the images are no longer those that the run began with.",
            hint="Start a new run, or bring the data back as it was.",
        )
