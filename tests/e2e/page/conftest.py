"""Chromium and the services that the tests of a file share.

Not longer: while Playwright runs, no other test of this process can start an event loop.
"""

from __future__ import annotations

import pytest
from browsing import TOKEN, ServeCommand, launch, made_camera, opened
from playwright.sync_api import expect, sync_playwright


@pytest.fixture(scope="module")
def playwright():
    expect.set_options(timeout=60_000)  # on a busy machine, the usual 5 seconds are too few
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
