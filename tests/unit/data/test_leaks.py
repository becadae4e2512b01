"""Which test images a model has seen."""

from __future__ import annotations

import pytest

from emoclass.data.leaks import copies_of_training

SIDES = {"a": "train", "b": "validation", "c": "test", "d": "test", "e": "test"}


@pytest.mark.parametrize(
    "clusters, leaked",
    [
        ([], set()),
        ([("a", "c")], {"c"}),
        ([("b", "d")], {"d"}),
        ([("c", "d")], set()),
        ([("a", "c", "d"), ("b", "e")], {"c", "d", "e"}),
        ([("unreadable", "c")], set()),
        ([("a", "b")], set()),
    ],
)
def test_a_copy_in_training_or_validation_leaks(clusters, leaked):
    assert copies_of_training(SIDES, clusters) == leaked
