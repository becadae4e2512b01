"""The file of hashes in a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoclass import LabelScheme
from emoclass.auditing.hashes import hash_thumbnails
from emoclass.bundle import hashes
from emoclass.bundle.hashes import SeenBefore, find_seen, read_hashes, write_hashes
from emoclass.bundle.manifest import HASHES, ImageInput, Manifest
from emoclass.bundle.read import Bundle, read_bundle
from emoclass.bundle.write import describe_file, write_manifest
from emoclass.errors import BundleError

ONE, TWO, THREE = (bytes([k]) * 16 for k in (1, 2, 3))


def bundle(folder: Path, content: bytes | None, told: Any = None) -> Bundle:
    folder.mkdir()
    files = {}
    if content is not None:
        (folder / HASHES).write_bytes(content)
        files = {HASHES: describe_file(folder / HASHES, input_range=(0.0, 255.0))}
    manifest = Manifest(
        name="tiny",
        labels=LabelScheme(emotions=("happy", "sad")),
        image=ImageInput(height=8, width=8, color_mode="L"),
        expects="photograph",
        files=files,
        trained={"hashes": told},
    )
    write_manifest(folder, manifest)
    return read_bundle(folder)


def test_the_hashes_of_the_wanted_images_are_written_once_each(tmp_path) -> None:
    told = write_hashes(tmp_path, ["a", "b", "c", "plain"], {"a": TWO, "b": ONE, "c": TWO, "test": THREE})
    assert (tmp_path / HASHES).read_bytes() == ONE + TWO
    assert told == {"n_images": 4, "n_without": 1, "complete": True}


def test_the_hashes_of_models_that_it_learned_from_are_added(tmp_path) -> None:
    complete = bundle(tmp_path / "complete", TWO, {"n_images": 1, "n_without": 0, "complete": True})
    partial = bundle(tmp_path / "partial", THREE, {"n_images": 1, "n_without": 0, "complete": False})
    without = bundle(tmp_path / "without", None, {"complete": True})
    for others, content, is_complete in (
        ([complete], ONE + TWO, True),
        ([complete, partial], ONE + TWO + THREE, False),
        ([without], ONE, False),
        ([None], ONE, False),
    ):
        told = write_hashes(tmp_path, ["a"], {"a": ONE}, others)
        assert ((tmp_path / HASHES).read_bytes(), told["complete"]) == (content, is_complete)


def test_images_that_a_model_has_seen_are_found_by_its_hashes(tmp_path) -> None:
    rng = np.random.default_rng(0)
    thumbs = {name: rng.integers(0, 256, (32, 32)).astype(np.uint8) for name in ("a", "b", "c")}
    hashed, told = hash_thumbnails(thumbs), {"n_images": 1, "n_without": 0}
    of_a = bundle(tmp_path / "a", hashed["a"], {**told, "complete": True})
    of_b = bundle(tmp_path / "b", hashed["b"], {**told, "complete": False})
    without = bundle(tmp_path / "without", None)
    assert find_seen(thumbs, []) == SeenBefore(frozenset(), is_complete=True)
    assert find_seen(thumbs, [of_a]) == SeenBefore(frozenset("a"), is_complete=True)
    assert find_seen(thumbs, [of_a, of_b]) == SeenBefore(frozenset("ab"), is_complete=False)
    assert find_seen(thumbs, [of_a, without]) == SeenBefore(frozenset("a"), is_complete=False)
    assert find_seen(thumbs, [None]) == SeenBefore(frozenset(), is_complete=False)


def test_nothing_is_written_without_hashes_or_with_too_many(tmp_path, monkeypatch) -> None:
    assert write_hashes(tmp_path, ["a"], {"b": ONE}) is None
    monkeypatch.setattr(hashes, "MAX_HASHES", 1)
    assert write_hashes(tmp_path, ["a", "b"], {"a": ONE, "b": TWO}) is None
    assert not (tmp_path / HASHES).exists()


def test_a_bundle_without_the_file_has_no_hashes(tmp_path) -> None:
    opened = bundle(tmp_path / "old", None)
    assert read_hashes(opened) is None
    assert (opened.manifest.hashes_are_complete, opened.manifest.n_hashed) == (False, None)


@pytest.mark.parametrize(
    "told", [None, "yes", {"complete": "yes"}, {"n_images": "3"}, {"n_images": 1, "n_without": 2}, {"n_images": None}]
)
def test_a_strange_manifest_says_nothing_of_hashes(tmp_path, told: Any) -> None:
    opened = bundle(tmp_path / "strange", ONE, told)
    assert read_hashes(opened).shape == (1, 2)
    assert (opened.manifest.hashes_are_complete, opened.manifest.n_hashed) == (False, None)


def test_a_damaged_or_endless_file_is_refused(tmp_path, monkeypatch) -> None:
    half = bundle(tmp_path / "half", ONE + TWO[:8])
    with pytest.raises(BundleError, match=r"training_images\.bin: expected a multiple of 16 bytes, got 24"):
        read_hashes(half)
    other = bundle(tmp_path / "other", ONE)
    (other.path / HASHES).write_bytes(TWO)
    with pytest.raises(BundleError, match="damaged or was changed"):
        read_hashes(other)
    monkeypatch.setattr(hashes, "MAX_HASHES", 1)
    with pytest.raises(BundleError, match="expected at most 16 bytes, got 32"):
        read_hashes(bundle(tmp_path / "long", ONE + TWO))
