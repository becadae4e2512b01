"""`emoclass serve`: what it refuses to start with, and a service from its start to its end."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

pytest.importorskip("httpx", reason="needs httpx to ask the service")

import httpx

from emoclass.cli import cli, main
from emoclass.errors import BundleError, ConfigError, MissingPackageError

TOKEN = "0123456789abcdef"


def run(*arguments):
    result = CliRunner().invoke(cli, ["serve", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org"])
def test_other_computers_need_a_token(host, monkeypatch):
    monkeypatch.delenv("EMOCLASS_TOKEN", raising=False)
    with pytest.raises(ConfigError, match=f"host {re.escape(host)}: expected a token") as error:
        run("faces", "--host", host)
    assert "--token-file FILE" in str(error.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "expected at least 16 characters, got 0"),
        (b"short\n", "expected at least 16 characters, got 5"),
        (b"two words in it!!", "without spaces"),
        (b"\xff" * 20, "cannot be read"),
    ],
)
def test_token_files_that_hold_none(content, said, tmp_path):
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        run("faces", "--token-file", file)
    with pytest.raises(ConfigError, match="cannot be read"):
        run("faces", "--token-file", tmp_path / "missing")


def test_token_of_the_environment_is_checked_too(monkeypatch):
    monkeypatch.setenv("EMOCLASS_TOKEN", "short")
    with pytest.raises(ConfigError, match="environment variable EMOCLASS_TOKEN: expected at least 16"):
        run("faces")


def test_wrong_options():
    for arguments, said in (
        ([], "Missing argument"),
        (["faces", "--tls-cert", "c"], "expected both, got one"),
        (["faces", "--allow-origin", "example.org"], "expected an origin such as"),
        (["faces", "--allow-host", "https://example.org/"], "expected a name without scheme and port"),
        (["faces", "--allow-host", "example.org:8000"], "expected a name without scheme and port"),
        (["faces", "--workers", "0"], "--workers"),
        (["faces", "--port", "70000"], "--port"),
    ):
        result = run(*arguments)
        assert result.exit_code == 2
        assert said in result.output


def test_wrong_models():
    with pytest.raises(BundleError):
        run("no/such/run", "--port", 0)
    with pytest.raises(ConfigError, match="expected different names"):
        run("faces", "faces", "--port", 0)
    with pytest.raises(ConfigError, match="expected a name before '='"):
        run("=faces", "--port", 0)


def test_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr("emoclass.cli.serve.find_spec", lambda name: None)
    with pytest.raises(MissingPackageError) as error:
        run("faces")
    assert 'pip install "emoclass[serve]"' in str(error.value)


def test_missing_package_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr("emoclass.cli.serve.find_spec", lambda name: None)
    with pytest.raises(SystemExit) as ended:
        main(["serve", "faces"])
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="needs the signals of Unix")
def test_service_from_its_start_to_its_end(tmp_path):
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    command = [sys.executable, "-m", "emoclass", "serve", "faces", "--port", "0", "--token-file", tmp_path / "token",
               "--workers", "1"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        try:
            address = re.match(r"Serving at (http://127\.0\.0\.1:\d+/) \(Ctrl-C", process.stdout.readline())[1]
            with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
                assert "<html" in client.get("/").text
                assert client.get("/v1/models").status_code == 401
                client.headers["authorization"] = f"Bearer {TOKEN}"
                assert client.get("/v1/models").json()[0]["name"] == "faces"
                process.send_signal(signal.SIGHUP)
                log = ""
                while "reloaded: faces" not in log:
                    line = process.stderr.readline()
                    assert line, log
                    log += line
                assert client.get("/readyz").status_code == 200
        finally:
            process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0
    assert err.endswith("Stopped.\n") and "Traceback" not in log + err
    assert TOKEN not in log + err + out
