"""The audit's page: what stands where, and that strangers' names stay text."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image

from emoclass.auditing.findings import Audit, Copy, CopyPair, Sizes, Spread
from emoclass.errors import OutputError, UnreadableImageError
from emoclass.reporting.pages.audit import SHOWN, sections, write_audit_page
from emoclass.values.results import SkippedFile

EVIL = "<script>alert('x')</script>\"&.png"


def copy(path, label="happy", split=None):
    return Copy(path=path, label=label, split=split, width=40, height=30)


def pair(first, second, kind="near", similarity=0.95, change="mirrored"):
    return CopyPair(first=first, second=second, kind=kind, similarity=similarity, change=change)


def audited() -> Audit:
    spread = Spread(min=40, median=40, max=40)
    return Audit(
        dataset="folder",
        n_images=11,
        exact=(("e1", "e2"),),
        near=(("c1", "c2"), ("l1", "l2"), ("n1", "n2"), ("n3", EVIL)),
        label_conflicts=(("c1", "c2"),),
        crossing=(("l1", "l2"),),
        torn_groups={"anna": ("train", "test")},
        unreadable=(SkippedFile(path="cut.jpg", reason="empty file"),),
        suspicious=(SkippedFile(path="odd.png", reason="all one color"),),
        balance={"happy": 9, "sad": 1},
        splits={"train": {"happy": 8}, "test": {"happy": 1, "sad": 1}},
        sizes=Sizes(width=spread, height=spread, different=1, commonest={"40x30": 10}),
        modes={"RGB": 10},
        formats={"PNG": 10},
        copies={
            "c1": copy("c1"),
            "c2": copy("c2", "sad"),
            "l1": copy("l1", split="train"),
            "l2": copy("l2", split="test"),
            **{name: copy(name) for name in ("e1", "e2", "n1", "n2", "n3", EVIL)},
        },
        pairs=(
            pair("n1", "n2", similarity=0.91),
            pair("n3", EVIL, similarity=0.99),
            pair("e1", "e2", "bytes", 1.0, None),
            pair("l1", "l2"),
            pair("c1", "c2"),
        ),
    )


def read(name):
    if name == "n2":
        raise UnreadableImageError(name, "gone")
    data = io.BytesIO()
    Image.new("RGB", (400, 300), "teal").save(data, "PNG")
    return data.getvalue()


def test_the_worst_pairs_come_first_and_each_stands_in_one_section():
    found = [(part.id, [(each.first, each.second) for each in part.pairs]) for part in sections(audited())]
    assert found == [
        ("conflicts", [("c1", "c2")]),
        ("leaks", [("l1", "l2")]),
        ("exact", [("e1", "e2")]),
        ("near", [("n3", EVIL), ("n1", "n2")]),
    ]


def test_the_page_holds_its_pictures_and_loads_nothing(tmp_path):
    write_audit_page(audited(), read, tmp_path / "deep" / "a.html")
    html = (tmp_path / "deep" / "a.html").read_text(encoding="utf-8")
    assert html.count("data:image/jpeg;base64,") == 10  # nine of ten copies, and the suspicious file
    assert html.count("cannot be shown") == 1
    assert not re.search(r"(src|href)=\"(?!data:|#)", html)
    assert "<script>" not in html and "&lt;script&gt;" in html
    for said in ("mirrored, similarity 0.99", "same bytes", "anna", "empty file", "all one color", "40x30"):
        assert said in html
    assert set(re.findall(r'href="#([a-z]+)"', html)) <= set(re.findall(r' id="([a-z]+)"', html))
    assert "--accent" in html, "the style is that of the report"


def test_a_page_of_nothing_wrong_is_short(tmp_path):
    write_audit_page(Audit(dataset="folder", n_images=0), read, tmp_path / "a.html")
    html = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "no official splits" in html and "This dataset has problems" not in html
    assert "data:image" not in html


def test_only_the_first_pairs_of_a_section_are_shown(tmp_path):
    many = audited().model_copy(update={"pairs": (pair("e1", "e2", "bytes", 1.0, None),) * (SHOWN + 5)})
    write_audit_page(many, read, tmp_path / "a.html")
    html = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert html.count("<article") == SHOWN
    assert f"The first {SHOWN} of {SHOWN + 5} pairs" in html


def test_a_page_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        write_audit_page(audited(), read, tmp_path / "file" / "a.html")
