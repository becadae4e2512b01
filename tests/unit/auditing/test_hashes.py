"""Hashes by which copies of images are recognized without the images."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_pictures import altered, cropped, encoded, photograph
from PIL import Image, ImageOps

from emoclass.auditing.fingerprint import fingerprint
from emoclass.auditing.hashes import N_BYTES, find_hashed, from_file, hash_images, hash_thumbnails, to_file
from emoclass.values.specs import DatasetSpec, Sample

N = 40


def thumb(data: bytes | Image.Image) -> np.ndarray:
    return fingerprint(data if isinstance(data, bytes) else encoded(data), path="x").thumb


@pytest.fixture(scope="module")
def hashes():
    """Return the hashes of forty pictures."""
    return from_file(to_file(hash_thumbnails({str(seed): thumb(photograph(seed)) for seed in range(N)}).values()))


@pytest.mark.parametrize(
    "change",
    [
        "JPEG", "poor JPEG", "half as large", "twice as large", "squashed", "mirrored", "gray", "brighter", "darker",
        "less contrast", "gamma",
    ],
)  # fmt: skip
def test_altered_copies_match_the_hash_of_the_original(hashes, change: str) -> None:
    copies = {str(seed): thumb(altered(photograph(seed))[change][0]) for seed in range(N)}
    assert len(find_hashed(copies, hashes, threads=2)) >= 0.85 * N


def test_lightly_cropped_and_shifted_copies_match(hashes) -> None:
    for crop in ((2, 2, 94, 94), (0, 0, 94, 94), (3, 0, 96, 93)):
        copies = {str(seed): thumb(photograph(seed).crop(crop)) for seed in range(N)}
        assert len(find_hashed(copies, hashes)) >= 0.85 * N


def test_the_same_picture_in_other_formats_always_matches(hashes) -> None:
    for kind, options in (("PNG", {}), ("WEBP", {"quality": 70}), ("JPEG", {"quality": 80}), ("BMP", {})):
        copies = {str(seed): thumb(encoded(photograph(seed), kind, **options)) for seed in range(N)}
        assert find_hashed(copies, hashes) == set(copies)


def test_other_pictures_and_larger_crops_do_not_match(hashes) -> None:
    others = {str(seed): thumb(photograph(seed)) for seed in range(N, 5 * N)}
    assert not find_hashed(others, hashes)
    parts = {str(seed): thumb(cropped(photograph(seed), 0.25)) for seed in range(N)}
    assert not find_hashed(parts, hashes)


@pytest.mark.parametrize(
    "plain",
    [
        Image.new("L", (48, 48), 90),
        Image.linear_gradient("L"),
        Image.radial_gradient("L").resize((48, 48)),
        ImageOps.mirror(Image.linear_gradient("L").rotate(90)),
    ],
)
def test_a_picture_that_shows_too_little_has_no_hash_and_matches_none(hashes, plain: Image.Image) -> None:
    assert hash_thumbnails({"plain": thumb(plain)}) == {}
    assert not find_hashed({"plain": thumb(plain)}, hashes)


def test_hashing_and_searching_nothing_finds_nothing(hashes) -> None:
    assert hash_thumbnails({}) == {}
    assert find_hashed({}, hashes) == frozenset()
    assert find_hashed({"a": thumb(photograph(0))}, from_file(b"")) == frozenset()


def test_a_file_has_each_hash_once_in_an_order_that_says_nothing() -> None:
    found = hash_thumbnails({name: thumb(photograph(seed)) for name, seed in (("a", 3), ("b", 1), ("again", 3))})
    assert found["a"] == found["again"]
    assert len(found["a"]) == N_BYTES
    content = to_file(found.values())
    assert content == to_file(reversed(found.values())) == b"".join(sorted({found["a"], found["b"]}))
    assert from_file(content).shape == (2, 2)


def test_a_file_of_half_a_hash_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a multiple of 16 bytes, got 24"):
        from_file(bytes(24))


def test_images_are_hashed_by_their_ids_and_unreadable_ones_are_left_out(tmp_path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(photograph(1)))
    (tmp_path / "b.png").write_bytes(b"no picture")
    samples = [Sample(id=f"id-{name}", path=f"{name}.png", emotion="sad") for name in "ab"]
    found = hash_images(samples, DatasetSpec(name="files", summary="F.", load=lambda root: []), tmp_path)
    assert found == {"id-a": hash_thumbnails({"x": thumb(photograph(1))})["x"]}
