"""What must stay together."""

from __future__ import annotations

from emoclass.data.units import units
from emoclass.values.specs import Sample


def samples(*groups: str | None) -> list[Sample]:
    return [Sample(id=f"{n}", path=f"{n}", emotion="happy", group=group) for n, group in enumerate(groups)]


def test_a_group_is_one_unit_and_a_sample_without_one_its_own():
    assert units(samples("anna", None, "anna", None)) == [0, 1, 0, 3]


def test_copies_are_one_unit():
    assert units(samples(None, None, None), [("0", "2")]) == [0, 1, 0]


def test_a_copy_ties_groups_to_one_another():
    assert units(samples("anna", "ben", "ben", "cleo"), [("0", "1")]) == [0, 0, 0, 3]


def test_clusters_that_share_a_sample_are_one_unit():
    assert units(samples(None, None, None), [("2", "1"), ("1", "0")]) == [0, 0, 0]


def test_ids_of_images_that_cannot_be_used_are_passed_over():
    assert units(samples(None, None), [("gone", "1"), ("gone", "too")]) == [0, 1]
