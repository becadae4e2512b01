"""Photos on the page of `emoclass serve`: one and many, good and hostile, and what can be downloaded of them."""

from __future__ import annotations

import base64
import io
import json
import re
import struct
import zlib
from pathlib import Path

import pytest
from browsing import (
    download,
    eventually,
    faces_shown,
    file,
    finished,
    is_near,
    labels_of,
    landscape,
    picture,
    pixel,
    portrait,
    rows,
    show,
)  # fmt: skip
from drawn_pictures import encoded, with_orientation
from PIL import Image
from playwright.sync_api import expect
from predicting import run

from emoclass.values.colors import color_of

PHOTOGRAPHS = Path(__file__).parents[3].parent / "shared" / "data" / "faces-in-photos"
TWO = ("happy", "surprised")


pytestmark = pytest.mark.slow


def test_a_photo_shows_each_face_with_its_emotion_and_its_numbers(page):
    show(page, ("two.png", encoded(picture(TWO))))
    expect(page.locator("#summary")).to_have_text("1 photo, 2 faces")
    assert faces_shown(page) == list(TWO)
    for face in page.locator("#faces .face").all():
        shares = [int(text.removesuffix("%")) for text in face.locator(".value").all_inner_texts()]
        assert len(shares) == 7 and 97 <= sum(shares) <= 103
        eventually(lambda face=face, shares=shares: _width(face) == pytest.approx(max(shares) / 100, abs=0.02))
    assert re.fullmatch(
        r"two\.png: 2 faces: happy \d+%, surprised \d+%", page.get_by_role("img").get_attribute("aria-label")
    )


def _width(face):
    """Return how long the longest bar is, as a share of its track."""
    return max(
        bar.bounding_box()["width"] / bar.locator("xpath=..").bounding_box()["width"]
        for bar in face.locator(".bar").all()
    )


def test_boxes_are_where_the_upright_picture_has_the_faces(page):
    upright = picture(("happy",), (700, 320))  # the face is on the left
    lying = upright.transpose(Image.Transpose.ROTATE_90)
    show(page, ("turned.jpg", encoded(lying, "JPEG", exif=with_orientation(6), quality=95)))
    assert faces_shown(page) == ["happy"]
    name, content = download(page, "#save-json")
    (entry,) = json.loads(content)
    assert name == "emotions.json" and (entry["width"], entry["height"]) == (700, 320)
    left, top, width, height = entry["faces"][0]["box"]
    assert left + width < 300
    edge = [pixel(page, "stage", (left + width) / 700, (top + share * height) / 320) for share in (0.4, 0.5, 0.6)]
    assert any(is_near(color, color_of("happy")) for color in edge)


def test_many_photos_come_in_small_groups_and_each_is_a_step_away(page):
    asked = []
    page.on("request", lambda request: asked.append(request) if "/v1/predictions" in request.url else None)
    photos = [(f"{index}.png", encoded(picture((TWO[index % 2],)))) for index in range(10)]
    show(page, *photos, ("none.png", encoded(landscape())), ("broken.jpg", b"\xff\xd8\xff broken"))
    expect(page.locator("#summary")).to_have_text("12 photos, 10 faces, 1 without a face, 1 not read")
    assert len(asked) >= 3
    tiles = page.locator("#strip button")
    assert [tiles.nth(index).get_attribute("aria-label") for index in (0, 1, 10, 11)] == [
        "0.png: 1 happy", "1.png: 1 surprised", "none.png: no face", "broken.jpg: not read"
    ]  # fmt: skip
    assert page.locator("#shares").inner_text().split() == ["happy", "5", "surprised", "5"]
    tiles.nth(1).focus()
    page.keyboard.press("Enter")
    assert faces_shown(page) == ["surprised"]
    page.get_by_role("button", name="Next photo").click()
    assert faces_shown(page) == ["happy"]
    tiles.nth(11).click()
    expect(page.locator("#faces")).to_contain_text("Not read")
    expect(page.get_by_role("button", name="Next photo")).to_be_disabled()
    page.locator("#clear").click()
    expect(page.locator("#choose")).to_be_focused()


def test_a_photo_without_a_face_says_so(page):
    show(page, ("none.png", encoded(landscape())))
    expect(page.locator("#summary")).to_have_text("1 photo, 0 faces, 1 without a face")
    expect(page.locator("#faces")).to_contain_text("No face found")


def test_hostile_files_are_refused_in_words_and_the_others_are_shown(page):
    markup = "<img src=x onerror=alert(1)>.png"
    show(page, ("bomb.png", _bomb()), ("not.jpg", b"<html>"), ("empty.png", b""), (markup, encoded(picture())))
    expect(page.locator("#summary")).to_have_text("4 photos, 1 face, 3 not read")
    for tile, reason in ((0, "megapixels"), (1, "Not an image"), (2, "empty")):
        page.locator("#strip button").nth(tile).click()
        expect(page.locator("#faces")).to_contain_text(reason, ignore_case=True)
    page.locator("#strip button").nth(3).click()
    expect(page.locator("#photo-name")).to_have_text(markup)


def _bomb():
    """A PNG file of a few bytes that claims 900 million pixels."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")
    )


def test_too_large_files_stay_here_and_too_many_are_counted(page):
    asked = []
    page.on("request", lambda request: asked.append(request) if "/v1/predictions" in request.url else None)
    show(page, ("large.png", bytes(3_000_000)))
    expect(page.locator("#faces")).to_contain_text("Too large: 3 MB, and the service takes at most 2.1 MB.")
    assert not asked
    page.route("**/v1/predictions*", lambda route: route.fulfill(status=422, json={"errors": []}))
    page.locator("#files").set_input_files([file(f"{index}.png", b"x") for index in range(505)])
    expect(page.locator("#too-many")).to_contain_text("Only 499 photos of 505 were added")


def test_videos_are_refused_in_words_for_people(page):
    asked = []
    page.on("request", lambda request: asked.append(request) if "/v1/predictions" in request.url else None)
    show(page, ("holiday.MOV", b"x"))
    expect(page.locator("#faces")).to_contain_text("The page shows photos and the camera.")
    assert not asked
    show(page, ("without-a-suffix", b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp41" + bytes(5000)))
    page.locator("#strip button").nth(1).click()
    expect(page.locator("#faces")).to_contain_text("The page shows photos and the camera.")
    assert len(asked) == 1


def test_a_photo_is_shown_before_its_answer_unless_it_is_too_large(page):
    page.route("**/v1/limits", lambda route: route.fulfill(json={**route.fetch().json(), "max_pixels": 90_000}))
    page.route("**/v1/predictions*", lambda route: None)  # no answer comes
    page.reload()
    expect(page.locator("#work")).to_be_visible()
    small, large = landscape(), picture()
    assert small.width * small.height < 90_000 < large.width * large.height
    page.locator("#files").set_input_files([file("small.png", encoded(small)), file("large.png", encoded(large))])
    expect(page.locator("#faces")).to_contain_text("The answer comes in a moment.")
    expect(page.locator("#stage")).to_be_visible()
    expect(page.locator("#save-picture")).to_be_disabled()
    page.locator("#strip button").nth(1).click()
    page.wait_for_timeout(500)
    expect(page.locator("#stage")).to_be_hidden()


def test_a_busy_service_is_asked_again(page):
    answers = iter([True])

    def answer(route):
        if next(answers, False):
            route.fulfill(
                status=503, headers={"Retry-After": "1"}, json={"title": "Service Unavailable", "status": 503}
            )
        else:
            route.continue_()

    page.route("**/v1/predictions*", answer)
    page.locator("#files").set_input_files([file("one.png", encoded(picture()))])
    expect(page.locator("#busy")).to_be_visible()
    finished(page)
    assert faces_shown(page) == ["happy"]


def test_a_model_of_whole_photographs_has_no_boxes(page):
    entry = {"path": "one.png", "label": "sad", "probability": 0.75, "scores": {"happy": 0.25, "sad": 0.75}}
    page.route("**/v1/predictions*", lambda route: route.fulfill(json=[entry]))
    show(page, ("one.png", encoded(picture())))
    expect(page.locator("#summary")).to_have_text("1 photo")
    assert faces_shown(page) == ["sad"]
    header, row = rows(download(page, "#save-csv")[1])
    assert header[-1] == "error" and row[:5] == ["one.png", "sad", "0.75", "0.25", "0.75"]


def test_photos_are_pasted_and_dropped(page):
    send = """([kind, content]) => {
        const data = new DataTransfer();
        const bytes = Uint8Array.from(atob(content), (each) => each.charCodeAt(0));
        data.items.add(new File([bytes], "image.png", { type: "image/png" }));
        const options = { bubbles: true, cancelable: true, dataTransfer: data, clipboardData: data };
        if (kind === "drop") document.body.dispatchEvent(new DragEvent("dragenter", options));
        document.body.dispatchEvent(new (kind === "drop" ? DragEvent : ClipboardEvent)(kind, options));
    }"""
    content = base64.b64encode(encoded(picture())).decode()
    page.evaluate(send, ["paste", content])
    finished(page)
    expect(page.locator("#photo-name")).to_have_text("pasted-1.png")
    page.evaluate(send, ["drop", content])
    expect(page.locator("#summary")).to_have_text("2 photos, 2 faces")
    assert "is-dragging" not in (page.locator("body").get_attribute("class") or "")


def test_emotions_are_chosen_and_the_photos_asked_for_again(page):
    show(page, ("two.png", encoded(picture(TWO))))
    page.locator("#emotions-menu summary").click()
    for label in ("happy", "surprised", "angry", "scared", "disgusted", "neutral"):
        page.get_by_role("checkbox", name=label).uncheck()
    expect(page.locator("#too-few")).to_be_visible()
    page.get_by_role("checkbox", name="happy").check()
    expect(page.locator("#emotions-said")).to_have_text("happy, sad")
    page.get_by_role("checkbox", name="happy").uncheck()  # one is too few, and is forgotten
    page.keyboard.press("Escape")
    page.locator("#emotions-menu summary").click()
    expect(page.get_by_role("checkbox", name="happy")).to_be_checked()
    expect(page.locator("#too-few")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator("#emotions-menu summary")).to_be_focused()
    expect(page.locator("#faces .face").first.locator(".bars li")).to_have_count(2)
    finished(page)
    assert rows(download(page, "#save-csv")[1])[0][:6] == ["path", "label", "probability", "happy", "sad", "error"]


def test_downloads_say_what_the_command_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = {
        "a.png": encoded(picture(TWO)),
        "b.png": encoded(landscape()),
        "c.jpg": b"no image",
        "=d.png": encoded(portrait("sad", 3)),
    }
    for name, content in files.items():
        Path(name).write_bytes(content)
    show(page, *files.items())

    name, content = download(page, "#save-csv")
    expected = rows(run("faces", *files, "--csv").stdout.encode())
    assert name == "emotions.csv"
    assert [[_number(cell) for cell in row] for row in rows(content)] == [
        [_about(cell) for cell in row] for row in expected
    ]
    assert rows(content)[-1][0] == "'=d.png"  # no formula for a spreadsheet

    name, content = download(page, "#save-json")
    documents, expected = json.loads(content), json.loads(run("faces", *files, "--json").stdout)
    assert name == "emotions.json"
    assert [list(each) for each in documents] == [list(each) for each in expected]
    assert [labels_of(each) for each in documents] == [labels_of(each) for each in expected]

    name, content = download(page, "#save-picture")
    left, top, *_ = documents[0]["faces"][0]["box"]
    with Image.open(io.BytesIO(content)) as saved:
        assert name == "a-emotions.jpg" and saved.size == picture(TWO).size
        assert is_near(saved.getpixel((round(left) + 2, round(top) - 13)), color_of("happy"))  # the label above the box


def _number(cell):
    try:
        return float(cell)
    except ValueError:
        return cell


def _about(cell):
    number = _number(cell)
    return pytest.approx(number, rel=1e-3, abs=0.2 if number > 2 else 1e-4) if isinstance(number, float) else cell


@pytest.mark.skipif(not PHOTOGRAPHS.is_dir(), reason="needs ../shared/data")
def test_real_photographs(page):
    paths = sorted(path for path in PHOTOGRAPHS.iterdir() if path.stat().st_size < 1_900_000)
    show(page, *((path.name, path.read_bytes()) for path in paths))
    for index, document in enumerate(json.loads(run("faces", *paths, "--json").stdout)):
        page.locator("#strip button").nth(index).click()
        assert faces_shown(page) == labels_of(document)
        expect(page.locator("#stage")).to_be_visible()
