"""The camera on the page of `emoclass serve`: live, refused, missing, and not given to pages without TLS."""

from __future__ import annotations

import io
import json
import re

import pytest
from browsing import (
    TOKEN,
    download,
    eventually,
    launch,
    opened,
    rows,
    sign_in,
    start_camera,
)  # fmt: skip
from PIL import Image
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

TWO = {"happy", "surprised"}

PAINTED = """() => [...document.querySelectorAll("#timeline canvas")].some((canvas) => {
    const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    for (let x = 0; x < width; x++) {
        const starts = Array.from({ length: height }, (_, y) => 4 * (y * width + x));
        const column = starts.map((start) => data.slice(start, start + 4));
        if (column.every((color) => color[3] > 200) && new Set(column.map(String)).size > 2) return true;
    }
    return false;
})"""
"""Whether the emotions of some moment fill a timeline from its foot to its top, in several colors."""

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


def test_the_camera_shows_persons_with_moving_bars_and_a_timeline(browser, service):
    with opened(browser, service.address) as page:
        page.evaluate(COUNTING)
        start_camera(page)
        seen = set()

        def has_both():
            seen.update(page.locator("#persons strong").all_inner_texts())
            return seen >= TWO

        eventually(has_both)
        expect(page.locator("#live-state")).to_contain_text("frames a second")
        eventually(lambda: page.evaluate(PAINTED))
        table = rows(download(page, "#live-csv")[1])
        assert " ".join(table[0][:10]) == "frame time person left top width height detection label probability"
        assert len(table) > 10 and {row[8] for row in table} >= TWO
        assert any(frame["persons"] for frame in json.loads(download(page, "#live-json")[1]))
        with Image.open(io.BytesIO(download(page, "#live-picture")[1])) as saved:
            assert saved.size == (640, 360)
        assert page.evaluate("most") in (1, 2)  # frames that wait for an answer
        assert page.evaluate("sent") > 10
        page.evaluate(HIDE, True)

        def sends_no_more():  # but for a frame that was being encoded
            before = page.evaluate("sent")
            page.wait_for_timeout(500)
            return page.evaluate("sent") == before

        eventually(sends_no_more)
        before = page.evaluate("sent")
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


def test_changes_are_spoken_but_not_each_frame(page):
    page.evaluate(
        """() => {
            window.spoken = [];
            const node = document.getElementById("camera-spoken");
            new MutationObserver(() => window.spoken.push(performance.now())).observe(node, { childList: true });
        }"""
    )
    start_camera(page)
    expect(page.locator("#camera-spoken")).to_have_text(re.compile(r"^Person 1: \w+\.$"))
    page.wait_for_timeout(3000)
    first, *others = page.evaluate("window.spoken")
    assert all(each - first > 5000 for each in others)  # the face has changed since, and the next words are due later
