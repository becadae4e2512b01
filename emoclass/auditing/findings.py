"""What an audit finds in a dataset: a value that prints, becomes JSON, and says what a clean copy leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from emoclass.values.base import FrozenModel
from emoclass.values.labels import canonical, folded
from emoclass.values.results import SkippedFile

__all__ = ["Audit", "Copy", "CopyPair", "Sizes", "Spread"]

Groups = tuple[tuple[str, ...], ...]

LISTED = 5
"""How many groups or files of a kind the summary names; the JSON document and the page have more."""


class Copy(FrozenModel):
    """An image of which the dataset holds another copy.

    Attributes:
        path: What the image is called.
        label: Its class word; None where there are no classes.
        split: Its official split.
        width: In pixels.
        height: In pixels.
    """

    path: str
    label: str | None = None
    split: str | None = None
    width: int
    height: int


class CopyPair(FrozenModel):
    """Two images that show one picture.

    Attributes:
        first: The id of a sample, a key of `Audit.copies`.
        second: That of the other.
        kind: `bytes` or `pixels` where they are the same, else `near`.
        similarity: Range: [0, 1].
        change: What was done to one of them, such as `mirrored`, where it is known.
    """

    first: str
    second: str
    kind: Literal["bytes", "pixels", "near"]
    similarity: float
    change: str | None = None


class Spread(FrozenModel):
    """The smallest, the middle and the largest of some numbers."""

    min: float
    median: float
    max: float


class Sizes(FrozenModel):
    """How large the images are.

    Attributes:
        width: In pixels.
        height: In pixels.
        different: How many sizes there are.
        commonest: Size, such as `48x48`, -> images: the most frequent ones first.
    """

    width: Spread
    height: Spread
    different: int
    commonest: Mapping[str, int]


class Audit(FrozenModel):
    """What stands in a dataset beside good images.

    An image is called by its path, relative to the root; by its id where several share a path, as in a table of pixels.

    Attributes:
        dataset: The dataset's name.
        root: The folder that was read; None for a dataset that takes none.
        n_images: Images that the dataset lists, readable or not.
        exact: Groups of images with the same bytes or the same pixels.
        near: Groups of copies that were scaled, compressed again, mirrored, cropped or recolored; their exact copies
            belong to them.
        label_conflicts: Groups of copies, exact or near, whose labels differ.
        crossing: Groups of copies, exact or near, that stand in two official splits.
        torn_groups: Declared group (person or source) that stands in two official splits -> these splits.
        unreadable: Files that cannot be decoded, and why.
        suspicious: Files that can, and look wrong.
        balance: Class word -> readable images; empty where there are no classes.
        splits: Official split -> class word -> readable images; empty where there are none.
        sizes: None where nothing can be read.
        modes: Pillow's color mode -> images.
        formats: File format -> images.
        clusters: Ids of samples that show one picture: what a split must not separate.
        copies: Id -> image, for each that has a copy.
        pairs: The comparisons behind the groups.
        unlisted: What else is in the folder, in a sentence: videos, files that are no images, linked folders, and
            images that the dataset does not list. None where there is nothing else.
        notes: What else to know of the dataset, such as how many images lie outside its folder.
    """

    dataset: str
    root: Path | None = None
    n_images: int
    exact: Groups = ()
    near: Groups = ()
    label_conflicts: Groups = ()
    crossing: Groups = ()
    torn_groups: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    unreadable: tuple[SkippedFile, ...] = ()
    suspicious: tuple[SkippedFile, ...] = ()
    balance: Mapping[str, int] = Field(default_factory=dict)
    splits: Mapping[str, Mapping[str, int]] = Field(default_factory=dict)
    sizes: Sizes | None = None
    modes: Mapping[str, int] = Field(default_factory=dict)
    formats: Mapping[str, int] = Field(default_factory=dict)
    clusters: Groups = ()
    copies: Mapping[str, Copy] = Field(default_factory=dict)
    pairs: tuple[CopyPair, ...] = ()
    unlisted: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def leaks(self) -> bool:
        """Whether copies or declared groups stand in two official splits: metrics on the test set would be biased."""
        return bool(self.crossing or self.torn_groups)

    @property
    def place(self) -> str:
        """What was audited, in words: the folder, or the dataset that takes none."""
        return f"dataset {self.dataset}" if self.root is None else str(self.root)

    @property
    def counts(self) -> dict[str, str]:
        """What is wrong -> how often, in words."""
        n_torn = len(self.torn_groups)
        torn = {"Groups across splits": f"{n_torn:,} group{'' if n_torn == 1 else 's'}"} if n_torn else {}
        return {
            "Label conflicts": _of(self.label_conflicts) if self.balance else "no labels",
            "Copies across splits": _of(self.crossing) if self.splits else "no official splits",
            **torn,
            "Exact duplicates": _of(self.exact),
            "Near-duplicates": _of(self.near),
            "Unreadable files": f"{len(self.unreadable):,}" if self.unreadable else "none",
            "Suspicious files": f"{len(self.suspicious):,}" if self.suspicious else "none",
        }

    def to_json(self) -> dict[str, Any]:
        """Return the document that `emoclass audit --json` prints."""
        document = self.model_dump(mode="json", exclude={"copies", "clusters", "pairs"})
        return {
            **document,
            "leaks": self.leaks,
            "pairs": [
                {
                    "paths": [first.path, second.path],
                    "labels": [first.label, second.label],
                    "splits": [first.split, second.split],
                    **pair.model_dump(include={"kind", "similarity", "change"}),
                }
                for pair in self.pairs
                for first, second in [(self.copies[pair.first], self.copies[pair.second])]
            ],
        }

    def summary(self) -> str:
        """Return the findings for a terminal: a line a kind, the first of each, and what the images are like."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        readable = self.n_images - len(self.unreadable)
        some = "all" if readable == self.n_images else f"{readable:,}"
        yield f"{_plain(self.place)}: {self.n_images:,} image{'' if self.n_images == 1 else 's'}, {some} readable"
        if self.unlisted:
            yield _plain(self.unlisted)
        yield from (f"Note: {_plain(note)}" for note in self.notes)
        yield ""
        width = max(map(len, self.counts)) + 2
        yield from (f"{name:{width}}{found}" for name, found in self.counts.items())
        labels = {copy.path: copy.label for copy in self.copies.values()}
        conflicts = [[f"{path} [{labels[path]}]" for path in group] for group in self.label_conflicts]
        torn_lines = [[name, *splits] for name, splits in self.torn_groups.items()]
        for title, groups in (
            ("Label conflicts: the same image with different labels", conflicts),
            ("Copies across splits", self.crossing),
            ("Groups across splits", torn_lines),
            ("Exact duplicates", self.exact),
            ("Near-duplicates", self.near),
            ("Unreadable files", [[f"{each.path}: {each.reason}"] for each in self.unreadable]),
            ("Suspicious files", [[f"{each.path}: {each.reason}"] for each in self.suspicious]),
        ):
            yield from _examples(title, groups)
        yield ""
        if self.balance:
            yield f"Classes: {_counts(self.balance)}"
        for split, counts in self.splits.items():
            yield f"Split {split}: {sum(counts.values()):,}" + (f" ({_counts(counts)})" if self.balance else "")
        if self.sizes is not None:
            width_spread, height_spread = self.sizes.width, self.sizes.height
            yield (
                f"Sizes: {width_spread.min:,g} to {width_spread.max:,g} wide, {height_spread.min:,g} to "
                f"{height_spread.max:,g} high, median {width_spread.median:,g}x{height_spread.median:,g}; "
                f"{self.sizes.different:,} different, most often {_counts(self.sizes.commonest)}"
            )
            yield f"Modes: {_counts(self.modes)}"
            yield f"Formats: {_counts(self.formats)}"


def meaning(word: str) -> str | None:
    """Return what a class word stands for: `joy` and `Happy` are one label. None for an image without a label."""
    return canonical(word) or folded(word) or None


def _plain(text: str) -> str:
    r"""Spell out what could command a terminal or begin a line of its own.

    Example:
        >>> _plain("happy/\x1b[31m.png")
        'happy/\\x1b[31m.png'
    """
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _of(groups: Groups) -> str:
    if not groups:
        return "none"
    return f"{len(groups):,} group{'' if len(groups) == 1 else 's'}, {sum(map(len, groups)):,} images"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{_plain(name)} {count:,}" for name, count in counts.items())


def _examples(title: str, groups: Sequence[Sequence[str]]) -> Iterator[str]:
    if not groups:
        return
    yield ""
    yield title
    for group in groups[:LISTED]:
        more = [f"... {len(group) - LISTED} more"] if len(group) > LISTED else []
        yield "  " + "  ".join([*map(_plain, group[:LISTED]), *more])
    if len(groups) > LISTED:
        yield f"  ... {len(groups) - LISTED:,} more"
