"""What is an image by its name or first bytes, and what is left out: the same words wherever a folder is searched."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image

import emoclass
from emoclass.auditing.flat import is_flat
from emoclass.cli.inputs import Inputs
from emoclass.data.calibration import read_pictures
from emoclass.data.index import index
from emoclass.data.listing import LeftOut, images_in, is_image, kind_of
from emoclass.data.unlisted import note_of_unlisted
from emoclass.errors import DataError
from emoclass.values.config import DataConfig
from emoclass.values.labels import LabelScheme
from emoclass.values.specs import DatasetSpec

VIDEO = b"\0\0\0\x20ftypisom" + bytes(20)
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")


def encoded(file_format: str = "PNG", color: str = "red") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 40), color).save(file, file_format)
    return file.getvalue()


def write(root: Path, **files: bytes) -> Path:
    return write_all(root, files)


def write_all(root: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


@pytest.mark.parametrize("file_format", FORMATS)
def test_every_format_is_told_by_its_first_bytes(file_format, tmp_path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(encoded(file_format))
    assert is_image(path.read_bytes()[:32])
    assert kind_of(str(path), path.name) == "image"


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.jpe", encoded("JPEG"), "image"),
        ("a.mpo", encoded("JPEG"), "image"),
        ("a.apng", encoded(), "image"),
        ("a.jpg_large", encoded("JPEG"), "image"),
        ("a.png", b"", "image"),  # damaged, as decoding says
        ("a.nef", encoded("TIFF"), "other"),  # what Pillow reads of raw photographs is a thumbnail
        ("a.txt", b"BMW is a car maker", "other"),
        ("a", b"", "other"),
        ("a.mov", b"", "video"),
        ("a", VIDEO, "video"),
        ("a.cr3", b"\0\0\0\x18ftypcrx " + bytes(20), "other"),
        ("a.m4a", b"\0\0\0\x18ftypM4A " + bytes(20), "other"),
    ],
)
def test_the_first_bytes_decide_where_the_name_does_not(name, data, kind, tmp_path) -> None:
    (tmp_path / name).write_bytes(data)
    assert kind_of(str(tmp_path / name), name) == kind


def test_what_is_left_out_is_counted_and_named() -> None:
    left_out = LeftOut()
    assert left_out.sentence() is None
    for number in range(1, 5):
        left_out.add("video", f"{number}.mp4")
        left_out.add("other", f"{number}.txt")
    left_out.add("other", "LICENSE")
    assert left_out.sentence() == (
        "Left out: 4 videos (1.mp4, 2.mp4, 3.mp4, ...), 5 other files (.txt 4, LICENSE 1). For videos: emoclass video."
    )


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Return a folder with images of several kinds, and with what is none."""
    files = {"happy/a.jpe": encoded("JPEG"), "happy/b": encoded(color="blue"), "sad/c.PNG": encoded(color="green")}
    others = {"notes.txt": b"text", ".DS_Store": b"x", "._d.jpg": b"x", ".d.jpg": encoded(), "clip": VIDEO}
    write_all(tmp_path / "mixed", {**files, **others})
    write_all(tmp_path / "elsewhere", {"e.png": encoded()})
    (tmp_path / "mixed" / "link").symlink_to(tmp_path / "elsewhere")
    return tmp_path / "mixed"


def test_a_folder_is_searched_by_content_and_the_rest_is_told(mixed, monkeypatch) -> None:
    monkeypatch.chdir(mixed.parent)
    inputs = Inputs(("mixed",))
    assert list(inputs.paths()) == ["mixed/happy/a.jpe", "mixed/happy/b", "mixed/sad/c.PNG"]
    assert inputs.survey().left_out == (
        "Left out: 1 video (mixed/clip), 1 other file (.txt), 1 hidden image (mixed/.d.jpg), 1 linked folder "
        "(mixed/link). For videos: emoclass video. To search a linked folder, name it."
    )
    assert Inputs(("mixed/happy",)).survey().left_out is None


def test_a_pattern_tells_of_links_that_it_matches_and_does_not_follow(mixed, monkeypatch) -> None:
    monkeypatch.chdir(mixed.parent)
    inputs = Inputs(("mixed/*/*",))
    assert list(inputs.paths()) == ["mixed/happy/a.jpe", "mixed/happy/b", "mixed/sad/c.PNG"]
    assert inputs.survey().left_out == "Left out: 1 linked folder (mixed/link). To search a linked folder, name it."


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_are_told_whatever_their_names(tmp_path) -> None:
    write(tmp_path, a=encoded())
    for name in ("pipe", "pipe.png"):
        os.mkfifo(tmp_path / name)
    left_out = LeftOut()
    assert list(images_in(tmp_path, left_out)) == ["a"]
    assert left_out.sentence() == f"Left out: 2 pipes or devices ({tmp_path}/pipe, {tmp_path}/pipe.png)."


def listed_by(spec: DatasetSpec, root: Path, **settings: object) -> str | None:
    labels = LabelScheme(emotions=("happy", "sad"))
    return index(spec, DataConfig(dataset=spec.name, root=root, **settings), labels).unlisted


def test_a_run_tells_of_what_its_dataset_does_not_list(mixed, registry) -> None:
    folder = registry.datasets.get("folder")
    (mixed / "link").unlink()
    write_all(mixed, {"loose.png": encoded(), "sad/Thumbs.db": b"x"})
    (mixed / "sad" / "more").symlink_to(mixed / "happy")
    assert listed_by(folder, mixed) == (
        "Left out: 1 image that belongs to no class or split (loose.png), 1 video (clip), 1 other file (.txt), "
        "1 hidden image (.d.jpg), 1 linked folder (sad/more). For videos: emoclass video. To search a linked folder, "
        "name it."
    )


def test_a_linked_class_folder_is_read_and_not_told(tmp_path, registry) -> None:
    write_all(tmp_path, {"data/happy/a.png": encoded(), "elsewhere/b.png": encoded(color="blue")})
    (tmp_path / "data" / "sad").symlink_to(tmp_path / "elsewhere")
    assert listed_by(registry.datasets.get("folder"), tmp_path / "data") is None


def test_published_datasets_and_containers_are_left_alone(tmp_path) -> None:
    write(tmp_path, a=encoded())
    spec = DatasetSpec(name="x", summary="X.", load=lambda root: [])
    assert note_of_unlisted(spec, tmp_path, []) == "Left out: 1 image that belongs to no class or split (a)."
    for change in ({"url": "https://example.org"}, {"read_sample": lambda root, sample: b""}):
        assert note_of_unlisted(spec.model_copy(update=change), tmp_path, []) is None


def test_an_audit_tells_of_what_it_did_not_read(mixed, registry) -> None:
    (mixed / "link").unlink()
    found = emoclass.audit(mixed, registry=registry)
    told = "Left out: 1 video (clip), 1 other file (.txt), 1 hidden image (.d.jpg). For videos: emoclass video."
    assert (found.n_images, found.unlisted, found.to_json()["unlisted"]) == (3, told, told)
    assert told in found.summary().splitlines()


def test_folders_without_images_make_no_classes_of_a_folder_of_images(tmp_path, registry) -> None:
    root = write_all(tmp_path, {"a.png": encoded(), "b": encoded(color="blue"), "notes/more/c.txt": b"text"})
    (root / "empty").mkdir()
    assert is_flat(root)
    found = emoclass.audit(root, registry=registry)
    assert (found.n_images, found.balance, found.unlisted) == (2, {}, "Left out: 1 other file (.txt).")
    write_all(root, {"notes/more/d.png": encoded()})
    assert not is_flat(root)


def test_images_beside_split_folders_are_told(tmp_path, registry) -> None:
    root = write_all(tmp_path, {"train/a": encoded(), "test/b.png": encoded(color="blue"), "c.png": encoded()})
    found = emoclass.audit(root, registry=registry)
    assert (found.n_images, sorted(found.splits)) == (2, ["test", "train"])
    assert found.unlisted == "Left out: 1 image that belongs to no class or split (c.png)."


def test_nothing_to_audit_says_what_is_there_instead(tmp_path, registry) -> None:
    write_all(tmp_path, {"clip.mp4": VIDEO, "happy/.keep": b""})
    with pytest.raises(
        DataError, match=r"no images found\. Left out: 1 video \(clip\.mp4\)\. For videos: emoclass video\."
    ):
        emoclass.audit(tmp_path, registry=registry)


def test_pictures_for_an_export_are_searched_for_alike(tmp_path) -> None:
    root = write_all(tmp_path, {"a.jpe": encoded("JPEG"), "b": encoded(), "notes.txt": b"text"})
    (root / "empty").mkdir()
    pictures = read_pictures(root, LabelScheme(emotions=("happy", "sad")), (8, 8, 3))
    assert (len(pictures), pictures.unlisted) == (2, "Left out: 1 other file (.txt).")
