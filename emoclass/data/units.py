"""What must stay together: images of one group, and copies of one picture."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from emoclass.values.specs import Sample


def units(samples: Sequence[Sample], clusters: Iterable[Collection[str]] = ()) -> list[int]:
    """Return the number of each sample's unit: samples that a group or a cluster ties together share one.

    A cluster may tie groups to one another: two people of whom a copied picture was taken are one unit.

    Args:
        samples: Each with its `group`, or None.
        clusters: Ids of samples that show one picture; ids that no sample has are passed over.
    """
    positions = {sample.id: position for position, sample in enumerate(samples)}
    parent = list(range(len(samples)))

    def root(position: int) -> int:
        while parent[position] != position:
            parent[position] = parent[parent[position]]
            position = parent[position]
        return position

    def tie(one: int, other: int) -> None:
        low, high = sorted((root(one), root(other)))
        parent[high] = low

    first_of: dict[str, int] = {}
    for position, sample in enumerate(samples):
        if sample.group is not None:
            tie(first_of.setdefault(sample.group, position), position)
    for cluster in clusters:
        known = [positions[each] for each in cluster if each in positions]
        for position in known[1:]:
            tie(known[0], position)
    return [root(position) for position in range(len(samples))]
