"""The service as a whole: models, reload, the token, TLS, health, the log, and its end."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import socket
import ssl
import threading
from functools import partial
from pathlib import Path

import httpx
import pytest

pytest.importorskip("fastapi", reason="needs the serve extra")

import emoclass_faces
from served import drawn, serving
from service import wait_until

from emoclass import Registry
from emoclass.errors import BundleError, ConfigError
from emoclass.serving import server
from emoclass.serving.models import read_models
from emoclass.serving.settings import Limits, Settings

pytestmark = pytest.mark.slow  # each starts a service

TOKEN = "0123456789abcdef"
TRAINED = Path(emoclass_faces.__file__).parent / "trained"


@pytest.fixture
def folder(tmp_path):
    """Return a copy of a bundle, which a test may change."""
    return Path(shutil.copytree(TRAINED, tmp_path / "mine"))


def read(*sources):
    return read_models(sources, Registry.discover())


def test_models_are_named_as_they_were_given(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    models = read("faces", "mine", "other=mine", "faces:faces:fast", "third=faces")
    assert list(models) == ["faces", "mine", "other", "faces:faces:fast", "third"]
    assert [models[name].live_name for name in models] == [
        "faces:faces:fast", "mine", "other", "faces:faces:fast", "faces:faces:fast",
    ]  # fmt: skip
    with pytest.raises(ConfigError, match="expected different names, got 'faces' twice"):
        read("faces", "faces")
    with pytest.raises(BundleError):
        read("nowhere/at/all")


def test_what_is_said_of_a_model(folder):
    with serving(str(folder), "faces") as served:
        mine, faces = served.client.get("/v1/models").json()
        assert (mine["name"], mine["is_default"], faces["is_default"]) == ("mine", True, False)
        assert faces["measured"]["accuracy"].keys() >= {"value", "ci_low", "ci_high", "n_samples", "split"}
        assert faces["labels"][0] == "happy" and faces["live_measured"]["accuracy"]["n_samples"]
        assert str(folder) not in served.client.get("/v1/models").text
        assert served.predict(drawn(), model="mine") == served.predict(drawn())


def test_reload_takes_a_changed_model_without_dropping_a_request(folder):
    reading = partial(read, str(folder))
    with serving(read=reading, workers=2) as served:
        before = served.client.get("/v1/models").json()[0]["digest"]
        statuses, is_over = [], threading.Event()

        def ask():
            with httpx.Client(base_url=served.address, trust_env=False, timeout=60) as client:
                while not is_over.is_set():
                    answer = client.post("/v1/predictions", files={"image": drawn()})
                    statuses.append(answer.status_code)

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        shutil.rmtree(folder)
        shutil.copytree(TRAINED.with_name("trained_fast"), folder)
        served.call(served.service.reload())
        is_over.set()
        for thread in threads:
            thread.join()
        assert set(statuses) == {200} and len(statuses) > 3
        assert served.client.get("/v1/models").json()[0]["digest"] != before


def test_broken_model_does_not_take_the_place_of_one_that_works(folder, caplog):
    with serving(read=partial(read, str(folder))) as served:
        before = served.predict(drawn())
        (folder / "model.tflite").write_bytes(b"nonsense")
        served.call(served.service.reload())
        assert "the models were not reloaded" in caplog.text
        assert served.predict(drawn()) == before
        # A worker that is started again has the model that was read, not what lies there now.
        os.kill(served.service.pool.pids[0], signal.SIGKILL)
        assert served.predict(drawn()) == before


def test_a_worker_that_dies_while_it_has_nothing_to_do_is_started_again(caplog):
    with serving() as served:
        (pid,) = served.service.pool.pids
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: served.service.pool.pids != [pid] and served.service.pool.n_ready)
        assert served.service.pool.restarts == 1
        assert "a worker ended (SIGKILL) and is started again" in caplog.text
        assert served.predict(drawn())


def test_health_and_figures():
    with serving() as served:
        assert served.client.get("/healthz").json() == {"status": "ok"}
        for path in ("/", "/healthz", "/readyz"):  # what monitors ask
            answer = served.client.head(path)
            assert (answer.status_code, answer.content) == (200, b"")
        assert served.client.get("/readyz").json() == {"ready": True, "workers": 1}
        served.predict(drawn(), b"broken")
        text = served.client.get("/metrics").text
        for line in (
            'emoclass_requests_total{route="/v1/predictions",status="200"} 1.0',
            'emoclass_images_total{outcome="classified"} 1.0',
            'emoclass_images_total{outcome="unreadable"} 1.0',
            "emoclass_faces_total 1.0",
            "emoclass_workers_ready 1.0",
            "emoclass_held_bytes 0.0",
        ):
            assert line in text


def test_log_holds_no_names(caplog):
    caplog.set_level(logging.INFO, "emoclass.serving.access")
    with serving() as served:
        served.client.post("/v1/predictions?model=secret", files={"i": ("secret.jpg", drawn())})
        served.client.post("/v1/predictions", files={"i": ("secret.jpg", drawn())})
        served.client.get("/secret")
    lines = [json.loads(each.message) for each in caplog.records if each.name == "emoclass.serving.access"]
    assert [(each["method"], each["route"], each["status"]) for each in lines] == [
        ("POST", "/v1/predictions", 404), ("POST", "/v1/predictions", 200), ("GET", "none", 404),
    ]  # fmt: skip
    assert all(each["milliseconds"] > 0 for each in lines)
    assert "secret" not in caplog.text


def test_token_and_cookie():
    with serving(token=TOKEN) as served:
        client = served.client
        assert client.get("/v1/session").json() == {"required": True, "authenticated": False}
        assert client.get("/v1/models").status_code == 401
        assert client.post("/v1/session", json={"token": "wrong"}).status_code == 401
        assert client.post("/v1/session", content=b"x" * 10_000).status_code == 413
        answer = client.post("/v1/session", json={"token": TOKEN})
        assert answer.status_code == 204
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=strict" in cookie and TOKEN not in cookie
        assert client.get("/v1/session").json() == {"required": True, "authenticated": True}
        assert client.get("/v1/models").status_code == 200
        client.delete("/v1/session")
        assert client.get("/v1/models").status_code == 401
        assert client.get("/v1/models", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))
    monkeypatch.setattr("tempfile.tempdir", None)
    with serving() as served:
        large = drawn(size=(1800, 1500), side=700, kind="BMP")
        assert len(large) > 2**22
        assert len(served.predict(large, large)) == 2
    assert not list(tmp_path.iterdir())


def test_tls(certificate):
    with serving(certificate=certificate[0], key=certificate[1], token=TOKEN) as served:
        assert served.address.startswith("https://127.0.0.1:")
        context = ssl.create_default_context(cafile=certificate[0])
        with httpx.Client(base_url=served.address, verify=context, trust_env=False, timeout=60) as client:
            assert client.get("/healthz").status_code == 200
            assert "strict-transport-security" in client.get("/").headers
            assert "Secure" in client.post("/v1/session", json={"token": TOKEN}).headers["set-cookie"]


def test_certificate_that_cannot_be_used(certificate, tmp_path):
    (tmp_path / "empty").touch()
    for cert, key in ((certificate[1], certificate[1]), (str(tmp_path / "no"), certificate[1]),
                      (str(tmp_path / "empty"), str(tmp_path / "empty"))):  # fmt: skip
        with pytest.raises(ConfigError, match="cannot be used with its key"):
            server.check_certificate(Settings(certificate=cert, key=key))


def test_address_that_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for settings, hint in ((Settings(port=port), "--port"), (Settings(host="no.such.host.invalid"), "--host")):
            where = f"address {settings.host}:{settings.port}: cannot be listened on"
            with pytest.raises(ConfigError, match=where) as caught, server.listening(settings):
                pass
            assert hint in caught.value.hint


def test_requests_that_are_under_way_are_finished():
    with serving() as served:
        answers = []

        def ask():
            answers.append(
                httpx.post(f"{served.address}v1/predictions", files=[("i", drawn())] * 30, trust_env=False, timeout=60)
            )

        thread = threading.Thread(target=ask)
        thread.start()
        wait_until(lambda: served.service.memory.requests or answers)
    thread.join()
    assert answers[0].status_code == 200 and len(answers[0].json()) == 30


def test_slow_body_gets_408():
    with serving(limits=Limits(body_seconds=0.5, min_rate=1000, header_seconds=1)) as served:
        host, port = "127.0.0.1", int(served.address.rstrip("/").rpartition(":")[2])
        with socket.create_connection((host, port)) as slow:
            slow.sendall(b"POST /v1/predictions HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
                         b"Content-Length: 1000000\r\n\r\nbegins")  # fmt: skip
            slow.settimeout(60)
            answer = b"".join(iter(lambda: slow.recv(4096), b""))
        assert answer.startswith(b"HTTP/1.1 408 ") and b"The body came too slowly" in answer
        assert served.service.memory.requests == 0
