"""`emoclass serve --proxy`: what a reverse proxy says of its clients is believed, and nobody else is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import httpx
import pytest
from click.testing import CliRunner

from emoclass.cli.serve import TOKEN, serve

pytest.importorskip("fastapi", reason="needs the serve extra")

SECRET = "0123456789abcdef"
FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}


@contextmanager
def service(log, *options):
    """Run a service, and yield a client that knows the token; stderr is written to a file."""
    command = [sys.executable, "-m", "emoclass", "serve", "faces", "--port", "0", "--workers", "1", *options]
    with log.open("w") as stderr:
        process = subprocess.Popen(
            command, env={**os.environ, TOKEN: SECRET}, stdout=subprocess.PIPE, stderr=stderr, text=True
        )
        try:
            line = process.stdout.readline()
            assert line.startswith("Serving at "), log.read_text()
            headers = {"Authorization": f"Bearer {SECRET}"}
            with httpx.Client(base_url=line.split()[2], headers=headers, trust_env=False, timeout=60) as client:
                yield client
            process.send_signal(signal.SIGTERM)
            assert process.wait(120) == 0
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def sign_in(log, *options):
    """Return the cookie that a client of the proxy gets, and the address that the log has."""
    with service(log, *options) as client:
        cookie = client.post("/v1/session", headers=FORWARDED).headers["set-cookie"]
    line = next(each for each in log.read_text().splitlines() if "/v1/session" in each)
    return cookie, json.loads(line[line.index("{") :])["client"]


def test_behind_a_proxy_the_cookie_is_secure_and_the_log_has_the_client(tmp_path):
    cookie, address = sign_in(tmp_path / "log", "--proxy", "127.0.0.0/8")
    assert "; Secure" in cookie
    assert address == "203.0.113.7"


@pytest.mark.parametrize("options", [(), ("--proxy", "192.0.2.1")], ids=["no proxy", "another"])
def test_others_are_not_believed(tmp_path, options):
    cookie, address = sign_in(tmp_path / "log", *options)
    assert "Secure" not in cookie
    assert address == "127.0.0.1"


def test_a_proxy_needs_a_token(monkeypatch):
    monkeypatch.delenv(TOKEN, raising=False)
    done = CliRunner().invoke(serve, ["faces", "--proxy", "127.0.0.1"])
    assert "--proxy: expected a token" in str(done.exception)


@pytest.mark.parametrize("given", ["nginx", "*", "10.0.0.1/8"])
def test_a_proxy_is_an_address_or_a_network(given):
    done = CliRunner().invoke(serve, ["faces", "--proxy", given])
    assert (done.exit_code, "--proxy" in done.output) == (2, True), done.output
