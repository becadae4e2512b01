"""Test images that a model has seen, as copies of what it was trained on or chosen by, and copies of each other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from emoclass.values.specs import SplitName


def copies_of_each_other(ids: Iterable[str], clusters: Iterable[Collection[str]]) -> dict[str, str]:
    """Return for each image of which there is another copy among these the name of the picture: the first one's id.

    Args:
        ids: The images.
        clusters: Ids of images that show one picture, as an audit finds them; other ids are passed over.

    Example:
        >>> copies_of_each_other(["b", "c", "d"], [("a", "b"), ("d", "c", "a")])
        {'c': 'c', 'd': 'c'}
    """
    known = frozenset(ids)
    found: dict[str, str] = {}
    for cluster in clusters:
        own = sorted(known.intersection(cluster))
        if len(own) > 1:
            found |= dict.fromkeys(own, own[0])
    return found


def copies_of_training(sides: Mapping[str, SplitName], clusters: Iterable[Collection[str]]) -> frozenset[str]:
    """Return the ids of the test images of which the training or the validation set holds a copy.

    The validation set counts: by it the epoch may have been chosen.

    Args:
        sides: Id -> the side on which the image stands.
        clusters: Ids of images that show one picture, as an audit finds them; ids without a side are passed over.

    Example:
        >>> sides = {"a": "train", "b": "test", "c": "test"}
        >>> sorted(copies_of_training(sides, [("a", "b")]))
        ['b']
    """
    found: set[str] = set()
    for cluster in clusters:
        on_test = {each for each in cluster if sides.get(each) == "test"}
        if any(sides.get(each, "test") != "test" for each in cluster):
            found |= on_test
    return frozenset(found)
