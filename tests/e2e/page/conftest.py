"""Chromium and the services that its tests share."""

from __future__ import annotations

import pytest
from browsing import TOKEN, ServeCommand, launch, made_camera, opened
from playwright.sync_api import expect, sync_playwright


@pytest.fixture(scope="package")
def playwright():
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def browser(playwright, tmp_path_factory):
    """Chromium with a made-up camera that every page may use."""
    seen = made_camera(tmp_path_factory.mktemp("camera") / "seen.mjpeg")
    browser = launch(
        playwright, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={seen}", "--host-resolver-rules=MAP faces.test 127.0.0.1",
    )  # fmt: skip
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def service(browser):
    with ServeCommand("--max-mib", "2") as service:
        yield service


@pytest.fixture(scope="package")
def guarded(browser):
    """A service that asks for a token, and has a name that no browser takes for this computer."""
    with ServeCommand("--allow-host", "faces.test", environment={"EMOCLASS_TOKEN": TOKEN}) as service:
        yield service


@pytest.fixture
def page(browser, service):
    with opened(browser, service.address) as page:
        expect(page.locator("#work")).to_be_visible()
        yield page
