"""`POST /v1/predictions`: every way to send images, and every way to send something else."""

from __future__ import annotations

import base64
import io
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

pytest.importorskip("fastapi", reason="needs the serve extra")

from crashing_worker import CRASHES, HANGS, KILLED
from PIL import Image
from served import drawn, encoded, plain, serving
from service import wait_until

import emoclass
from emoclass.serving.documents import PictureDocument, PredictionDocument, UnreadableDocument
from emoclass.serving.settings import Limits

pytestmark = pytest.mark.slow  # each needs a service

BROKEN = b"\x89PNG\r\n\x1a\n broken"


@pytest.fixture(scope="module")
def served():
    with serving() as found:
        yield found


@pytest.fixture(scope="module")
def faces():
    return emoclass.load("faces", threads=1)


def said(classifier, data, path):
    [found] = classifier.find_batches([data], threads=1)
    return {**found.to_json(), "path": path}


def rounded(document):
    return json.loads(json.dumps(document), parse_float=lambda each: round(float(each), 4))


def test_form_of_several_images_gives_what_the_library_says(served, faces):
    images = [drawn("happy"), BROKEN, plain(), drawn("sad", kind="JPEG")]
    found = served.predict(*images)
    assert rounded(found) == rounded([said(faces, data, f"{number}.png") for number, data in enumerate(images)])
    assert [len(each.get("faces", ())) for each in found] == [1, 0, 0, 1]
    assert "error" in found[1]


@pytest.mark.parametrize("kind", ["image/png", "application/octet-stream", "IMAGE/PNG; name=x"])
def test_raw_bytes_are_one_image(served, faces, kind):
    data = drawn("happy")
    answer = served.client.post("/v1/predictions", content=data, headers={"content-type": kind})
    assert answer.status_code == 200
    assert rounded(answer.json()) == rounded([said(faces, data, None)])


def test_json_takes_base64_data_urls_and_names(served, faces):
    data = drawn("happy")
    text = base64.b64encode(data).decode()
    images = [text, f"data:image/png;base64,{text}", {"path": "a.png", "data": text[:40] + "\n" + text[40:]}]
    answer = served.client.post("/v1/predictions", json={"images": images, "labels": ["happy", "sad"], "top": 1})
    assert answer.status_code == 200, answer.text
    expected = said(faces.among("happy,sad"), data, None)
    for document, path in zip(answer.json(), (None, None, "a.png"), strict=True):
        assert document["path"] == path
        [face] = document["faces"]
        label = expected["faces"][0]["label"]
        assert rounded(face["scores"]) == rounded({label: expected["faces"][0]["scores"][label]})


def test_settings_are_those_of_predict(served):
    two = Image.new("RGB", (900, 400), (120, 130, 140))
    for left, side in ((40, 260), (560, 180)):
        two.paste(Image.open(io.BytesIO(drawn("happy", side, (side, side)))), (left, 60))
    data = encoded(two)
    assert len(served.predict(data)[0]["faces"]) == 2
    [found] = served.predict(data, largest=True)
    assert len(found["faces"]) == 1 and found["n_left_out"] == 1
    [found] = served.predict(data, max_faces=1, labels="sad,happy")
    assert list(found["faces"][0]["scores"]) == ["sad", "happy"]
    [found] = served.predict(data, faces="never")
    assert set(found) == {"path", "label", "probability", "scores"}
    assert served.predict(data, min_face=10_000)[0]["n_left_out"] == 2


def test_answers_fit_the_openapi_document(served):
    for document in served.predict(drawn(), plain(), BROKEN):
        kind = UnreadableDocument if "error" in document else PictureDocument
        assert set(document) <= set(kind.model_fields)
        kind.model_validate(document)
    PredictionDocument.model_validate(served.predict(drawn(), faces="never")[0])
    assert "/v1/predictions" in served.client.get("/v1/openapi.json").json()["paths"]


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ({"model": "facse"}, 404, "model: expected one of faces, got 'facse'."),
        ({"labels": "happy,bored"}, 400, "labels: expected at least two of the model's"),
        ({"labels": "happy"}, 400, "labels: expected at least two"),
        ({"faces": "maybe"}, 400, "faces: expected 'auto', 'find' or 'never', got 'maybe'."),
        ({"top": 0}, 400, "top: expected at least 1, got '0'."),
        ({"min_detection": 2}, 400, "min_detection: expected"),
        ({"min_face": "nan"}, 400, "min_face: expected"),
        ({"min_detection": "-1"}, 400, "min_detection: expected at least 0, got '-1'."),
        ({"top": "two"}, 400, "top: expected a whole number, got 'two'."),
        ({"min_face": "small"}, 400, "min_face: expected a number, got 'small'."),
        ({"largest": "perhaps"}, 400, "largest: expected true or false, got 'perhaps'."),
        ({"labels": ["happy", "sad"]}, 400, "labels: expected once, got 2 times."),
        ({"lables": "happy"}, 400, "lables: there is no such setting."),
    ],
)
def test_wrong_settings_are_named(served, query, status, said):
    answer = served.client.post("/v1/predictions", params=query, content=plain(), headers={"content-type": "image/png"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["detail"].startswith(said), problem
    assert problem["status"] == status and problem["title"]


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ({"lables": "happy,sad"}, "Did you mean 'labels'?"),
        ({"speed": "1"}, "The settings are model, labels, largest, min_face, min_detection, faces, max_faces, top."),
        ({"labels": ["happy", "sad"]}, "Separate emotions with commas: labels=happy,sad."),
    ],
)
def test_wrong_settings_come_with_a_hint(served, query, hint):
    answer = served.client.post("/v1/predictions", params=query, content=plain(), headers={"content-type": "image/png"})
    assert answer.json()["hint"] == hint


@pytest.mark.parametrize(
    ("kind", "body", "hint"),
    [
        ("application/x-www-form-urlencoded", b"x", 'With curl, add for example -H "Content-Type: image/jpeg".'),
        ("video/mp4", b"x", "Videos go to /v1/videos."),
        (
            "multipart/form-data; boundary=x",
            b"--x--\r\n",
            "With curl, -F images=@FILE sends a file; without @ it sends text.",
        ),
        (
            "application/json",
            b'{"images": ["https://example.org/a.jpg"]}',
            "The service fetches nothing: send the image itself.",
        ),
    ],
)
def test_wrong_bodies_come_with_a_hint(served, kind, body, hint):
    answer = served.client.post("/v1/predictions", content=body, headers={"content-type": kind})
    assert answer.json()["hint"] == hint


def test_wrong_settings_in_json_are_named_too(served):
    text = base64.b64encode(plain()).decode()
    for further, said in (({"top": "x"}, "top: "), ({"colour": 1}, "colour: there is no such setting.")):
        answer = served.client.post("/v1/predictions", json={"images": [text], **further})
        assert answer.status_code == 400
        assert answer.json()["detail"].startswith(said)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "JSON: cannot be read"),
        (b"{", "JSON: cannot be read"),
        (b"\xff\xfe", "JSON: cannot be read"),
        (b"[" * 5_000, "JSON: cannot be read"),
        (b'{"images": [' + b"[]," * 20_000 + b"[]]}", "JSON: expected at most 10,000 brackets"),
        (b"[]", 'JSON: expected an object with a list of "images".'),
        (b'{"images": "x"}', "JSON: expected an object"),
        (b'{"images": []}', "images: expected at least one, got none."),
        (b'{"images": [1]}', "images[0]: expected an image in Base64"),
        (b'{"images": ["***"]}', "images[0]: expected Base64, got something else."),
        (b'{"images": ["data:image/png,xyz"]}', "images[0]: expected a data URL in Base64."),
        (b'{"images": [{"path": "a", "url": "http://x"}]}', "images[0]: expected the keys path and data, got 'url'."),
        (b'{"images": [{"path": "a"}]}', "images[0]: expected an image in Base64"),
    ],
)
def test_odd_json(served, body, said):
    answer = served.client.post("/v1/predictions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(said), answer.text


@pytest.mark.parametrize(
    ("kind", "body", "status", "said"),
    [
        ("", b"x", 415, "Content-Type: expected image/*, "),
        ("text/plain", b"x", 415, "Content-Type: expected image/*, "),
        ("image/png", b"", 400, "images: expected at least one, got none."),
        ("multipart/form-data", b"x", 400, "multipart/form-data: Missing boundary"),
        ("multipart/form-data; boundary=x", b"no parts", 400, "multipart/form-data: "),
        ("multipart/form-data; boundary=x", b"--x--\r\n", 400, "images: expected at least one, got none."),
        ("image/png", b"nonsense", 422, "images: not an image"),
    ],
)
def test_odd_bodies(served, kind, body, status, said):
    answer = served.client.post("/v1/predictions", content=body, headers={"content-type": kind} if kind else {})
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(said), answer.text


def test_only_if_no_image_can_be_read_it_is_an_error(served):
    answer = served.client.post("/v1/predictions", files=[("x", ("a.png", BROKEN)), ("y", ("b.png", b"?"))])
    assert answer.status_code == 422
    assert answer.json()["detail"] == "images: none of the 2 images could be classified."
    assert [each["path"] for each in answer.json()["errors"]] == ["a.png", "b.png"]


def test_other_addresses_and_methods_are_problems(served):
    for answer, status in (
        (served.client.get("/v2"), 404),
        (served.client.get("/page/../app.py"), 404),
        (served.client.get("/v1/predictions"), 405),
    ):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"


def test_limits_have_clear_answers():
    limits = Limits(max_bytes=100_000, max_images=2, max_pixels=200_000, max_memory=150_000)
    with serving(limits=limits) as served:
        [found] = served.predict(plain((500, 400)))
        assert "error" not in found
        for answer, status, said in (
            (served.client.post("/v1/predictions", files=[("i", b"x")] * 3), 413, "files: expected at most 2"),
            (post(served, b"x" * 100_001), 413, "body: expected at most 0.0954 MiB, got more."),
            (post(served, chunked(100_001)), 413, "body: expected at most 0.0954 MiB, got more."),
            (post(served, plain((500, 401))), 422, "images: too large (500x401 pixels; at most 0.2 million)."),
        ):
            assert answer.status_code == status, answer.text
            assert answer.json()["detail"].startswith(said), answer.text
        images = [base64.b64encode(b"x" * 60_000).decode()] * 2
        answer = served.client.post("/v1/predictions", json={"images": images})
        assert answer.status_code in (413, 503)
        assert served.service.memory.held == served.service.memory.requests == 0
        assert served.client.get("/v1/limits").json()["max_images"] == 2


def post(served, content):
    return served.client.post("/v1/predictions", content=content, headers={"content-type": "image/png"})


def chunked(size):
    for _ in range(0, size, 10_000):
        yield b"x" * 10_000


def test_image_that_crashes_a_decoder_harms_no_other(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    with serving(limits=Limits(max_seconds=120), module="crashing_worker") as served:  # workers are started again
        found = served.predict(drawn(), CRASHES, plain(), faces="find")
        error = "the worker process ended twice while it classified this image (SIGABRT, SIGABRT)"
        assert [each.get("error") for each in found] == [None, error, None]
        assert [len(each.get("faces", ())) for each in found] == [1, 0, 0]
        assert served.service.pool.restarts == 2
        assert len(served.predict(drawn())[0]["faces"]) == 1


def test_a_crash_is_the_fault_of_the_image_and_sigkill_is_not(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    with serving(limits=Limits(max_seconds=120), module="crashing_worker") as served:  # workers are started again
        for data, status, signals in ((CRASHES, 422, "SIGABRT, SIGABRT"), (KILLED, 500, "SIGKILL, SIGKILL")):
            answer = post(served, data)
            error = f"the worker process ended twice while it classified this image ({signals})"
            assert (answer.status_code, answer.json()["detail"]) == (status, f"images: {error}.")
            assert answer.json()["errors"] == [{"path": None, "error": error}]
            assert "retry-after" not in answer.headers
        assert answer.json()["hint"] == "The system may lack memory: send something smaller, or try again later."
        found = served.predict(KILLED, drawn(), faces="find")
        assert (found[0]["error"], len(found[1]["faces"])) == (error, 1)
        several = served.client.post("/v1/predictions", files=[("i", b"no image"), ("i", KILLED)])
        assert several.status_code == 500
        assert several.json()["detail"] == "images: none of the 2 images could be classified."
        assert [each["error"] == error for each in several.json()["errors"]] == [False, True]


def test_image_that_stops_a_decoder_gets_503_and_the_next_one_an_answer(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    with serving(limits=Limits(max_seconds=4), module="crashing_worker") as served:
        answer = post(served, HANGS)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert answer.json()["detail"] == "The images were not classified within 4 seconds."
        assert len(served.predict(drawn())[0]["faces"]) == 1


def test_more_requests_than_are_allowed_get_503(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    limits = Limits(max_seconds=120, max_requests=1)
    with serving(limits=limits, module="slow_worker") as served, ThreadPoolExecutor(2) as pool:
        first = pool.submit(post, served, b"hold:" + os.fsencode(tmp_path / "go"))
        wait_until(lambda: served.service.memory.requests)
        second = httpx.post(
            f"{served.address}v1/predictions", content=plain(), headers={"content-type": "image/png"},
            trust_env=False, timeout=60,
        )  # fmt: skip
        assert second.status_code == 503
        assert second.json()["detail"] == "The service answers 1 requests already."
        assert second.headers["retry-after"] == "1"
        assert served.client.get("/healthz").status_code == 200
        (tmp_path / "go").touch()
        assert first.result().status_code == 200


def test_a_request_of_many_images_does_not_keep_others_waiting():
    ended, image = [], drawn()
    with serving() as served, ThreadPoolExecutor(2) as pool:

        def predict(name: str, n_images: int) -> None:
            served.predict(*[image] * n_images)
            ended.append(name)

        many = pool.submit(predict, "many", 64)
        wait_until(lambda: served.service.pool.n_waiting)
        pool.submit(predict, "one", 1).result()
        assert ended == ["one"]
        many.result()
