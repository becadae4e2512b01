"""The page of an audit: pairs side by side as pictures, worst first, in one file that loads nothing."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from drawn_pictures import altered, encoded, photograph
from PIL import Image

from emoclass.auditing.examine import examine, pictures
from emoclass.auditing.findings import Audit, Copy, CopyPair
from emoclass.errors import OutputError, UnreadableImageError
from emoclass.reporting.pages.audit import LISTED, SHOWN, SIDE, describe, sections, write_audit_page
from emoclass.values.results import SkippedFile
from emoclass.values.specs import DatasetSpec, Sample

EVIL = "<script>alert('x')</script>\"&<img src=http://evil.example/x onerror=alert(1)>.png"
VOID = {"meta", "img", "link", "br", "hr", "input", "source"}
FOREIGN = ("src", "srcset", "href", "data", "poster", "action", "background")
ONE, TWO, THREE, FOUR = (photograph(seed) for seed in range(1, 5))


class Page(HTMLParser):
    """Collects what a browser would act on, and checks that each tag is closed in turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open, self.tags, self.ids, self.loads, self.words = [], [], [], [], []
        self.attributes, self.images, self.style = set(), {}, ""
        self.feed(html)
        self.close()
        assert self.open == [], f"left open: {self.open}"
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        self.open += [] if tag in VOID else [tag]
        self.attributes |= set(given)
        self.ids += [given["id"]] if "id" in given else []
        self.loads += [given[name] for name in FOREIGN if name in given]
        if tag == "img":
            self.images[given["alt"]] = given["src"]

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.words.append(data)


def audited(*rows: tuple[str, bytes, str, str | None]) -> tuple[Audit, Callable[[str], bytes]]:
    """Audit pictures: path, bytes, label, official split."""
    files = {path: data for path, data, _, _ in rows}
    samples = [Sample(id=path, path=path, emotion=label, split=split) for path, _, label, split in rows]
    spec = DatasetSpec(
        name="files", summary="Files.", load=lambda root: samples, read_sample=lambda root, sample: files[sample.id]
    )
    return examine(samples, spec, Path("photos"), threads=2), pictures(samples, spec, None)


def wrong_in_every_way() -> tuple[Audit, Callable[[str], bytes]]:
    return audited(
        ("train/sad/a.png", encoded(ONE), "sad", "train"),
        ("train/happy/a.png", encoded(ONE), "happy", "train"),
        ("train/sad/b.png", encoded(TWO), "sad", "train"),
        ("test/sad/b.jpg", altered(TWO)["JPEG"][0], "sad", "test"),
        ("train/sad/c.png", encoded(THREE), "sad", "train"),
        ("train/sad/c2.png", encoded(THREE), "sad", "train"),
        ("test/sad/d.png", encoded(FOUR), "sad", "test"),
        ("test/sad/d2.png", altered(FOUR)["mirrored"][0], "sad", "test"),
        ("test/sad/tiny.png", encoded(photograph(9, (12, 60))), "sad", "test"),
        ("test/sad/broken.png", b"no picture", "sad", "test"),
    )


def written(found: Audit, read: Callable[[str], bytes], folder: Path) -> Page:
    path = folder / "page.html"
    write_audit_page(found, read, path)
    return Page(path.read_text(encoding="utf-8"))


def pair(first: str, second: str, kind: str = "near", similarity: float = 0.9) -> CopyPair:
    return CopyPair(first=first, second=second, kind=kind, similarity=1 if kind != "near" else similarity)


def test_a_page_loads_nothing_and_runs_nothing(tmp_path) -> None:
    page = written(*wrong_in_every_way(), tmp_path)
    assert not {"script", "link", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    assert not any(name.startswith("on") for name in page.attributes)
    assert page.loads
    assert all(each.startswith(("#", "data:image/jpeg;base64,")) for each in page.loads)
    assert "url(" not in page.style and "@import" not in page.style and "http" not in page.style
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in html
    assert "http://" not in html and "https://" not in html
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_every_link_leads_somewhere_and_no_id_stands_twice(tmp_path) -> None:
    page = written(*wrong_in_every_way(), tmp_path)
    assert len(page.ids) == len(set(page.ids))
    assert {each[1:] for each in page.loads if each.startswith("#")} <= set(page.ids)


def test_pictures_stand_in_the_page_as_small_jpeg_files(tmp_path) -> None:
    found, read = audited(*(("sad/" + x, encoded(photograph(1, (900, 600))), "sad", None) for x in ("a", "b")))
    page = written(found, read, tmp_path)
    assert set(page.images) == {"sad/a", "sad/b"}
    for source in page.images.values():
        with Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2], validate=True))) as image:
            assert (image.format, image.size) == ("JPEG", (SIDE, round(SIDE * 600 / 900)))


def test_every_pair_is_shown_with_its_labels_splits_sizes_and_what_was_altered(tmp_path) -> None:
    page = written(*wrong_in_every_way(), tmp_path)
    shown = ["train/sad/a.png", "train/happy/a.png", "train/sad/b.png", "test/sad/b.jpg", "train/sad/c.png"]
    assert {*shown, "train/sad/c2.png", "test/sad/d.png", "test/sad/d2.png", "test/sad/tiny.png"} == set(page.images)
    for words in (
        "mirrored, similarity 1.00",
        "same bytes",
        "96 \N{MULTIPLICATION SIGN} 96",
        "tiny (12x60)",
        "not an image",
    ):
        assert words in page.text
    assert "train/happy/a.png" in page.text and "test/sad/broken.png" in page.text


def test_the_worst_comes_first(tmp_path) -> None:
    found, read = wrong_in_every_way()
    assert [(part.id, part.groups, len(part.pairs)) for part in sections(found)] == [
        ("conflicts", 1, 1), ("leaks", 1, 1), ("exact", 2, 1), ("near", 2, 1),
    ]  # fmt: skip
    ids = written(found, read, tmp_path).ids
    order = ["found", "conflicts", "leaks", "exact", "near", "suspicious", "unreadable", "numbers"]
    assert [each for each in ids if each in order] == order


def test_in_a_section_equal_files_come_first_and_then_the_most_alike() -> None:
    copies = {x: Copy(path=x, label="sad" if x in "bdf" else "happy", width=9, height=9) for x in "abcdef"}
    found = Audit(
        dataset="files",
        n_images=6,
        copies=copies,
        label_conflicts=(("a", "b"), ("c", "d"), ("e", "f")),
        pairs=(pair("a", "b", similarity=0.8), pair("c", "d", similarity=0.95), pair("e", "f", "pixels")),
    )
    (part,) = sections(found)
    assert [each.first for each in part.pairs] == ["e", "c", "a"]


def test_each_pair_stands_in_one_section_only() -> None:
    found, _ = wrong_in_every_way()
    shown = [each for part in sections(found) for each in part.pairs]
    assert sorted(map(repr, shown)) == sorted(map(repr, found.pairs))


def test_what_is_wrong_is_announced_and_what_is_not_is_not(tmp_path) -> None:
    page = written(*wrong_in_every_way(), tmp_path)
    assert "This dataset has problems" in page.text
    assert "2 images also appear under another label." in page.text
    assert "1 image is in two official splits" in page.text
    found, read = audited(("a", encoded(ONE), "sad", None), ("b", encoded(TWO), "sad", None))
    clean = written(found, read, tmp_path)
    assert "This dataset has problems" not in clean.text
    assert clean.images == {}
    assert clean.text.count("none found") == 5 and "no official splits" in clean.text


def test_torn_groups_are_listed(tmp_path) -> None:
    found = Audit(
        dataset="files", n_images=9, torn_groups={f"person {i}": ("train", "test") for i in range(LISTED + 5)}
    )
    page = written(found, lambda path: b"", tmp_path)
    assert "person 0 train, test" in page.text
    assert f"person {LISTED}" not in page.text and "and 5 more" in page.text
    assert "205 groups (persons or sources) are in two official splits" in page.text


def test_hostile_names_are_escaped(tmp_path) -> None:
    found, read = audited(
        (f"{EVIL}1", encoded(ONE), EVIL, "train"),
        (f"{EVIL}2", encoded(ONE), "happy", "test"),
        (f"{EVIL}3", b"no picture", EVIL, "train"),
        (f"{EVIL}4", encoded(photograph(5, (8, 30))), EVIL, "train"),
    )
    found = found.model_copy(update={"root": Path(EVIL), "torn_groups": {EVIL: ("train", "test")}})
    page = written(found, read, tmp_path)
    assert "script" not in page.tags and "onerror" not in page.attributes
    assert set(page.images) == {f"{EVIL}{i}" for i in (1, 2, 4)}
    assert all(each.startswith(("#", "data:image/jpeg;base64,")) for each in page.loads)
    for number in range(1, 5):
        assert f"{EVIL}{number}" in page.text


def test_a_name_that_is_no_text_does_not_stop_the_page(tmp_path) -> None:
    one = "sad/\udcff.png"
    found = Audit(dataset="files", n_images=1, unreadable=(SkippedFile(path=one, reason="empty file"),))
    assert "sad/\\udcff.png" in written(found, lambda path: b"", tmp_path).text


@pytest.mark.parametrize("raised", [True, False])
def test_a_picture_that_went_missing_meanwhile_leaves_a_gap(tmp_path, raised: bool) -> None:
    found, read = audited(*((x, encoded(ONE), "sad", None) for x in "ab"))

    def late(path: str) -> bytes:
        if path == "b" and raised:
            raise UnreadableImageError(path, "cannot be opened")
        return b"overwritten" if path == "b" else read(path)

    page = written(found, late, tmp_path)
    assert set(page.images) == {"a"}
    assert page.text.count("cannot be shown") == 1


def test_a_long_section_shows_the_first_pairs_and_says_so(tmp_path) -> None:
    names = [f"{i:03d}" for i in range(SHOWN + 10)]
    found = Audit(
        dataset="files",
        n_images=99,
        copies={name: Copy(path=name, width=9, height=9) for name in names},
        near=(tuple(names),),
        pairs=tuple(pair(names[0], name, similarity=0.99 - i / 1000) for i, name in enumerate(names[1:])),
    )
    asked = []

    def read(path: str) -> bytes:
        asked.append(path)
        return encoded(ONE)

    page = written(found, read, tmp_path)
    assert page.tags.count("article") == SHOWN
    assert f"The first {SHOWN} of {SHOWN + 9} pairs" in page.text
    assert sorted(asked) == names[: SHOWN + 1]  # each is read once, and none that is not shown


def test_pictures_without_labels_and_splits_are_shown_without(tmp_path) -> None:
    found, read = audited(("a", encoded(ONE), "", None), ("b", encoded(ONE), "", None))
    page = written(found, read, tmp_path)
    assert "no labels" in page.text and "no official splits" in page.text
    assert "None" not in page.text


def test_how_two_images_are_alike_is_said_in_a_few_words() -> None:
    assert describe(pair("a", "b", "bytes")) == "same bytes"
    assert describe(pair("a", "b", "pixels")) == "same pixels"
    assert describe(pair("a", "b", similarity=0.876)) == "near-duplicate, similarity 0.88"


def test_a_page_is_written_into_a_new_folder_and_over_an_old_page(tmp_path) -> None:
    found, read = wrong_in_every_way()
    path = tmp_path / "new" / "page.html"
    for _ in range(2):
        write_audit_page(found, read, path)
    assert path.read_text(encoding="utf-8").lstrip().startswith("<!doctype html>")


def test_a_page_that_cannot_be_written_is_told(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_audit_page(Audit(dataset="files", n_images=0), lambda path: b"", tmp_path / "file" / "page.html")


def test_the_same_audit_gives_the_same_page(tmp_path) -> None:
    for name in ("a", "b"):
        write_audit_page(*wrong_in_every_way(), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
