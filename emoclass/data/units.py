"""What must stay together: images of one group, and copies of one picture."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

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


def photograph_id(sample_id: str) -> str:
    """Return the id of the photograph that a face was found in.

    Example:
        >>> photograph_id("happy/party.jpg#xywh=10,20,30,40"), photograph_id("happy/anna.jpg")
        ('happy/party.jpg', 'happy/anna.jpg')
    """
    return sample_id.partition(FACE_FRAGMENT)[0]
