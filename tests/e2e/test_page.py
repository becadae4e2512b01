"""The page of `emoclass serve`, as people use it: in a real browser, with the real models."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import struct
import zlib
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import (
    ServeCommand, eventually, file, finished, landscape, launch, made_camera, opened, picture, portrait, show,
)  # fmt: skip
from drawn_pictures import encoded, with_orientation
from PIL import Image
from playwright.sync_api import expect, sync_playwright
from predicting import run

from emoclass.values.colors import color_of

pytestmark = pytest.mark.slow

TOKEN = "a-token-of-the-tests"
PHOTOGRAPHS = Path(__file__).parents[2].parent / "shared" / "data" / "faces-in-photos"
TWO = ("happy", "surprised")


@pytest.fixture(scope="module")
def playwright():
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright, tmp_path_factory):
    """Chromium with a made-up camera that every page may use."""
    seen = made_camera(tmp_path_factory.mktemp("camera") / "seen.mjpeg")
    browser = launch(
        playwright, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={seen}", "--host-resolver-rules=MAP faces.test 127.0.0.1",
    )  # fmt: skip
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def service(browser):
    with ServeCommand("--max-mib", "2") as service:
        yield service


@pytest.fixture(scope="module")
def guarded(browser):
    """A service that asks for a token, and has a name that no browser takes for this computer."""
    with ServeCommand("--allow-host", "faces.test", environment={"EMOCLASS_TOKEN": TOKEN}) as service:
        yield service


@pytest.fixture
def page(browser, service):
    with opened(browser, service.address) as page:
        expect(page.locator("#work")).to_be_visible()
        yield page


def faces_shown(page):
    """Return the emotion of each face beside the picture."""
    return page.locator("#faces .face strong").all_inner_texts()


def pixel(page, canvas, x, y):
    """Return the color of a canvas at a share of its width and height."""
    return tuple(
        page.evaluate(
            """([id, x, y]) => {
                const canvas = document.getElementById(id);
                return [...canvas.getContext("2d").getImageData(canvas.width * x, canvas.height * y, 1, 1).data];
            }""",
            [canvas, x, y],
        )[:3]
    )


def download(page, button):
    """Press a button, and return the file that it gives, with its name."""
    with page.expect_download() as started:
        page.locator(button).click()
    return started.value.suggested_filename, Path(started.value.path()).read_bytes()


def rows(content):
    return list(csv.reader(io.StringIO(content.decode())))


# Photos


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
    assert any(_is_near(color, color_of("happy")) for color in edge)


def _is_near(color, other):
    return max(abs(a - b) for a, b in zip(color, other, strict=True)) < 40


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


def test_photos_are_pasted_and_dropped(page):
    send = """([kind, content]) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(atob(content), (each) => each.charCodeAt(0))], "image.png", { type: "image/png" }));
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


# Settings, downloads, the dialog


def test_emotions_are_chosen_and_the_photos_asked_for_again(page):
    show(page, ("two.png", encoded(picture(TWO))))
    page.locator("#emotions-menu summary").click()
    for label in ("happy", "surprised", "angry", "scared", "disgusted", "neutral"):
        page.get_by_role("checkbox", name=label).uncheck()
    expect(page.locator("#too-few")).to_be_visible()
    page.get_by_role("checkbox", name="happy").check()
    expect(page.locator("#emotions-said")).to_have_text("happy, sad")
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
    assert [_labels(each) for each in documents] == [_labels(each) for each in expected]

    name, content = download(page, "#save-picture")
    left, top, *_ = documents[0]["faces"][0]["box"]
    with Image.open(io.BytesIO(content)) as saved:
        assert name == "a-emotions.jpg" and saved.size == picture(TWO).size
        assert _is_near(
            saved.getpixel((round(left) + 2, round(top) - 13)), color_of("happy")
        )  # the label above the box


def _number(cell):
    try:
        return float(cell)
    except ValueError:
        return cell


def _about(cell):
    number = _number(cell)
    return pytest.approx(number, rel=1e-3, abs=0.2 if number > 2 else 1e-4) if isinstance(number, float) else cell


def _labels(document):
    return [face["label"] for face in document.get("faces", [])]


def test_colors_are_those_of_the_project(page):
    emotions = [
        "happy",
        "sad",
        "angry",
        "scared",
        "surprised",
        "disgusted",
        "neutral",
        "contemptuous",
        "bored",
        "tired",
        "élan",
    ]
    colors = page.evaluate(
        """async (emotions) => {
            const { colorOf } = await import(new URL("page/drawing.js", document.baseURI));
            return emotions.map(colorOf);
        }""",
        emotions,
    )
    assert colors == [f"rgb{color_of(emotion)}" for emotion in emotions]


def test_what_the_model_is_worth_and_not_for_is_one_click_away(page):
    page.get_by_role("button", name="What it is worth").click()
    about = page.get_by_role("dialog", name="About the model")
    expect(about).to_contain_text(
        re.compile(
            r"\d\d%of 3,589 test images of fer2013 get the right emotion \(95% confidence interval: \d\d% to \d\d%\)"
        )
    )
    for said in ("An expression is not a feeling", "Article 5(1)(f)", "medical or safety reasons", "nowhere else"):
        expect(about).to_contain_text(said)
    expect(about.locator("#by-emotion tbody tr")).to_have_count(7)
    page.keyboard.press("Escape")
    expect(about).to_be_hidden()
    expect(page.locator("#about-more")).to_be_focused()
    expect(page.locator("#where")).to_have_text("Pictures go to this computer only")


# The camera


FULL = """(canvas) => {
    const { data } = canvas.getContext("2d").getImageData(canvas.width - 8, 0, 1, canvas.height);
    return data.every((value, index) => index % 4 !== 3 || value > 200) && new Set(data).size > 6;
}"""
"""Whether the emotions of a moment ago fill the timeline from its foot to its top, in several colors."""


COUNTING = """() => {
    const send = WebSocket.prototype.send, counted = new WeakSet();
    Object.assign(window, { sent: 0, most: 0 });
    WebSocket.prototype.send = function (data) {
        if (!counted.has(this)) {
            counted.add(this);
            window.waiting = 0;
            this.addEventListener("message", ({ data }) => {
                const said = JSON.parse(data);
                if (said.type === "frame") window.waiting -= 1 + said.skipped;
            });
        }
        window.sent++;
        window.most = Math.max(window.most, ++window.waiting);
        return send.call(this, data);
    };
}"""
"""Counts the frames that are sent, and the most that waited for an answer at once."""

HIDE = """(hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
"""Tells the page that its tab is hidden, or shown again: no tab of a headless browser ever is."""


def start_camera(page):
    page.get_by_role("tab", name="Camera").click()
    page.get_by_role("button", name="Start the camera").click()


def test_the_camera_shows_persons_with_moving_bars_and_a_timeline(browser, service):
    with opened(browser, service.address) as page:
        page.evaluate(COUNTING)
        start_camera(page)
        seen = set()

        def has_both():
            seen.update(page.locator("#persons strong").all_inner_texts())
            return set(TWO) <= seen

        eventually(has_both)
        expect(page.locator("#live-state")).to_contain_text("frames a second")
        eventually(lambda: page.locator("#timeline canvas").first.evaluate(FULL))
        table = rows(download(page, "#live-csv")[1])
        assert table[0][:10] == [
            "frame",
            "time",
            "person",
            "left",
            "top",
            "width",
            "height",
            "detection",
            "label",
            "probability",
        ]
        assert len(table) > 10 and {row[8] for row in table[1:]} <= {
            "happy",
            "surprised",
            "sad",
            "angry",
            "scared",
            "disgusted",
            "neutral",
        }
        assert any(frame["persons"] for frame in json.loads(download(page, "#live-json")[1]))
        with Image.open(io.BytesIO(download(page, "#live-picture")[1])) as saved:
            assert saved.size == (640, 360)
        assert page.evaluate("most") in (1, 2)  # frames that wait for an answer
        assert page.evaluate("sent") > 10
        page.evaluate(HIDE, True)
        page.wait_for_timeout(300)
        before = page.evaluate("sent")
        page.wait_for_timeout(500)
        assert page.evaluate("sent") == before
        page.evaluate(HIDE, False)
        eventually(lambda: page.evaluate("sent") > before)
        page.get_by_role("button", name="Stop").click()
        expect(page.locator("#start")).to_be_focused()
        expect(page.locator("#persons li")).to_have_count(0)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--use-fake-ui-for-media-stream=deny", "--use-fake-device-for-media-stream"], "The camera is not allowed"),
        (
            ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream=device-count=0"],
            "No camera was found",
        ),
    ],
    ids=["refused", "missing"],
)
def test_without_a_camera_the_page_says_why(playwright, service, option, said):
    with launch(playwright, *option) as browser, opened(browser, service.address) as page:
        start_camera(page)
        expect(page.get_by_role("alert").filter(has_text=said)).to_be_visible()
        expect(page.locator("#start")).to_be_enabled()


def test_without_tls_another_computer_gets_no_camera_and_is_told_why(browser, guarded):
    address = f"http://faces.test:{guarded.port}/"
    with opened(browser, address) as page:
        sign_in(page, TOKEN)
        expect(page.locator("#where")).to_have_text("Pictures go to faces.test only")
        start_camera(page)
        expect(page.locator("#camera-problem")).to_contain_text("localhost")
        expect(page.locator("#camera-problem")).to_contain_text("--tls-cert")


# The token, and a service that is gone


def sign_in(page, token):
    page.get_by_label("Token").fill(token)
    page.keyboard.press("Enter")


def test_the_token_is_asked_for_once_and_kept_from_scripts_and_addresses(browser, guarded):
    with opened(browser, guarded.address) as page:
        sign_in(page, "a-wrong-token-of-the-tests")
        expect(page.locator("#sign-in-problem")).to_contain_text("token")
        sign_in(page, TOKEN)
        expect(page.locator("#work")).to_be_visible()
        show(page, ("one.png", encoded(picture())))
        assert faces_shown(page) == ["happy"]
        assert TOKEN not in page.url and page.evaluate("document.cookie") == ""
        (cookie,) = page.context.cookies()
        assert cookie["httpOnly"] and cookie["sameSite"] == "Strict" and TOKEN not in cookie["value"]
        start_camera(page)
        expect(page.locator("#persons strong").first).to_be_visible()
        page.reload()
        expect(page.locator("#work")).to_be_visible()


def test_photos_and_the_camera_go_on_when_the_service_is_back(browser):
    service = ServeCommand()
    with opened(browser, service.address) as live, opened(browser, service.address) as page:
        try:
            start_camera(live)
            expect(live.locator("#persons strong").first).to_be_visible(timeout=20_000)
        finally:
            service.stop()
        expect(live.get_by_role("alert").filter(has_text="does not answer")).to_be_visible()
        expect(live.locator("#persons li")).to_have_count(0)
        page.locator("#files").set_input_files([file("one.png", encoded(picture()))])
        expect(page.locator("#gone-next")).to_have_text(re.compile("next try is in [248] seconds"))
        with ServeCommand(port=service.port):
            page.locator("#try-now").dispatch_event("click")
            finished(page)
            assert faces_shown(page) == ["happy"]
            expect(page.locator("#gone")).to_be_hidden()
            expect(live.locator("#persons strong").first).to_be_visible(timeout=20_000)


# Everyone


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible(browser, service, guarded, scheme):
    axe = Axe()

    def check(page, what):
        found = axe.run(page)
        problems = [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found.response["violations"]]
        assert not problems, (what, problems)

    options = {"color_scheme": scheme, "reduced_motion": "reduce", "bypass_csp": True}  # axe's own script
    with opened(browser, service.address, **options) as page:
        expect(page.locator("#work")).to_be_visible()
        check(page, "empty")
        show(page, ("two.png", encoded(picture(TWO))), ("none.png", encoded(landscape())), ("broken.jpg", b"x"))
        check(page, "photos")
        page.locator("#strip button").nth(2).click()
        page.locator("#emotions-menu summary").click()
        check(page, "not read, and the emotions")
        page.get_by_role("button", name="About the model").click()
        check(page, "about")
        page.keyboard.press("Escape")
        start_camera(page)
        expect(page.locator("#persons strong").first).to_be_visible()
        check(page, "camera")
        page.route("**/healthz", lambda route: route.abort())
        page.route("**/v1/predictions*", lambda route: route.abort())
        page.get_by_role("tab", name="Photos").click()
        page.locator("#files").set_input_files([file("one.png", encoded(picture()))])
        expect(page.locator("#gone")).to_be_visible()
        check(page, "gone")
    with opened(browser, guarded.address, **options) as page:
        expect(page.locator("#sign-in")).to_be_visible()
        check(page, "sign-in")


FOCUSED = """() => {
    const { id, tagName, parentElement } = document.activeElement;
    return [id || parentElement.id || parentElement.parentElement?.classList[0] || tagName, getComputedStyle(document.activeElement).outlineStyle];
}"""


def test_the_keyboard_reaches_everything_and_shows_where_it_is(page):
    show(page, ("two.png", encoded(picture(TWO))))
    page.evaluate("document.activeElement.blur()")
    reached = []
    for _ in range(30):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(FOCUSED)
        if name == "BODY":
            break
        assert outline != "none", name
        reached.append(name)
    assert reached == [
        "about-open", "tab-photos", "emotions-menu", "save-csv", "save-json", "save-picture", "clear", "more", "faces", "face",
        "face", "about-more",
    ]  # fmt: skip
    page.locator("#tab-photos").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-camera")).to_be_focused()
    expect(page.locator("#camera")).to_be_visible()


@pytest.mark.parametrize("width", [390, 3840])
def test_the_page_fits_a_phone_and_a_large_screen(browser, service, width):
    with opened(browser, service.address, viewport={"width": width, "height": 844 if width < 400 else 2160}) as page:
        show(page, ("two.png", encoded(picture(TWO))), ("none.png", encoded(landscape())))
        fits = "document.documentElement.scrollWidth <= innerWidth"
        assert page.evaluate(fits)
        page.get_by_role("button", name="About the model").click()
        assert page.evaluate(fits) and page.locator("#about").bounding_box()["width"] <= width
        page.keyboard.press("Escape")
        start_camera(page)
        expect(page.locator("#persons strong").first).to_be_visible()
        assert page.evaluate(fits)


def test_nothing_moves_where_people_want_no_motion(browser, service):
    with opened(browser, service.address, reduced_motion="reduce") as page:
        show(page, ("one.png", encoded(picture())))
        bar = page.locator("#faces .bar").first
        assert bar.evaluate("(bar) => getComputedStyle(bar).transitionDuration") == "0s"


def test_changes_are_spoken_but_not_each_frame(page):
    page.evaluate(
        """() => {
            window.spoken = [];
            new MutationObserver(() => window.spoken.push(document.getElementById("camera-spoken").textContent))
                .observe(document.getElementById("camera-spoken"), { childList: true, characterData: true, subtree: true });
        }"""
    )
    start_camera(page)
    expect(page.locator("#camera-spoken")).to_have_text(re.compile(r"^Person 1: \w+\.$"), timeout=15_000)
    page.wait_for_timeout(3000)
    assert len(page.evaluate("window.spoken")) == 1  # the face has changed since, and the next words are due later


@pytest.mark.skipif(not PHOTOGRAPHS.is_dir(), reason="needs ../shared/data")
def test_real_photographs(page):
    paths = sorted(path for path in PHOTOGRAPHS.iterdir() if path.stat().st_size < 1_900_000)
    show(page, *((path.name, path.read_bytes()) for path in paths), timeout=60)
    for index, document in enumerate(json.loads(run("faces", *paths, "--json").stdout)):
        page.locator("#strip button").nth(index).click()
        assert faces_shown(page) == _labels(document)
        expect(page.locator("#stage")).to_be_visible()
