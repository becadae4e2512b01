"""What must stay together: images of one group, and copies of one picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from emoclass.values.labels import LabelScheme
from emoclass.values.specs import Sample

FACE_FRAGMENT = "#xywh="
"""What follows in an id of a face, after the photograph's own id: its box."""


def units(samples: Sequence[Sample], clusters: Iterable[Collection[str]] = ()) -> list[int]:
    """Return the number of each sample's unit: samples that a group or a cluster ties together share one.

    A cluster may tie groups to one another: two people of whom a copied picture was taken are one unit.

    Args:
        samples: Each with its `group`, or None.
        clusters: Ids of samples that show one picture; ids that no sample has are passed over.
    """
    first_of: dict[str, int] = {}
    unit = [
        position if sample.group is None else first_of.setdefault(sample.group, position)
        for position, sample in enumerate(samples)
    ]
    clusters = [tuple(cluster) for cluster in clusters]
    copied = {each for cluster in clusters for each in cluster}
    positions = {sample.id: position for position, sample in enumerate(samples) if sample.id in copied}
    tied_to: dict[int, int] = {}  # a unit that is part of another one -> that one, always a lower number

    def root(number: int) -> int:
        while number in tied_to:
            number = tied_to[number]
        return number

    for cluster in clusters:
        known = [unit[positions[each]] for each in cluster if each in positions]
        for number in known[1:]:
            low, high = sorted((root(known[0]), root(number)))
            if low < high:
                tied_to[high] = low
    whole = {number: root(number) for number in tied_to}
    return [whole.get(number, number) for number in unit]


@dataclass(frozen=True)
class FewUnits:
    """Classes that have too few units, in words for an error.

    Attributes:
        listed: The classes, and how many images each has.
        apart: What is expected of the images beside their number, if anything.
        cure: What to do, as the beginning of a sentence.
    """

    listed: str
    apart: str = ""
    cure: str = "Add images"


def numbers_of_units(samples: Sequence[Sample], unit_of: Sequence[int]) -> Counter[str]:
    """Return emotion -> how many units its images are of."""
    return Counter(emotion for emotion, _ in {(s.emotion, unit) for s, unit in zip(samples, unit_of, strict=True)})


def few_units(samples: Sequence[Sample], labels: LabelScheme, unit_of: Sequence[int], least: int) -> FewUnits | None:
    """Return what to say of classes with fewer units than `least`; None where there are none.

    Args:
        samples: The images.
        labels: The scheme.
        unit_of: The number of each sample's unit, as `units` returns it.
        least: How many units each class needs.
    """
    images = Counter(sample.emotion for sample in samples)
    wholes = numbers_of_units(samples, unit_of)
    small = [emotion for emotion in labels.emotions if wholes[emotion] < least]
    if not small:
        return None
    tied = {emotion for emotion in small if wholes[emotion] < images[emotion]}
    grouped = any(sample.group is not None for sample in samples if sample.emotion in tied)
    listed = ", ".join(
        f"{emotion} has {images[emotion]}" + (_tied(wholes[emotion], grouped=grouped) if emotion in tied else "")
        for emotion in small
    )
    if not tied:
        return FewUnits(listed)
    if grouped:
        return FewUnits(listed, ", none of one group,", "Add images of other groups (a group stays in one part)")
    return FewUnits(listed, ", none a copy of another,", "Add other pictures (copies of one picture stay in one part)")


def _tied(count: int, *, grouped: bool) -> str:
    if grouped:
        return f" in {count} group{'' if count == 1 else 's'} or set{'' if count == 1 else 's'} of copies"
    return f" copies of {count} picture{'' if count == 1 else 's'}"


def photograph_id(sample_id: str) -> str:
    """Return the id of the photograph that a face was found in.

    Example:
        >>> photograph_id("happy/party.jpg#xywh=10,20,30,40"), photograph_id("happy/anna.jpg")
        ('happy/party.jpg', 'happy/anna.jpg')
    """
    return sample_id.partition(FACE_FRAGMENT)[0]
