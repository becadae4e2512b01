"""Whole photographs where a model expects face crops, and the other way round."""

from __future__ import annotations

import pytest
from PIL import Image

from emoclass.data.crops import note_of_mismatch
from emoclass.values.specs import DatasetSpec, Sample

CROP = (48, 48, 1)


def spec(**more):
    return DatasetSpec(name="mine", summary="A test's own.", load=lambda root: [], **more)


def drawn(root, *sizes):
    for number, size in enumerate(sizes):
        Image.new("L", size).save(root / f"{number}.png")
    return [Sample(id=f"{n}", path=f"{n}.png", emotion="sad") for n in range(len(sizes))]


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ([(48, 48), (200, 220)], False),
        ([(640, 480), (640, 480), (100, 100)], True),
        ([(640, 480), (100, 100), (100, 100)], False),
        ([(3000, 3000)], True),
    ],
)
def test_files_are_told_by_their_sizes_where_nothing_is_said(tmp_path, sizes, told):
    samples = drawn(tmp_path, *sizes)
    note = note_of_mismatch("face_crop", CROP, spec(), tmp_path, samples)
    assert (note is not None) == told
    assert not told or "the pictures of mine look like whole photographs. No face is searched for" in note
    assert note_of_mismatch("photograph", CROP, spec(), tmp_path, samples) is None
    assert note_of_mismatch("face_crop", CROP, spec(read_sample=lambda root, sample: b""), tmp_path, samples) is None


def test_a_published_dataset_says_what_it_holds(tmp_path):
    photographs = spec(url="https://x.example")
    crops = spec(url="https://x.example", expects="face_crop")
    assert "whole photographs" in note_of_mismatch("face_crop", CROP, photographs, tmp_path, [])
    assert note_of_mismatch("face_crop", CROP, crops, tmp_path, []) is None
    assert note_of_mismatch("photograph", CROP, photographs, tmp_path, []) is None
    assert note_of_mismatch("photograph", CROP, crops, tmp_path, []) == (
        "The model was trained on whole photographs, and mine contains face crops."
    )
