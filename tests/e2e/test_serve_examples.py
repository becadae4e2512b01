"""The examples of docs/serve.md, run as they stand there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("playwright", reason="needs the test extra")

from browsing import ServeCommand, launch, made_camera, opened, picture
from made_videos import make_video
from playwright.sync_api import sync_playwright

PAGE = (Path(__file__).parents[2] / "docs" / "serve.md").read_text(encoding="utf-8")
ADDRESS = "127.0.0.1:8000"
TOKEN = "0123456789abcdef"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("curl") is None, reason="the examples need curl"),
]


def examples(section, language):
    """Return the code of a section in a language."""
    text = re.split(rf"^#+ {section}$", PAGE, flags=re.MULTILINE)[1]
    return re.findall(rf"```{language}\n(.*?)```", re.split(r"^#+ ", text, flags=re.MULTILINE)[0], re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with the files that the examples name."""
    folder = tmp_path_factory.mktemp("examples")
    two = picture(("happy", "surprised"))
    two.save(folder / "family.jpg", quality=95)
    picture(("happy",)).save(folder / "anna.jpg", quality=95)
    picture(("sad",)).save(folder / "ben.png")
    width, height = (side // 2 * 2 for side in two.size)
    make_video(folder / "clip.mp4", [np.asarray(two.convert("RGB"))[:height, :width]] * 25)
    (folder / "token.txt").write_text(TOKEN + "\n")
    return folder


@pytest.fixture(scope="module")
def service():
    with ServeCommand() as service:
        yield service


def answers(code, folder, service):
    """Run commands, and return the JSON documents that each of them printed."""
    code = code.replace(ADDRESS, f"127.0.0.1:{service.port}").replace("curl ", "curl --silent --show-error --fail ")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found, at = [], 0
    while at < len(done.stdout):
        document, at = json.JSONDecoder().raw_decode(done.stdout, at)
        found.append(document)
    return found


def test_images_with_curl(folder, service):
    forms, with_json = examples("Images", "sh")
    one, several, raw = answers(forms, folder, service)
    assert [each["path"] for each in one] == ["family.jpg"]
    assert len(one[0]["faces"]) == len(raw[0]["faces"]) == 2
    assert [each["path"] for each in several] == ["anna.jpg", "ben.png"]
    assert all(set(face["scores"]) == {"happy", "sad"} for each in several for face in each["faces"])
    assert len(several[0]["faces"]) == 1
    ((image,),) = answers(with_json, folder, service)
    assert image["path"] == "anna.jpg"
    assert image["faces"][0]["scores"].keys() == {"happy", "sad"}


def test_images_with_python(folder, service):
    (code,) = examples("Images", "python")
    code = code.replace(ADDRESS, f"127.0.0.1:{service.port}")
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["anna.jpg", "ben.png"]


def test_the_shown_answer_has_the_fields_of_a_true_one(folder, service):
    (shown,) = map(json.loads, examples("Images", "json"))
    (found,) = answers(f"curl -F images=@family.jpg http://{ADDRESS}/v1/predictions", folder, service)
    assert list(shown[0]) == list(found[0])
    assert list(shown[0]["faces"][0]) == list(found[0]["faces"][0])
    fields = set(re.findall(r"`([a-z_]+)`", "".join(re.findall(r"^\| (`.+?) \|", PAGE, re.MULTILINE))))
    assert set(found[0]) - {"faces"} <= fields


def test_videos(folder, service):
    (code,) = examples("Videos", "sh")
    short, with_moments = answers(code, folder, service)
    assert short["frames"] == with_moments["frames"] == len(with_moments["moments"]) == 25
    assert len(short["persons"]) == 2


def test_every_limit_is_documented(folder, service):
    (limits,) = answers(f"curl http://{ADDRESS}/v1/limits", folder, service)
    section = PAGE.partition("\n## Limits\n")[2].partition("\n## ")[0]
    assert set(limits) - set(re.findall(r"`([a-z_]+)`", section)) == set()


def test_every_metric_is_documented(folder, service):
    text = subprocess.run(
        ["curl", "--silent", f"{service.address}metrics"], capture_output=True, text=True, timeout=30
    ).stdout
    names = {name for name in re.findall(r"^# TYPE (\w+)", text, re.MULTILINE) if not name.endswith("_created")}
    assert len(names) > 8
    assert {name for name in names if f"`{name}`" not in PAGE and f"`{name}{{" not in PAGE} == set()


def test_the_token(folder):
    code = examples("Tokens and TLS", "sh")[1]
    with ServeCommand(environment={"EMOCLASS_TOKEN": TOKEN}) as service:
        ((image,),) = answers(code, folder, service)
        assert len(image["faces"]) == 2
        with pytest.raises(AssertionError, match="401"):
            answers(code.replace("-H @header.txt", ""), folder, service)


def test_live_in_a_browser(tmp_path, service):
    (code,) = examples("Live", "js")
    code = code.replace(ADDRESS, f"127.0.0.1:{service.port}")
    camera = made_camera(tmp_path / "seen.mjpeg")
    with sync_playwright() as playwright:
        browser = launch(
            playwright, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={camera}",
        )  # fmt: skip
        with opened(browser, service.address) as page:
            lines = page.evaluate(
                f"""async () => {{
                    const video = document.createElement("video");
                    video.srcObject = await navigator.mediaDevices.getUserMedia({{video: true}});
                    await video.play();
                    const lines = [];
                    const console = {{log: (...words) => lines.push(words)}};
                    {code}
                    while (lines.length < 5) await new Promise((done) => setTimeout(done, 50));
                    socket.onmessage = null;
                    socket.close();
                    return lines;
                }}"""
            )
        browser.close()
    assert all(isinstance(person, int) and 0 <= share <= 1 for person, _, share in lines)
