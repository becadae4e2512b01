"""`POST /v1/videos`: every way to send a video, and to leave before it is watched."""

from __future__ import annotations

import io
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

pytest.importorskip("av", reason="needs the video extra")
pytest.importorskip("fastapi", reason="needs the serve extra")
pytest.importorskip("emoclass_faces", reason="needs the faces plugin, which brings a pretrained model")

from made_videos import make_video, shades
from PIL import Image
from served import Served, drawn, serving
from service import wait_until

import emoclass
from emoclass.serving.documents import VideoDocument
from emoclass.serving.settings import MIB, Limits

pytestmark = pytest.mark.slow  # each needs a service

CLIP = Path(__file__).parents[4] / "shared" / "data" / "videos" / "single_face.mp4"


@pytest.fixture(scope="module")
def served():
    with serving("faces", limits=Limits(max_video_bytes=4 * MIB)) as started:
        yield started


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> bytes:
    return make_video(tmp_path_factory.mktemp("clips") / "a.mp4", shades(10)).read_bytes()


@pytest.fixture
def fake_av(tmp_path, monkeypatch):
    """Put something else in the place of PyAV in processes that watch."""

    def write(code: str) -> None:
        (tmp_path / "fake" / "av").mkdir(parents=True)
        (tmp_path / "fake" / "av" / "__init__.py").write_text(code)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "fake"))

    return write


def post(served: Served, data, kind: str | None = "video/mp4", **query):
    headers = {} if kind is None else {"content-type": kind}
    return served.client.post("/v1/videos", content=data, headers=headers, params=query)


def watching() -> list[psutil.Process]:
    """Return the processes that watch videos."""
    found = []
    for process in psutil.Process().children():
        try:
            if "emoclass.serving.video_worker" in process.cmdline():
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


@pytest.mark.skipif(not CLIP.exists(), reason="needs the shared clips beside the checkout")
def test_a_clip_gives_what_the_library_says(served):
    answer = post(served, CLIP.read_bytes(), largest=True, every=0.2, smoothing=0.5, start=0.3, end=2)
    assert answer.status_code == 200, answer.text
    with emoclass.watch(CLIP, "faces", largest=True, every=0.2, smoothing=0.5, start=0.3, end=2) as expected:
        moments = [moment.to_json() for moment in expected]
    document = answer.json()
    assert document["frames"] == len(moments)
    assert document["persons"] == [person.to_json() for person in expected.persons] != []
    assert document["events"] == [event.to_json() for event in expected.events]
    VideoDocument.model_validate(document, strict=True)
    assert set(document) == set(VideoDocument.model_fields) - {"moments"}
    with CLIP.open("rb") as file:
        query = {"largest": True, "every": 0.2, "smoothing": 0.5, "start": 0.3, "end": 2, "moments": True}
        answer = served.client.post("/v1/videos", files={"video": ("secret name.mp4", file)}, params=query)
    assert answer.json()["moments"] == moments
    assert "secret" not in answer.text
    VideoDocument.model_validate(answer.json())


@pytest.mark.parametrize("kind", ["video/mp4", "video/quicktime", "application/octet-stream", "image/gif"])
def test_the_content_decides(served, clip, kind):
    answer = post(served, clip, kind)
    assert answer.status_code == 200, answer.text
    assert answer.json()["frames"] == 10
    assert answer.json()["model"] == "faces:faces:fast"


def test_it_is_in_the_openapi_document(served):
    document = served.client.get("/v1/openapi.json").json()
    operation = document["paths"]["/v1/videos"]["post"]
    assert {"200", "413", "422", "501", "503"} <= set(operation["responses"])
    assert {"every", "smoothing", "start", "end", "moments", "labels"} <= {
        each["name"] for each in operation["parameters"]
    }
    assert served.client.get("/v1/limits").json()["max_video_seconds"] == 120


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ({"model": "facse"}, 404, "model: expected one of faces"),
        ({"labels": "happy,bored"}, 400, "labels: expected at least two"),
        ({"start": 3, "end": 2}, 400, "end: expected more than start (3 s), got 2 s."),
        ({"end": "nan"}, 400, "end: expected"),
        ({"start": "inf"}, 400, "start: expected"),
        ({"every": "inf"}, 400, "every: expected"),
        ({"every": -1}, 400, "every: expected"),
        ({"smoothing": 1e9}, 400, "smoothing: expected"),
        ({"path": "/etc/passwd"}, 400, "path: there is no such setting."),
        ({"start": 60}, 422, "video: no frames from 60 s on: it ends at 0.36 s."),
    ],
)
def test_wrong_settings_are_named(served, clip, query, status, said):
    answer = post(served, clip, **query)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith(said)


def chunked(n: int):
    for _ in range(n):
        yield bytes(MIB)


@pytest.mark.parametrize(
    ("kind", "body", "status", "said"),
    [
        ("video/mp4", b"", 422, "video: empty file."),
        ("video/mp4", b"hello", 422, "video: not a video, or damaged"),
        ("video/mp4", drawn(), 422, "video: a picture, expected a video."),
        ("image/png", drawn(), 415, "Content-Type: expected video/*"),
        (None, b"x", 415, "Content-Type: expected video/*"),
        ("application/json", b'{"video": "http://example.org/a.mp4"}', 415, "Content-Type: expected video/*"),
        ("video/mp4", bytes(4 * MIB + 1), 413, "body: expected at most 4 MiB, got more."),
        ("multipart/form-data; boundary=x", b"nothing", 400, "multipart/form-data: "),
        ("multipart/form-data; boundary=x", b"--x--\r\n", 400, "video: expected a file in the form, got none."),
    ],
)
def test_odd_bodies(served, kind, body, status, said):
    answer = post(served, body, kind)
    assert (answer.status_code, answer.json()["detail"][: len(said)]) == (status, said)


def test_a_body_without_a_stated_length_is_counted(served):
    answer = post(served, chunked(6))
    assert answer.status_code == 413


def test_one_video_at_a_time_is_sent(served, clip):
    files = [("video", ("a.mp4", clip)), ("video", ("b.mp4", clip))]
    answer = served.client.post("/v1/videos", files=files)
    assert (answer.status_code, answer.json()["detail"]) == (413, "files: expected at most 1 in a request, got more.")


def test_an_animated_gif_is_a_video_and_a_still_one_is_not(served):
    pictures = [Image.fromarray(pixels) for pixels in shades(4)]
    moving, still = io.BytesIO(), io.BytesIO()
    pictures[0].save(moving, "GIF", save_all=True, append_images=pictures[1:], duration=100)
    pictures[0].save(still, "GIF")
    assert post(served, moving.getvalue(), "image/gif").json()["frames"] == 4
    assert post(served, still.getvalue(), "image/gif").status_code == 422


def test_without_pyav_the_answer_says_what_to_install(served, clip, fake_av):
    fake_av("raise ImportError('no libc')")
    answer = post(served, clip)
    assert answer.status_code == 501
    assert answer.json()["hint"] == 'Install with: pip install "emoclass[video]"'


def test_a_crash_ends_nothing_else(served, clip, fake_av, monkeypatch):
    fake_av("import os\nos.abort()")
    answer = post(served, clip)
    assert answer.status_code == 422
    assert answer.json()["detail"] == "video: the process that watched it ended (SIGABRT)."
    assert served.predict(drawn())[0]["faces"]
    monkeypatch.delenv("PYTHONPATH")
    assert post(served, clip).status_code == 200


def test_when_the_client_leaves_its_process_ends_and_meanwhile_others_get_503(served, clip, fake_av):
    fake_av("import time\ntime.sleep(600)")
    address = served.address.removeprefix("http://").strip("/")
    head = f"POST /v1/videos HTTP/1.1\r\nHost: {address}\r\n"
    head += f"Content-Type: video/mp4\r\nContent-Length: {len(clip)}\r\n\r\n"
    host, port = address.split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(head.encode() + clip)
        wait_until(watching)
        answer = post(served, clip)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        assert answer.json()["detail"] == "The service watches 1 video already."
        assert "emoclass_watched_videos 1.0" in served.client.get("/metrics").text
        assert served.predict(drawn())[0]["faces"]
    wait_until(lambda: not watching())
    wait_until(lambda: not served.service.videos.n_watching)
    wait_until(lambda: not served.service.memory.held)


def test_a_service_that_ends_gives_up_a_video_that_would_take_longer(clip, fake_av, monkeypatch):
    monkeypatch.setattr("emoclass.serving.server.GRACE_SECONDS", 8)
    fake_av("import time\ntime.sleep(600)")
    query = {"content": clip, "headers": {"content-type": "video/mp4"}, "timeout": 60, "trust_env": False}
    with ThreadPoolExecutor(1) as pool:
        with serving("faces") as served:
            sent = pool.submit(httpx.post, f"{served.address}v1/videos", **query)
            wait_until(watching)
        answer = sent.result(60)
    assert (answer.status_code, answer.json()["detail"]) == (503, "The service is about to end.")
    assert not watching()
