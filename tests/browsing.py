"""The page of the service in a real browser: Chromium, the command that serves it, and pictures to show it."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Self

import httpx
import numpy as np
import pytest
from drawn_pictures import encoded
from PIL import Image
from playwright.sync_api import Browser, Page, Playwright

from emoclass.data.synthetic_faces import draw_face

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
)  # fmt: skip

TOKEN = "a-token-of-the-tests"

FACE = 200
"""The side of a drawn face, in pixels."""


def chromium() -> str:
    """Return where Chromium is; without one, skip the test, or fail it under CI."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        missing = "no Chromium is installed, such as with: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


def launch(playwright: Playwright, *further: str) -> Browser:
    """Start Chromium with further options."""
    return playwright.chromium.launch(executable_path=chromium(), args=[*QUIET, *further])


class ServeCommand:
    """`emoclass serve faces` as a process of its own.

    Args:
        options: Of the command.
        environment: Further environment variables.
        port: Where it listens; 0 takes a free port.

    Attributes:
        address: Where it answers, such as `http://127.0.0.1:50123/`.
    """

    def __init__(self, *options: str, environment: dict[str, str] | None = None, port: int = 0) -> None:
        command = [sys.executable, "-m", "emoclass", "serve", "faces", "--workers", "1", "--quiet", "--port", str(port)]
        self._process = subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", **(environment or {})},
        )  # fmt: skip
        assert self._process.stdout is not None and self._process.stderr is not None
        line = self._process.stdout.readline()  # it comes when the service answers, or is empty at the end
        assert line.startswith("Serving at "), self._process.communicate()[1]
        self.address = line.split()[2]
        self._said = threading.Thread(target=self._process.stderr.read)  # a full pipe would stop it
        self._said.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return httpx.URL(self.address).port or 80

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(120)
        self._said.join(120)
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@contextmanager
def opened(browser: Browser, address: str, **options: Any) -> Iterator[Page]:
    """Open the page in a context of its own; afterwards, check what no test must see.

    That is: an error in a script, something that the content security policy blocked, a request to another place.
    """
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    context.set_default_timeout(90_000)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(f"script: {error}"))
    page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    page.on("request", lambda request: wrong.append(request.url) if not _is_own(request.url, address) else None)
    page.goto(address)
    try:
        yield page
        assert not wrong
    finally:
        context.close()


def _is_own(url: str, address: str) -> bool:
    return url.startswith((address, address.replace("http", "ws", 1), f"blob:{address}", "data:"))


def show(page: Page, *pictures: tuple[str, bytes], timeout: float = 90) -> None:
    """Choose files, and wait for the answers."""
    page.locator("#work").wait_for()
    page.locator("#files").set_input_files([file(name, content) for name, content in pictures])
    finished(page, timeout)


def finished(page: Page, timeout: float = 90) -> None:
    """Wait until all photos have an answer."""
    page.locator("#photos-results").wait_for()
    page.locator("#progress").wait_for(state="hidden", timeout=1000 * timeout)


def file(name: str, content: bytes) -> dict[str, Any]:
    """Return a file as Playwright takes it."""
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def picture(emotions: Sequence[str] = ("happy",), size: tuple[int, int] | None = None) -> Image.Image:
    """Draw one person beside the other; the detector finds their faces, and the model their emotions."""
    width, height = size or (260 * len(emotions) + 60, 320)
    image = Image.new("RGB", (width, height), (214, 219, 226))
    for index, emotion in enumerate(emotions):
        face = portrait(emotion, index)
        image.paste(face, (60 + 260 * index, (height - FACE) // 2))
    return image


@cache
def portrait(emotion: str, seed: int) -> Image.Image:
    """Draw a face."""
    return draw_face(emotion, np.random.default_rng(seed)).resize((FACE, FACE), Image.Resampling.LANCZOS)


def landscape() -> Image.Image:
    """Draw a picture without a face."""
    shades = np.linspace(90, 200, 240)[:, None, None] * np.array([0.8, 0.9, 1.0])
    return Image.fromarray(np.broadcast_to(shades, (240, 320, 3)).astype(np.uint8))


def made_camera(path: Path) -> Path:
    """Write what a made-up camera sees: a person, a second happy and a second surprised, again and again."""
    happy, surprised = (picture((emotion,), (640, 360)) for emotion in ("happy", "surprised"))
    course = [*np.linspace(0, 1, 10), *[1] * 20, *np.linspace(1, 0, 10), *[0] * 20]
    path.write_bytes(b"".join(encoded(Image.blend(happy, surprised, share), "JPEG") for share in course))
    return path


def eventually(test: Any, *, seconds: float = 60.0) -> None:
    """Wait until a function returns something true: what a selector cannot ask for."""
    end = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < end, f"not within {seconds:g} seconds"
        time.sleep(0.05)


def faces_shown(page: Page) -> list[str]:
    """Return the emotion of each face beside the picture."""
    return page.locator("#faces .face strong").all_inner_texts()


def pixel(page: Page, canvas: str, x: float, y: float) -> tuple[int, ...]:
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


def download(page: Page, button: str) -> tuple[str, bytes]:
    """Press a button, and return the file that it gives, with its name."""
    with page.expect_download() as started:
        page.locator(button).click()
    return started.value.suggested_filename, Path(started.value.path()).read_bytes()


def rows(content: bytes) -> list[list[str]]:
    """Return the cells of a CSV file."""
    return list(csv.reader(io.StringIO(content.decode())))


def is_near(color: Sequence[int], other: Sequence[int]) -> bool:
    """Tell whether two colors look alike, one of them perhaps from a JPEG file or blended at an edge."""
    return max(abs(a - b) for a, b in zip(color, other, strict=True)) < 40


def labels_of(document: dict[str, Any]) -> list[str]:
    """Return the emotions of the faces in an entry of `predict --json`."""
    return [face["label"] for face in document.get("faces", [])]


def start_camera(page: Page) -> None:
    """Go to the camera, and start it."""
    page.get_by_role("tab", name="Camera").click()
    page.get_by_role("button", name="Start the camera").click()


def sign_in(page: Page, token: str) -> None:
    """Enter a token."""
    page.get_by_label("Token").fill(token)
    page.keyboard.press("Enter")
